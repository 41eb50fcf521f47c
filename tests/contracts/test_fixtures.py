"""What the fixtures promise to every other test: nothing stays, marked commits are real, tokens work."""

import pytest
from fastapi import FastAPI
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import Unauthenticated
from app.models.enums import Role
from app.models.platform import Heartbeat
from app.services.access import actors
from tests.support.database import APP
from tests.support.statements import Counter
from tests.support.world import CALLERS, World


@pytest.mark.parametrize("turn", [1, 2])
async def test_what_one_test_commits_the_next_does_not_see(sessions: Sessions, turn: int) -> None:
    async with transaction(sessions) as session:
        await session.execute(insert(Heartbeat).values(name=f"turn-{turn}", at=clock.now()))
    async with transaction(sessions) as session:
        assert (await session.scalars(select(Heartbeat.name))).all() == [f"turn-{turn}"]


async def test_a_failed_transaction_leaves_the_earlier_ones_of_the_test(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await session.execute(insert(Heartbeat).values(name="kept", at=clock.now()))
    with pytest.raises(IntegrityError):
        await _write_both(sessions, "lost", "kept")
    async with transaction(sessions) as session:
        assert (await session.scalars(select(Heartbeat.name))).all() == ["kept"]


@pytest.mark.commits
@pytest.mark.parametrize("turn", [1, 2])
async def test_a_marked_test_commits_for_real_in_a_database_of_its_own(sessions: Sessions, turn: int) -> None:
    async with transaction(sessions) as session:
        await session.execute(insert(Heartbeat).values(name=f"turn-{turn}", at=clock.now()))
    async with transaction(sessions) as one, transaction(sessions) as other:
        backends = {await one.scalar(text("SELECT pg_backend_pid()")) for one in (one, other)}
        assert len(backends) == 2
        for session in (one, other):
            assert (await session.scalars(select(Heartbeat.name))).all() == [f"turn-{turn}"]


async def test_the_application_is_not_the_owner_of_its_tables(session: AsyncSession) -> None:
    assert await session.scalar(text("SELECT current_user")) == APP


async def test_transaction_control_is_not_counted_and_a_failure_shows_the_statements(
    sessions: Sessions, statements: Counter
) -> None:
    with statements(at_most=2) as seen:
        async with transaction(sessions) as session:
            await session.execute(select(func.count()).select_from(Heartbeat))
            await session.execute(text("SELECT 'second'"))
    assert seen.count == 2
    with pytest.raises(AssertionError, match="SELECT 'third'"), statements(at_most=0):
        await session.execute(text("SELECT 'third'"))


async def test_everybody_of_the_world_is_recognised_by_their_token(
    session: AsyncSession, app: FastAPI, world: World, statements: Counter
) -> None:
    for key, person in world.people.items():
        if key == "disabled":
            continue
        with statements(at_most=1):
            actor = await actors.resolve(session, token=world.token(key), keyring=app.state.keyring)
        assert actor.member_id == person.member_id
        assert actor.roles == (set() if key == "former" else {person.role})
        assert actor.must_change_password is (key == "newcomer")
    with pytest.raises(Unauthenticated):
        await actors.resolve(session, token=world.token("disabled"), keyring=app.state.keyring)


async def test_the_third_party_is_recognised_by_its_token(
    session: AsyncSession, app: FastAPI, world: World
) -> None:
    actor = await actors.resolve(session, token=world.token("api_client"), keyring=app.state.keyring)
    assert actor.client_id == world.client.id
    assert actor.token_scopes == set(world.client.scopes)


def test_the_world_has_somebody_for_every_role(world: World) -> None:
    assert {person.role for person in world.people.values()} == set(CALLERS) - {Role.API_CLIENT}
    assert all(world[role].role is role for role in CALLERS if role is not Role.API_CLIENT)


async def _write_both(sessions: Sessions, *names: str) -> None:
    async with transaction(sessions) as session:
        for name in names:
            await session.execute(insert(Heartbeat).values(name=name, at=clock.now()))
