"""From a bearer token to an `Actor`, in one statement.

A person's token names a session; a third party's is `wg_<key>.<secret>` itself, or a short one that names
the key. Sessions, accounts, posts and tokens are read anew at every request, so that a revoked session or
an ended post counts at once. Issuing tokens is not done here.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import hash_token
from app.core.db import fetch_one
from app.core.errors import Forbidden, Unauthenticated
from app.models.access import Account
from app.models.enums import AreaLevel, Role
from app.services.access.keyring import Keyring
from app.services.access.roles import ROLES, TOKEN_SCOPES
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind, Terms

TOKEN_PREFIX = "wg_"  # noqa: S105 - what every such token begins with
KEY_CLAIM, MARK_CLAIM = "key", "mark"

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
# What a token needs to work, whoever asks: it, its client, and the areas that the client stays within.
WORKS = """
    api_token.revoked_at IS NULL AND api_token.expires_at > {now}
    AND api_client.status = 'active' AND api_client.expires_at > {now}
    AND (NOT EXISTS (SELECT FROM api_client_area AS bound WHERE bound.client_id = api_client.id)
         OR EXISTS (SELECT FROM api_client_area AS bound
             WHERE bound.client_id = api_client.id AND bound.area_id = ANY(area.path)))
    """
_CLIENT = f"""
    SELECT api_client.id AS client_id, api_client.org_id, api_client.scopes AS bounds, api_client.fields,
        api_client.networks, api_client.per_minute, api_client.per_day, api_token.id AS token_id,
        api_token.scopes, api_token.secret_hash, area.id AS area_id, area.level,
        CASE WHEN api_token.former_until > $2 THEN api_token.former_secret_hash END AS former_hash
    FROM api_token
    JOIN api_client ON api_client.id = api_token.client_id
    JOIN area ON area.id = api_token.area_id
    WHERE api_token.key = $1 AND {WORKS.format(now="$2")}
    """  # noqa: S608 - made of this module's own texts
_WORKING = f"""
    SELECT api_token.id
    FROM api_token
    JOIN api_client ON api_client.id = api_token.client_id
    JOIN area ON area.id = api_token.area_id
    WHERE api_token.id = $1 AND {WORKS.format(now="$2")}
    """  # noqa: S608 - made of this module's own texts


class AddressRefused(Forbidden):
    """A third party's call from outside the networks that it named."""

    code = "address_refused"
    title_zh = "来源地址不在该接入方登记的网络内"
    title_en = "The call comes from outside the networks of this client"


async def resolve(session: AsyncSession, *, token: str, keyring: Keyring) -> Actor:
    """Who holds this token now; `Unauthenticated` when nobody does any more."""
    if token.startswith(TOKEN_PREFIX):
        key, secret = split(token)
        return await _client(session, key, mark_of(hash_token(secret)))
    claims = await keyring.verify(session, token)
    if KEY_CLAIM in claims:
        actor = await _client(session, str(claims[KEY_CLAIM]), str(claims.get(MARK_CLAIM)))
        return narrowed(actor, actor.token_scopes.intersection(str(claims.get("scope")).split()))
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


async def works(session: AsyncSession, token_id: UUID) -> bool:
    """Whether a third party's token works now, for what was given out by it before."""
    return await fetch_one(session, _WORKING, token_id, clock.now()) is not None


def narrowed(actor: Actor, scopes: Iterable[str]) -> Actor:
    """A third party with these scopes alone, and the datasets that they open."""
    datasets = frozenset[Dataset]().union(*(TOKEN_SCOPES.get(scope, ()) for scope in scopes))
    grants = tuple(replace(grant, datasets=datasets) for grant in actor.grants)
    return replace(actor, grants=grants, token_scopes=frozenset(scopes))


def mark_of(secret_hash: bytes) -> str:
    """What tells a secret of a key from another one, and nothing about either."""
    return secret_hash.hex()


def require_origin(actor: Actor, address: str | None) -> None:
    """`AddressRefused` for a third party that calls from where it may not."""
    networks = actor.terms.networks if actor.terms else ()
    if networks and not _within(address, networks):
        raise AddressRefused


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


async def _client(session: AsyncSession, key: str, mark: str) -> Actor:
    """The third party of a key, for who knows its secret or the former one: by the mark of either."""
    row = await fetch_one(session, _CLIENT, key, clock.now())
    kept = [row[name] for name in ("secret_hash", "former_hash") if row[name]] if row else []
    if row is None or not any(hmac.compare_digest(mark_of(one), mark) for one in kept):
        raise Unauthenticated("接口令牌无效、已过期或已吊销", "The API token is not valid any more")
    bounds = frozenset(row["bounds"] or row["scopes"])
    # An organisation's own system does what the people there who handle do, on what they have.
    role, kind = (Role.DEPT_HANDLER, ScopeKind.ORG) if row["org_id"] else (Role.API_CLIENT, ScopeKind.AREA)
    grant = Grant(role, kind, frozenset(), row["area_id"], AreaLevel(row["level"]), row["org_id"])
    actor = Actor(
        id=row["client_id"],
        grants=(grant,),
        client_id=row["client_id"],
        terms=Terms(
            row["token_id"],
            frozenset(row["fields"]),
            tuple(row["networks"]),
            row["per_minute"],
            row["per_day"],
        ),
    )
    return narrowed(actor, bounds.intersection(row["scopes"]))


def _within(address: str | None, networks: Sequence[str]) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return any(plain in ip_network(network) for network in networks)


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
