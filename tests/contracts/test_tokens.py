"""Tokens that are not ours, not any more, or not for this: always 401, and the right ones still work."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from jose import jwt
from jose.utils import base64url_encode
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.jwt import new_private_key, public_jwk
from app.models.access import Account, ApiClient, ApiToken, AuthSession, SigningKey
from app.models.staff import Post
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import KEY_ID, World, claims_of, sign, signing_key

GUARDED = "/v1/tickets"
WHO = "dispatcher"
ISSUED = {"iss": "wangge"}


def public_pem() -> bytes:
    """Our public key as anybody can know it."""
    private = serialization.load_pem_private_key(signing_key().encode(), None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.PEM, form)


def unsigned(claims: dict[str, Any], algorithm: str, signature: str = "") -> str:
    """A token put together by hand."""
    header = {"alg": algorithm, "typ": "JWT", "kid": KEY_ID}
    parts = (base64url_encode(json.dumps(part).encode()).decode() for part in (header, claims))
    return ".".join((*parts, signature))


def hmac_with(secret: bytes, claims: dict[str, Any]) -> str:
    """HS256 with our public key as the secret; by hand, because python-jose refuses to."""
    message = unsigned(claims, "HS256").removesuffix(".")
    return f"{message}.{base64url_encode(hmac.digest(secret, message.encode(), 'sha256')).decode()}"


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    """The header for a token that may hold anything."""
    return [(b"Authorization", b"Bearer " + token.encode())]


def forged(world: World) -> dict[str, str]:
    """Tokens that somebody else could make."""
    claims = ISSUED | claims_of(world[WHO])
    own, stranger = signing_key(), new_private_key()
    right = world.token(WHO)
    head, body, signature = right.split(".")
    other = base64url_encode(json.dumps(claims | {"sid": str(world["system_admin"].session_id)}).encode())
    return {
        "alg none": unsigned(claims, "none"),
        "alg None": unsigned(claims, "None"),
        "no alg that exists": unsigned(claims, "ES999", signature),
        "another key under our id": jwt.encode(claims, stranger, "ES256", headers={"kid": KEY_ID}),
        "another key under its own id": jwt.encode(claims, stranger, "ES256", headers={"kid": "theirs"}),
        "another key that comes along": jwt.encode(
            claims, stranger, "ES256", headers={"kid": KEY_ID, "jwk": public_jwk(stranger, KEY_ID)}
        ),
        "HS256 with the public key": hmac_with(public_pem(), claims),
        "HS256 with the public JWK": hmac_with(json.dumps(public_jwk(own, KEY_ID)).encode(), claims),
        "HS256 with nothing": hmac_with(b"", claims),
        "no key id": jwt.encode(claims, own, "ES256"),
        "a number as key id": jwt.encode(claims, own, "ES256", headers={"kid": 7}),
        "a NUL in the key id": jwt.encode(claims, own, "ES256", headers={"kid": "\x00"}),
        "other claims under this signature": f"{head}.{other.decode()}.{signature}",
        "no signature": f"{head}.{body}.",
        "a cut signature": right[:-8],
        "a signature with signs that base64 passes over": f"{right[:-8]}$$$${right[-8:]}",
        "a signature with padding": f"{right}==",
        "a signature whose spare bits differ": right[:-1] + chr(ord(right[-1]) + 1),
        "two parts": f"{head}.{body}",
    }


def ours_but_unfit(world: World) -> dict[str, str]:
    """Tokens that our key did sign, and that still open nothing."""
    claims = claims_of(world[WHO])
    return {
        "expired": sign(claims_of(world[WHO], minutes=-0.1)),
        "expired long ago": sign(claims | {"exp": 1}),
        "without an end": sign({name: claims[name] for name in ("sub", "sid")}),
        "with an end that is no time": sign(claims | {"exp": "never"}),
        "without a session": sign({name: claims[name] for name in ("sub", "exp")}),
        "of a session that never was": sign(claims | {"sid": "0190b0a0-0000-7000-8000-000000000000"}),
        "of a session that is no id": sign(claims | {"sid": "' OR 1=1 --"}),
        "of nobody": sign({name: claims[name] for name in ("sid", "exp")}),
        "of another issuer": jwt.encode(claims, signing_key(), "ES256", headers={"kid": KEY_ID}),
        "of a disabled account": world.token("disabled"),
    }


def garbage(world: World) -> dict[str, str]:
    """What is no token at all."""
    key, secret = world.client.key, world.client.secret
    return {
        "a word": "x",
        "dots": "..",
        "three words": "a.b.c",
        "very long": "a" * 60_000,
        "a header that is a list": base64.urlsafe_b64encode(b"[1]").decode() + ".e30.x",
        "a header that is no UTF-8": base64.urlsafe_b64encode(b"\xff\xfe").decode() + ".e30.x",
        "API token: wrong secret": f"wg_{key}.{secret}x",
        "API token: no secret": f"wg_{key}.",
        "API token: no dot": f"wg_{key}{secret}",
        "API token: unknown key": f"wg_nobody.{secret}",
        "API token: only the prefix": "wg_",
        "API token: no ASCII": "wg_钥匙.密码",
        "API token: with a NUL": f"wg_{key}\x00.{secret}",
    }


async def test_the_right_token_works(api: Api) -> None:
    assert (await api.as_(WHO).get(GUARDED)).status_code == 200
    assert (await api.as_("api_client").get(GUARDED)).status_code == 200


@pytest.mark.parametrize("make", [forged, ours_but_unfit, garbage])
async def test_no_other_token_does(api: Api, world: World, make: Any) -> None:
    for name, token in make(world).items():
        reply = await api.get(GUARDED, headers=bearer(token))
        assert reply.status_code == 401, name
        problem_in(reply, 401, "unauthenticated")
        assert reply.headers["www-authenticate"].startswith("Bearer"), name


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "bearer", "Token x", "\xff\xfe"])
async def test_no_other_header_does(api: Api, header: str) -> None:
    reply = await api.get(GUARDED, headers=[(b"Authorization", header.encode("latin-1"))])
    problem_in(reply, 401, "unauthenticated")


async def test_a_forged_token_costs_no_statement_once_the_keys_are_known(
    api: Api, world: World, statements: Counter
) -> None:
    for name, token in forged(world).items():
        if "kid" not in name:
            with statements(at_most=1):
                await api.get(GUARDED, headers=bearer(token))


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (AuthSession, {"revoked_at": clock.now(), "revoked_reason": "signed_out"}),
        (AuthSession, {"expires_at": clock.now() - timedelta(seconds=1)}),
        (Account, {"status": "disabled"}),
    ],
    ids=["session revoked", "session expired", "account disabled"],
)
async def test_a_token_ends_with_its_session_or_account_at_once(
    api: Api, session: AsyncSession, world: World, table: Any, values: dict[str, Any]
) -> None:
    client = api.as_(WHO)
    assert (await client.get(GUARDED)).status_code == 200
    whose = world[WHO].session_id if table is AuthSession else world[WHO].account_id
    await session.execute(update(table).where(table.id == whose).values(values))
    problem_in(await client.get(GUARDED), 401, "unauthenticated")
    assert (await api.as_("dispatcher_2").get(GUARDED)).status_code == 200


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (ApiToken, {"revoked_at": clock.now()}),
        (ApiToken, {"expires_at": clock.now() - timedelta(seconds=1)}),
        (ApiClient, {"status": "disabled"}),
    ],
    ids=["token revoked", "token expired", "client disabled"],
)
async def test_an_api_token_ends_at_once(
    api: Api, session: AsyncSession, world: World, table: Any, values: dict[str, Any]
) -> None:
    whose = world.client.token_id if table is ApiToken else world.client.id
    await session.execute(update(table).where(table.id == whose).values(values))
    problem_in(await api.as_("api_client").get(GUARDED), 401, "unauthenticated")


async def test_a_post_that_has_ended_opens_nothing_from_then_on(
    api: Api, session: AsyncSession, world: World
) -> None:
    client = api.as_(WHO)
    assert (await client.get(GUARDED)).status_code == 200
    await session.execute(
        update(Post).where(Post.id == world[WHO].post_id).values(valid_to=clock.now() - timedelta(seconds=1))
    )
    problem_in(await client.get(GUARDED), 403, "forbidden")


async def test_a_key_rotation_lets_the_older_tokens_work_until_they_end(
    api: Api, app: FastAPI, session: AsyncSession, world: World
) -> None:
    old = sign(claims_of(world[WHO], minutes=58))
    await app.state.keyring.rotate(session)
    new = await app.state.keyring.sign(session, claims_of(world[WHO]))
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    for token in (old, new):
        reply = await api.get(GUARDED, headers=bearer(token))
        assert reply.status_code == 200


async def test_a_key_that_is_no_longer_published_signs_nothing_that_counts(
    api: Api, app: FastAPI, session: AsyncSession, world: World
) -> None:
    longer_than_any_token = clock.now() - timedelta(hours=3)
    await session.execute(update(SigningKey).values(signs_until=longer_than_any_token))
    await app.state.keyring.published(session)
    fresh = sign(claims_of(world[WHO], minutes=59))
    reply = await api.get(GUARDED, headers=bearer(fresh))
    problem_in(reply, 401, "unauthenticated")
