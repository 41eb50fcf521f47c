"""Sign-in, sign-out, one's own password, and who one is.

The token endpoint follows RFC 6749 and 7009. None of these honours an idempotency key: they show secrets,
or may be repeated anyway.
"""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.api import third_parties
from app.api.actors import SignedIn, SignedInApart
from app.api.app_version import AppVersion
from app.api.documented import refusals
from app.api.origin import Origin, RequestOrigin
from app.api.parts import Configured, Keyring, Opener
from app.api.ratelimit import TooManyRequests
from app.api.sessions import Session
from app.api.token_route import TokenRoute, basic_credentials
from app.api.vault import AppVault
from app.schemas.auth import MeRead, PasswordChange, RevokeForm, TokenForm, TokenRead
from app.services.access import grants, own_password, whoami
from app.services.access.grants import TokenRequest
from app.services.access.refusals import REFUSALS, InvalidRequest

tokens = APIRouter(prefix="/v1/auth", tags=["auth"], route_class=TokenRoute)
router = APIRouter(tags=["auth"])


@tokens.post(
    "/token",
    summary="登录、换取令牌",
    operation_id="token_issue",
    response_model_exclude_none=True,
    responses=refusals(*REFUSALS, TooManyRequests),
)
async def token_issue(
    request: Request,
    opener: Opener,
    vault: AppVault,
    keyring: Keyring,
    settings: Configured,
    origin: RequestOrigin,
    form: Annotated[TokenForm, Form()],
    app_version: AppVersion = None,
) -> TokenRead:
    """Tokens for user name (or mobile number) and password, for a refresh token, or for a client's secret."""
    asked = _asked(form, basic_credentials(request), origin, app_version)
    admit = partial(third_parties.admit, request)
    issued = await grants.grant(
        opener, asked=asked, admit=admit, vault=vault, keyring=keyring, settings=settings
    )
    return TokenRead.model_validate(issued)


@tokens.post("/revoke", summary="退出登录", operation_id="token_revoke")
async def token_revoke(opener: Opener, keyring: Keyring, form: Annotated[RevokeForm, Form()]) -> Response:
    """End the session of a refresh or access token, or stop an API token; 200 whatever the token was."""
    await grants.revoke(opener, token=form.token, keyring=keyring)
    return Response()


@router.post("/v1/auth/password", status_code=204, summary="修改自己的密码", operation_id="password_change")
async def password_change(opener: Opener, actor: SignedInApart, body: PasswordChange) -> None:
    """Change one's own password, the initial one included; all other sessions end."""
    await own_password.change(opener, actor=actor, current=body.current_password, new=body.new_password)


@router.get("/v1/me", summary="我是谁", operation_id="me_read")
async def me_read(session: Session, actor: SignedIn) -> MeRead:
    """The caller's name, roles and present posts; or a third party's name and scopes."""
    return await whoami.describe(session, actor=actor)


def _asked(
    form: TokenForm,
    basic: tuple[str, str] | None,
    origin: Origin,
    app_version: str | None,
) -> TokenRequest:
    if basic and form.client_secret:
        raise InvalidRequest("只能用一种方式提交密钥", "The client authenticates in more than one way")
    client_id, secret = basic or (form.client_id, form.client_secret)
    return TokenRequest(
        grant_type=form.grant_type,
        username=form.username,
        password=form.password,
        refresh_token=form.refresh_token,
        attempt=form.attempt,
        client_id=client_id,
        client_secret=secret,
        scope=form.scope,
        user_agent=origin.device,
        app_version=app_version,
    )


router.include_router(tokens)
