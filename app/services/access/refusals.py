"""Refusals of the token endpoint: problems that carry RFC 6749's `error` as well.

One class for each of the standard's causes. The words say nothing that depends on whether an account
exists, is locked or is disabled.
"""

from typing import ClassVar

from app.core.errors import FieldError, Problem

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenProblem(Problem):
    """A refusal in the form that RFC 6749 (5.2) and RFC 9457 both understand."""

    status = 400
    error: ClassVar[str]

    def __init__(
        self,
        detail_zh: str | None = None,
        detail_en: str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        challenge: str | None = None,
    ) -> None:
        headers = {**NO_STORE, **({"WWW-Authenticate": challenge} if challenge else {})}
        super().__init__(detail_zh, detail_en, errors=errors, headers=headers)
        self.extra = {"error": self.error, "error_description": self.detail_en}


class InvalidRequest(TokenProblem):
    """A parameter is missing or malformed, or the body is no form."""

    code, error = "invalid_request", "invalid_request"
    title_zh, title_en = "登录请求格式有误", "The token request is malformed"


class WrongSignIn(TokenProblem):
    """No such account, wrong password, locked or disabled: the four look the same."""

    code, error = "invalid_grant", "invalid_grant"
    title_zh = "账号或密码不正确；连续输错 5 次将锁定 15 分钟"
    title_en = "Wrong user name or password; 5 failures in a row lock the account for 15 minutes"


class WrongRefresh(TokenProblem):
    """The refresh token is unknown, used, expired or revoked: the four look the same."""

    code, error = "invalid_grant", "invalid_grant"
    title_zh, title_en = "登录已失效，请重新登录", "The session has ended, sign in again"


class WrongClient(TokenProblem):
    """The client's key or secret is wrong, expired or revoked."""

    status = 401
    code, error = "invalid_client", "invalid_client"
    title_zh, title_en = "接口令牌无效、已过期或已吊销", "The client's credentials are not valid"

    def __init__(self) -> None:
        super().__init__(challenge='Basic realm="wangge"')


class UnauthorizedClient(TokenProblem):
    """The client's secret is right, but the call comes from outside its networks."""

    code, error = "unauthorized_client", "unauthorized_client"
    title_zh = "来源地址不在该接入方登记的网络内"
    title_en = "The call comes from outside the networks of this client"


class InvalidScope(TokenProblem):
    """A scope was asked for that the client's token does not have."""

    code, error = "invalid_scope", "invalid_scope"
    title_zh, title_en = "所请求的 scope 超出该令牌的范围", "A scope lies outside those of the token"


class UnsupportedGrant(TokenProblem):
    """`grant_type` is none of those that this server knows."""

    code, error = "unsupported_grant_type", "unsupported_grant_type"
    title_zh = "不支持的 grant_type，只能是 password、refresh_token 或 client_credentials"
    title_en = "grant_type must be password, refresh_token or client_credentials"


REFUSALS: tuple[type[TokenProblem], ...] = (
    InvalidRequest,
    WrongSignIn,
    WrongRefresh,
    WrongClient,
    UnauthorizedClient,
    InvalidScope,
    UnsupportedGrant,
)
