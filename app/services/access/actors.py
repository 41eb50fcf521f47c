"""From a bearer token to an `Actor`, in one statement.

A person's token names a session; a third party's is `wg_<key>.<secret>` itself, or a short one that names
the key. Sessions, accounts, posts and tokens are read anew at every request, so that a revoked session or
an ended post counts at once. Issuing tokens is not done here.
"""

import hmac
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import hash_token
from app.core.db import fetch_one
from app.core.errors import Unauthenticated
from app.models.access import Account
from app.models.enums import AreaLevel, Role
from app.services.access.keyring import Keyring
from app.services.access.roles import ROLES, TOKEN_SCOPES
from app.services.platform.actor import Actor, Grant, ScopeKind

TOKEN_PREFIX = "wg_"  # noqa: S105 - what every such token begins with
KEY_CLAIM = "key"

_POSTS = """
    (SELECT json_agg(json_build_array(post.role, area.id, area.level, post.org_id))
       FROM post
       LEFT JOIN org ON org.id = post.org_id
       LEFT JOIN area ON area.id = coalesce(post.area_id, org.area_id)
      WHERE post.member_id = account.member_id AND post.valid_from <= $2
        AND (post.valid_to IS NULL OR post.valid_to > $2)) AS posts
    """
_PERSON = f"""
    SELECT account.id AS account_id, account.member_id, account.must_change_password,
        {_POSTS}
    FROM auth_session
    JOIN account ON account.id = auth_session.account_id
    JOIN member ON member.id = account.member_id
    WHERE auth_session.id = $1 AND auth_session.revoked_at IS NULL
      AND auth_session.expires_at > $2 AND account.status = 'active'
      AND (member.ended_at IS NULL OR member.ended_at > $2)
    """  # noqa: S608 - made of this module's own texts
_MEMBER = f"""
    SELECT account.id AS account_id, account.member_id,
        {_POSTS}
    FROM account
    JOIN member ON member.id = account.member_id
    WHERE member.id = $1 AND account.status = 'active'
      AND (member.ended_at IS NULL OR member.ended_at > $2)
    """  # noqa: S608 - made of this module's own texts
_CLIENT = """
    SELECT api_client.id AS client_id, api_client.org_id, api_token.secret_hash, api_token.scopes,
        area.id AS area_id, area.level
    FROM api_token
    JOIN api_client ON api_client.id = api_token.client_id
    JOIN area ON area.id = api_token.area_id
    WHERE api_token.key = $1 AND api_token.revoked_at IS NULL
      AND api_token.expires_at > $2 AND api_client.status = 'active'
    """


async def resolve(session: AsyncSession, *, token: str, keyring: Keyring) -> Actor:
    """Who holds this token now; `Unauthenticated` when nobody does any more."""
    if token.startswith(TOKEN_PREFIX):
        key, secret = split(token)
        return await _client(session, key, hash_token(secret))
    claims = await keyring.verify(session, token)
    if KEY_CLAIM in claims:
        return await _client(session, str(claims[KEY_CLAIM]), None)
    return await _person(session, _uuid(claims.get("sid")))


async def of_member(session: AsyncSession, member_id: UUID) -> Actor | None:
    """Somebody whose work is done later by the worker, with the posts held now; None who may not any more."""
    row = await fetch_one(session, _MEMBER, member_id, clock.now())
    if row is None:
        return None
    grants = tuple(_grant(post) for post in row["posts"] or ())
    return Actor(id=member_id, grants=grants, account_id=row["account_id"], member_id=member_id)


async def of_username(session: AsyncSession, username: str) -> Actor | None:
    """Somebody in whose name an operator works at the command line; None for who may not work."""
    member_id = await session.scalar(select(Account.member_id).where(Account.username == username))
    return await of_member(session, member_id) if member_id else None


def split(token: str) -> tuple[str, str]:
    """Key and secret of a third party's token; texts that no such token has become empty ones."""
    key, _, secret = token.removeprefix(TOKEN_PREFIX).partition(".")
    return (key, secret) if token.isascii() and token.isprintable() else ("", "")


async def _person(session: AsyncSession, session_id: UUID) -> Actor:
    row = await fetch_one(session, _PERSON, session_id, clock.now())
    if row is None:
        raise Unauthenticated("登录已失效，请重新登录", "The session has ended, sign in again")
    return Actor(
        id=row["member_id"],
        grants=tuple(_grant(post) for post in row["posts"] or ()),
        account_id=row["account_id"],
        session_id=session_id,
        member_id=row["member_id"],
        must_change_password=row["must_change_password"],
    )


async def _client(session: AsyncSession, key: str, secret_hash: bytes | None) -> Actor:
    """The third party of a key; without a hash, a token of ours has vouched for the secret."""
    row = await fetch_one(session, _CLIENT, key, clock.now())
    if row is None or not hmac.compare_digest(row["secret_hash"], secret_hash or row["secret_hash"]):
        raise Unauthenticated("接口令牌无效、已过期或已吊销", "The API token is not valid any more")
    datasets = frozenset[Any]().union(*(TOKEN_SCOPES.get(scope, ()) for scope in row["scopes"]))
    # An organisation's own system does what the people there who handle do, on what they have.
    role, kind = (Role.DEPT_HANDLER, ScopeKind.ORG) if row["org_id"] else (Role.API_CLIENT, ScopeKind.AREA)
    grant = Grant(role, kind, datasets, row["area_id"], AreaLevel(row["level"]), row["org_id"])
    return Actor(
        id=row["client_id"],
        grants=(grant,),
        client_id=row["client_id"],
        token_scopes=frozenset(row["scopes"]),
    )


def _grant(post: tuple[str, str | None, str | None, str | None]) -> Grant:
    role, area_id, level, org_id = post
    spec = ROLES[Role(role)]
    return Grant(
        Role(role),
        spec.kind,
        spec.datasets,
        UUID(area_id) if area_id else None,
        AreaLevel(level) if level else None,
        UUID(org_id) if org_id else None,
    )


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as broken:
        raise Unauthenticated from broken
