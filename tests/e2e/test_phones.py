"""Phones of the field behind networks that break, thousands of operations, phones and a server that die.

At the end the network is whole again, everybody syncs, and both sides are laid beside each other: nothing
lost, nothing twice, nothing foreign.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.core.db import Sessions
from app.demo.phone import Fate
from tests.support import households
from tests.support.database import Database
from tests.support.fleet import PHONES, PROCESSES, Fleet
from tests.support.pocket import Pocket
from tests.support.served import HOST
from tests.support.waiting import until_all_have_ended
from tests.support.world import PASSWORD, World

SEED = 20_261_122
EACH = 170
HOMES = 6
PARTS = (
    *("areas", "households", "care", "transfers", "tickets", "visits", "notifications"),
    *("categories", "codes", "posts"),
)


@dataclass(frozen=True)
class Aftermath:
    """The fleet when all is over, every phone by its label, a new phone for each person, the database."""

    fleet: Fleet
    old: dict[str, Pocket]
    new: dict[str, Pocket]
    sessions: Sessions

    async def rows(self, statement: str) -> list[Any]:
        """Rows of the database."""
        async with self.sessions() as session:
            return list(await session.execute(text(statement)))

    def told(self, outcome: str, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
        """Who, and the entry, of those with this outcome (applied: by whichever push)."""
        return [
            (label.partition("/")[0], entry)
            for label, pocket in self.old.items()
            for entry, result in pocket.phone.memory.answers()
            if result["outcome"].removeprefix("already_") == outcome and entry["kind"] in kinds
        ]


@pytest.fixture
async def after(
    database: Database, sessions: Sessions, world: World, tmp_path: Path
) -> AsyncIterator[Aftermath]:
    """The storm and its end; takes most of a minute."""
    await settle_homes(sessions, world)
    print(f"seed {SEED}")  # noqa: T201 - shown when something fails
    async with Fleet(database, world, tmp_path, SEED, EACH) as fleet, AsyncExitStack() as pockets:
        await fleet.live()
        print(fleet.counts, fleet.deaths)  # noqa: T201 - the same
        url = f"http://{HOST}:{fleet.port}"
        old = {label: Pocket(fleet.file(label), url, label, PASSWORD, SEED) for label in PHONES}
        people = sorted({label.partition("/")[0] for label in PHONES})
        new = {
            who: Pocket(tmp_path / f"{who}-new.sqlite", url, f"{who}/new", PASSWORD, SEED) for who in people
        }
        for pocket in (*old.values(), *new.values()):
            await pockets.enter_async_context(pocket)
            await pocket.phone.push()
            await pocket.phone.send_photos()
        await fleet.close_the_office()
        await until_all_have_ended(sessions)
        for pocket in (*old.values(), *new.values()):
            await pocket.phone.pull()
        yield Aftermath(fleet, old, new, sessions)


async def settle_homes(sessions: Sessions, world: World) -> None:
    async with sessions() as session:
        grids = ("grid_a1", "grid_a2", "grid_b1", "grid_c1")
        for number in range(HOMES * len(grids)):
            await households.add(session, world, world.places[grids[number % len(grids)]], number + 1)


@pytest.mark.commits
async def test_nothing_is_lost_nothing_comes_twice_and_nothing_is_foreign(
    after: Aftermath, world: World
) -> None:
    the_network_did_its_worst(after)
    every_operation_has_one_answer(after)
    await the_server_remembers_the_same_answers(after)
    await what_was_reported_is_there_once_and_what_was_refused_is_not(after)
    await every_step_was_taken_once_by_whoever_was_told_so(after)
    await comments_are_there_once_and_in_the_order_of_each_phone(after)
    await visits_say_what_was_corrected_last_and_each_correction_is_recorded(after)
    await duty_begins_and_ends_as_often_as_phones_were_told(after)
    await messages_are_read_that_were_opened(after)
    await nobody_was_signed_out(after)
    await every_photo_arrived_whole_and_hangs_where_it_belongs(after)
    for label in PHONES:
        await a_phone_holds_what_a_new_one_would_and_nothing_foreign(after, world, label)


def the_network_did_its_worst(after: Aftermath) -> None:
    counts = after.fleet.counts
    assert all(counts[fate] >= 10 for fate in Fate if fate is not Fate.NO_SERVER), counts
    assert counts[Fate.NO_SERVER] > 0
    deaths = after.fleet.deaths
    assert deaths["server"] == 1
    assert deaths["dropped"] >= len(PHONES) - len(PROCESSES)
    assert deaths["killed"] >= len(PROCESSES)
    assert deaths["in an upload"] > 0
    assert after.fleet.resumed > 0, "no photo went on in its middle"


def every_operation_has_one_answer(after: Aftermath) -> None:
    for label, pocket in after.old.items():
        assert pocket.phone.memory.queue() == [], label
        answers = pocket.phone.memory.answers()
        assert len({entry["op_id"] for entry, _result in answers}) == len(answers) == EACH, label
    outcomes = Counter(
        result["outcome"] for pocket in after.old.values() for _entry, result in pocket.phone.memory.answers()
    )
    assert outcomes["applied"] + outcomes["already_applied"] > len(PHONES) * EACH / 2
    assert outcomes["already_applied"] > 0, "answers were lost and asked for again"
    assert outcomes["refused"] + outcomes["conflict"] > 0


async def the_server_remembers_the_same_answers(after: Aftermath) -> None:
    rows = await after.rows("SELECT op_id, outcome FROM sync_operation")
    kept = {str(row.op_id): row.outcome for row in rows}
    told = {
        entry["op_id"]: result["outcome"].removeprefix("already_")
        for pocket in after.old.values()
        for entry, result in pocket.phone.memory.answers()
    }
    unreadable = told.keys() - kept.keys()
    assert all(told[op_id] == "refused" for op_id in unreadable)
    assert kept == {op_id: outcome for op_id, outcome in told.items() if op_id in kept}


async def what_was_reported_is_there_once_and_what_was_refused_is_not(after: Aftermath) -> None:
    for kind, table in (("ticket.report", "ticket"), ("visit.record", "visit")):
        rows = await after.rows(f"SELECT id FROM {table}")  # noqa: S608 - the test's own
        assert Counter(str(row.id) for row in rows) == Counter(
            entry["id"] for _who, entry in after.told("applied", kind)
        )
    titles = await after.rows("SELECT title FROM ticket")
    assert Counter(row.title for row in titles) == Counter(
        entry["body"]["title"] for _who, entry in after.told("applied", "ticket.report")
    )


async def every_step_was_taken_once_by_whoever_was_told_so(after: Aftermath) -> None:
    people = "','".join(after.new)
    rows = await after.rows(
        "SELECT username, ticket_id, action FROM ticket_event"  # noqa: S608 - the test's own
        " JOIN account ON account.member_id = actor_id"
        f" WHERE username IN ('{people}') AND action <> 'report'"
    )
    assert Counter((row.username, str(row.ticket_id), row.action) for row in rows) == Counter(
        (who, entry["id"], entry["body"]["action"]) for who, entry in after.told("applied", "ticket.action")
    )


async def comments_are_there_once_and_in_the_order_of_each_phone(after: Aftermath) -> None:
    rows = await after.rows(
        "SELECT ticket_id, opinion FROM ticket_event JOIN ticket_note ON event_id = ticket_event.id"
        " WHERE action = 'comment' ORDER BY ticket_id, seq"
    )
    for label, pocket in after.old.items():
        said: dict[str, list[str]] = {}
        for entry, result in pocket.phone.memory.answers():
            if entry["body"].get("action") == "comment" and "applied" in result["outcome"]:
                said.setdefault(entry["id"], []).append(entry["body"]["opinion"])
        heard: dict[str, list[str]] = {}
        for row in rows:
            if row.opinion.startswith(f"{label} "):
                heard.setdefault(str(row.ticket_id), []).append(row.opinion)
        assert heard == said
        assert said or label.startswith("dept_handler")


async def visits_say_what_was_corrected_last_and_each_correction_is_recorded(after: Aftermath) -> None:
    rows = await after.rows("SELECT id FROM audit_log WHERE action = 'visit.change'")
    assert len(rows) == len(after.told("applied", "visit.change"))
    applied = {entry["body"]["content"] for _who, entry in after.told("applied", "visit.change")}
    refused = {entry["body"]["content"] for _who, entry in after.told("refused", "visit.change")}
    refused |= {entry["body"]["content"] for _who, entry in after.told("conflict", "visit.change")}
    shown = {row.content for row in await after.rows("SELECT content FROM visit WHERE version > 1")}
    assert shown <= applied
    assert not shown & refused


async def duty_begins_and_ends_as_often_as_phones_were_told(after: Aftermath) -> None:
    rows = await after.rows(
        "SELECT username, count(*) AS begun, count(ended_at) AS ended FROM attendance"
        " JOIN account USING (member_id) GROUP BY username"
    )
    begun = Counter(who for who, _entry in after.told("applied", "attendance.check_in"))
    ended = Counter(who for who, _entry in after.told("applied", "attendance.check_out"))
    assert {row.username: (row.begun, row.ended) for row in rows} == {
        who: (begun[who], ended[who]) for who in begun
    }


async def messages_are_read_that_were_opened(after: Aftermath) -> None:
    rows = await after.rows("SELECT id FROM notification WHERE read_at IS NOT NULL")
    assert {str(row.id) for row in rows} == {
        entry["id"] for _who, entry in after.told("applied", "notification.read")
    }
    assert rows


async def nobody_was_signed_out(after: Aftermath) -> None:
    """Tokens were renewed in the storm, too, with answers lost and requests doubled."""
    renewed = await after.rows("SELECT session_id FROM refresh_token WHERE used_at IS NOT NULL")
    assert len(renewed) >= len(PHONES)
    assert not await after.rows("SELECT id FROM auth_session WHERE revoked_at IS NOT NULL")


async def every_photo_arrived_whole_and_hangs_where_it_belongs(after: Aftermath) -> None:
    taken = [photo for pocket in after.old.values() for photo in pocket.phone.memory.photos()]
    assert len(taken) > 30
    assert {(photo.state, photo.fault) for photo in taken} == {("there", None)}
    rows = await after.rows("SELECT id, sha256 FROM attachment")
    assert {str(row.id): bytes(row.sha256) for row in rows} == {
        photo.id: sha256(photo.content).digest() for photo in taken
    }
    rows = await after.rows("SELECT ticket_id, attachment_id FROM ticket_attachment")
    assert Counter((str(row.ticket_id), str(row.attachment_id)) for row in rows) == Counter(
        (entry["id"], one["id"])
        for _who, entry in after.told("applied", "ticket.report")
        for one in entry["body"].get("attachments", ())
    )
    rows = await after.rows("SELECT visit_id, attachment_id FROM visit_attachment")
    assert Counter((str(row.visit_id), str(row.attachment_id)) for row in rows) == Counter(
        (entry["id"], one)
        for _who, entry in after.told("applied", "visit.record")
        for one in entry["body"].get("awaited_attachment_ids", ())
    )


async def a_phone_holds_what_a_new_one_would_and_nothing_foreign(
    after: Aftermath, world: World, label: str
) -> None:
    who = label.partition("/")[0]
    old, new = after.old[label].phone.memory, after.new[who].phone.memory
    for part in PARTS:
        assert old.store(part) == new.store(part), (label, part)
    person = world[who]
    if person.area is None:
        return
    place = person.area.id
    seen = await after.rows(
        "SELECT ticket.id FROM ticket JOIN area ON area.id = area_id"  # noqa: S608 - the test's own
        f" WHERE '{place}' = ANY (path) OR reporter_id = '{person.member_id}'"
    )
    assert set(old.store("tickets")) == {str(row.id) for row in seen}
    homes = await after.rows(
        f"SELECT household.id FROM household JOIN area ON area.id = area_id WHERE '{place}' = ANY (path)"  # noqa: S608 - the test's own
    )
    assert set(old.store("households")) == {str(row.id) for row in homes}
