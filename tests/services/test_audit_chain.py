"""The audit chain: what is sealed cannot be changed, taken away or slipped in without being found."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from typer.testing import CliRunner, Result

from app.cli import cli
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.platform import AuditLink
from app.runtime.failures import CommandFailed
from app.services.platform import audit, audit_chain
from app.services.platform.audit_chain import BATCH, Broken, Head
from tests.support.database import Database
from tests.support.settings import SECRET

VAULT = Vault(SECRET)
# What somebody can do who owns the tables: the application's own role is refused anyway.
UNLOCK = "ALTER TABLE {0} DISABLE TRIGGER {0}_append_only"
TAMPERINGS = {
    "row_changed": (
        UNLOCK.format("audit_log"),
        "UPDATE audit_log SET action = 'nothing.happened' WHERE id = :id",
    ),
    "row_missing": (
        UNLOCK.format("audit_log"),
        "DELETE FROM audit_log WHERE id = :id",
    ),
    "link_missing": (UNLOCK.format("audit_link"), "DELETE FROM audit_link WHERE audit_id = :id"),
}


async def write(sessions: Sessions, count: int) -> list[UUID]:
    """Audit rows, one transaction each; their ids in order."""
    found = [uuid7() for _ in range(count)]
    for entity_id in found:
        async with transaction(sessions) as session:
            await audit.record(
                session,
                action="account.change",
                entity="account",
                entity_id=entity_id,
                actor_id=uuid7(),
                data={"fields": ["电话"], "ratio": 0.5, "none": None},
            )
    async with sessions() as session:
        rows = await session.execute(text("SELECT id FROM audit_log ORDER BY id"))
        return [row.id for row in rows][-count:]


async def test_what_was_sealed_is_found_whole_and_the_rest_is_counted(
    sessions: Sessions, session: AsyncSession
) -> None:
    await write(sessions, 3)
    sealed = await audit_chain.seal(sessions, vault=VAULT)
    assert sealed >= 3
    await write(sessions, 2)
    verdict = await audit_chain.verify(session, vault=VAULT)
    assert (verdict.head.seq, verdict.pending, verdict.broken) == (sealed, 2, None)
    assert await audit_chain.seal(sessions, vault=VAULT) == 2
    assert await audit_chain.seal(sessions, vault=VAULT) == 0


async def test_more_rows_than_a_batch_are_all_sealed(sessions: Sessions, session: AsyncSession) -> None:
    await session.execute(
        text(
            "INSERT INTO audit_log (id, at, action, entity, data) "
            "SELECT uuidv7(), now(), 'x', 'x', '{}' FROM generate_series(1, :count)"
        ),
        {"count": 2 * BATCH + 1},
    )
    await session.commit()
    assert await audit_chain.seal(sessions, vault=VAULT) >= 2 * BATCH + 1
    assert (await audit_chain.verify(session, vault=VAULT)).broken is None


@pytest.mark.commits
async def test_a_row_that_commits_after_later_ones_were_sealed_is_sealed_too(sessions: Sessions) -> None:
    async with sessions() as late:
        await audit.record(late, action="x", entity="x", entity_id=None, actor_id=None)
        await write(sessions, 1)
        await audit_chain.seal(sessions, vault=VAULT)
        await late.commit()
    assert await audit_chain.seal(sessions, vault=VAULT) == 1
    async with sessions() as session:
        assert (await audit_chain.verify(session, vault=VAULT)).broken is None


@pytest.mark.commits
async def test_two_workers_at_once_make_one_chain(sessions: Sessions) -> None:
    await write(sessions, 20)
    sealed = await asyncio.gather(*(audit_chain.seal(sessions, vault=VAULT) for _ in range(4)))
    async with sessions() as session:
        verdict = await audit_chain.verify(session, vault=VAULT)
    assert (verdict.head.seq, verdict.broken) == (sum(sealed), None)


@pytest.mark.commits
@pytest.mark.parametrize("fault", TAMPERINGS)
async def test_the_first_broken_row_is_named(sessions: Sessions, database: Database, fault: str) -> None:
    ids = await write(sessions, 5)
    await audit_chain.seal(sessions, vault=VAULT)
    await as_owner(database, *TAMPERINGS[fault], id=ids[3])
    await as_owner(database, *TAMPERINGS[fault], id=ids[1])
    async with sessions() as session:
        seq = await session.scalar(select(AuditLink.seq).where(AuditLink.audit_id == ids[0]))
        assert seq is not None
        verdict = await audit_chain.verify(session, vault=VAULT)
    named = None if fault == "link_missing" else ids[1]
    assert verdict.broken == Broken(seq + 1, named, fault)


@pytest.mark.commits
async def test_the_command_tells_the_head_and_exits_with_one_on_a_broken_row(
    sessions: Sessions, database: Database
) -> None:
    ids = await write(sessions, 2)
    variables = {"WANGGE_DATABASE_URL": database.url, "WANGGE_SECRET_KEY": SECRET}

    async def verify(*words: str) -> Result:
        runner = CliRunner(env=variables)
        return await asyncio.to_thread(runner.invoke, cli, ["audit", *words])

    assert (await verify("seal")).exit_code == 0
    whole = await verify("verify")
    assert whole.exit_code == 0, whole.output
    head = whole.output.strip().rpartition("：")[2]
    assert (await verify("verify", "--head", head)).exit_code == 0
    await as_owner(database, *TAMPERINGS["row_changed"], id=ids[0])
    broken = await verify("verify")
    assert broken.exit_code == 1
    assert isinstance(broken.exception, CommandFailed)
    assert str(ids[0]) in str(broken.exception)


async def test_a_row_that_was_taken_off_the_list_is_found(sessions: Sessions, session: AsyncSession) -> None:
    await audit_chain.seal(sessions, vault=VAULT)
    [hidden] = await write(sessions, 1)
    await session.execute(text("DELETE FROM audit_pending WHERE audit_id = :id"), {"id": hidden})
    verdict = await audit_chain.verify(session, vault=VAULT)
    assert verdict.broken == Broken(None, hidden, "row_not_sealed")


async def test_a_chain_made_anew_without_the_secret_does_not_fit(
    sessions: Sessions, session: AsyncSession
) -> None:
    ids = await write(sessions, 3)
    forger = Vault("another secret of thirty-two characters")
    await audit_chain.seal(sessions, vault=forger)
    broken = (await audit_chain.verify(session, vault=VAULT)).broken
    assert broken is not None
    assert broken.fault == "key_unknown"
    assert broken.audit_id is not None
    assert broken.audit_id <= ids[0]


async def test_a_noted_head_shows_a_chain_that_was_cut_or_made_anew(
    sessions: Sessions, session: AsyncSession
) -> None:
    await write(sessions, 2)
    await audit_chain.seal(sessions, vault=VAULT)
    head = (await audit_chain.verify(session, vault=VAULT)).head
    assert (await audit_chain.verify(session, vault=VAULT, noted=head)).broken is None
    for noted, fault in (
        (Head(head.seq + 1, head.digest), "cut_off"),
        (Head(head.seq, bytes(32)), "rewritten"),
    ):
        broken = (await audit_chain.verify(session, vault=VAULT, noted=noted)).broken
        assert broken is not None
        assert broken.fault == fault


async def test_rows_sealed_with_a_retired_secret_still_verify(
    sessions: Sessions, session: AsyncSession
) -> None:
    await write(sessions, 2)
    await audit_chain.seal(sessions, vault=VAULT)
    await write(sessions, 2)
    rotated = Vault("the next secret, of thirty-two characters", SECRET)
    await audit_chain.seal(sessions, vault=rotated)
    assert (await audit_chain.verify(session, vault=rotated)).broken is None


async def as_owner(database: Database, *statements: str, id: UUID) -> None:  # noqa: A002 - the column's name
    """Run statements as the owner of the tables, and commit them."""
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), {"id": id} if ":id" in statement else {})
    await engine.dispose()
