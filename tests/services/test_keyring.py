"""Signing keys: published for others, rotated without anybody noticing, never lost or half there."""

import asyncio

import pytest
from fastapi import FastAPI
from jose import jwt as jose
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import Unauthenticated
from app.models.access import SigningKey
from app.services.access.keyring import OVERLAP, SIGNER_KNOWN_FOR, Keyring
from tests.support.clients import Api
from tests.support.sign_in import tokens_of
from tests.support.waiting import until_somebody_waits
from tests.support.world import KEY_ID, World, claims_of

JWKS = "/.well-known/jwks.json"


def another_process(app: FastAPI) -> Keyring:
    """A keyring that has loaded nothing yet."""
    return Keyring(app.state.vault, key_days=90)


def kid_of(token: str) -> str:
    """The key that signed a token."""
    return str(jose.get_unverified_header(token)["kid"])


async def test_the_published_keys_are_public_and_may_be_kept_for_a_while(api: Api) -> None:
    reply = await api.get(JWKS)
    assert reply.headers["cache-control"] == "public, max-age=300"
    (key,) = reply.json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["kid"], key["alg"], key["use"]) == (KEY_ID, "ES256", "sig")


async def test_after_a_rotation_the_new_key_is_published_beside_the_old_and_signs(
    api: Api, app: FastAPI, session: AsyncSession
) -> None:
    before = (await tokens_of(api, "dispatcher"))["access_token"]
    new = await another_process(app).rotate(session)
    await session.commit()
    app.state.keyring._signer = None
    published = [key["kid"] for key in (await api.get(JWKS)).json()["keys"]]
    assert published == [new, KEY_ID]
    after = (await tokens_of(api, "dispatcher"))["access_token"]
    assert (kid_of(before), kid_of(after)) == (KEY_ID, new)
    for token in (before, after):
        assert (await api.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_a_process_learns_a_key_that_another_made_a_moment_ago(
    app: FastAPI, session: AsyncSession, world: World
) -> None:
    here, there = another_process(app), another_process(app)
    await here.published(session)
    await there.rotate(session)
    token = await there.sign(session, claims_of(world["dispatcher"]))
    assert (await here.verify(session, token))["sub"] == str(world["dispatcher"].account_id)


async def test_a_process_signs_with_a_newer_key_within_a_minute(
    app: FastAPI, session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = another_process(app), another_process(app)
    claims = claims_of(world["dispatcher"])
    assert kid_of(await here.sign(session, claims)) == KEY_ID
    new = await there.rotate(session)
    assert kid_of(await here.sign(session, claims)) == KEY_ID
    in_a_minute = clock.now() + SIGNER_KNOWN_FOR
    monkeypatch.setattr(clock, "now", lambda: in_a_minute)
    assert kid_of(await here.sign(session, claims)) == new


async def test_a_key_is_published_for_two_hours_after_its_last_signature(
    app: FastAPI, session: AsyncSession
) -> None:
    mine = another_process(app)
    for age, published in ((OVERLAP / 2, [KEY_ID]), (OVERLAP * 2, [])):
        await session.execute(update(SigningKey).values(signs_until=clock.now() - age))
        assert [key["kid"] for key in await mine.published(session)] == published


async def test_a_key_of_a_rolled_back_rotation_signs_nothing(
    app: FastAPI, sessions: Sessions, world: World
) -> None:
    mine, claims = another_process(app), claims_of(world["dispatcher"])
    async with sessions() as session:
        await session.execute(update(SigningKey).values(signs_until=clock.now()))
        lost = kid_of(await mine.sign(session, claims))
        await session.rollback()
    async with transaction(sessions) as session:
        token = await mine.sign(session, claims)
    assert kid_of(token) == KEY_ID != lost


@pytest.mark.commits
async def test_of_two_processes_that_find_no_key_one_makes_it_and_the_other_waits_for_it(
    app: FastAPI, sessions: Sessions, world: World
) -> None:
    async with transaction(sessions) as session:
        await session.execute(update(SigningKey).values(signs_until=clock.now()))

    async def sign(session: AsyncSession) -> str:
        return kid_of(await another_process(app).sign(session, claims_of(world["dispatcher"])))

    async def sign_later() -> str:
        async with transaction(sessions) as session:
            return await sign(session)

    async with transaction(sessions) as session:
        made = await sign(session)
        second = asyncio.create_task(sign_later())
        await until_somebody_waits(sessions)
    assert await second == made != KEY_ID


async def test_a_token_that_was_verified_before_still_expires(
    app: FastAPI, session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = another_process(app)
    token = await mine.sign(session, claims_of(world["dispatcher"], minutes=1))
    await mine.verify(session, token)
    later = clock.now() + SIGNER_KNOWN_FOR
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Unauthenticated):
        await mine.verify(session, token)
