"""When a year of the working calendar is published, open deadlines are where they would have been."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pgqueuer import PgQueuer
from pgqueuer.types import QueueExecutionMode
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.jobs import deadline_moves as jobs
from app.models.enums import ClockKind, SlaUnit
from app.models.platform import Outbox, WorkCalendarChange
from app.models.staff import Org
from app.models.ticket import Ticket
from app.models.ticket_step import TicketClock
from app.services.platform import calendar_years
from app.services.tickets import deadline_moves, deadlines, sweep, thresholds
from tests.support.clients import Api
from tests.support.phones import Store
from tests.support.seed import CALENDAR_ID
from tests.support.tickets import Loop
from tests.support.world import World

SHANGHAI = ZoneInfo("Asia/Shanghai")
YEAR = f"/v1/calendars/{CALENDAR_ID}/years/2027"
NEW_YEAR = [
    {"day": "2027-01-01", "kind": "holiday"},
    {"day": "2027-01-04", "kind": "holiday"},
    {"day": "2027-01-09", "kind": "makeup_workday"},
]
EVE, LATER = "2026-12-29T10:00", "2026-12-31T16:00"
_CLOCK: Any = TicketClock.__table__


def at(wall: str) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=SHANGHAI)


def wall(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


class Town:
    """Tickets whose clocks were started as a test wants, and where their deadlines are now."""

    def __init__(self, api: Api, sessions: Sessions, world: World) -> None:
        self._api, self._sessions, self._world = api, sessions, world

    async def ticket(self, **clocks: Mapping[str, Any]) -> UUID:
        """A ticket with these clocks instead of its own; each gets the deadline of its start unless told."""
        loop = Loop(self._api, self._world)
        ticket_id = UUID((await loop.report())["id"])
        async with transaction(self._sessions) as session:
            await session.execute(_CLOCK.delete().where(_CLOCK.c.ticket_id == ticket_id))
            held = await deadlines.load(session)
            subject = deadlines.Subject("0501", (await session.get_one(Ticket, ticket_id)).urgency)  # type: ignore[arg-type]
            for kind, told in clocks.items():
                start, org_id = at(told["start"]), told.get("org_id")
                term = held.due(ClockKind(kind), subject, start=start, org_id=org_id)
                row = {"unit": term.unit, "amount": term.amount, "due_at": term.due_at}
                row |= {"id": uuid7(), "ticket_id": ticket_id, "kind": kind, "round": 1, "started_at": start}
                row |= {"provisional": term.provisional, "org_id": org_id}
                changed = {name: value for name, value in told.items() if name not in {"start", "org_id"}}
                await session.execute(insert(_CLOCK).values(row | changed))
        return ticket_id

    async def publish(self, days: list[dict[str, str]] = NEW_YEAR, url: str = YEAR) -> UUID:
        """Publish the year on New Year's Eve, without the worker; returns the change's id."""
        body = {"source": "国办通知", "days": days}
        reply = await self._api.as_("system_admin").put(url, json=body)
        assert reply.status_code == 200, reply.text
        async with transaction(self._sessions) as session:
            newest = select(WorkCalendarChange).order_by(WorkCalendarChange.id.desc()).limit(1)
            change = (await session.scalars(newest)).one()
            change.changed_at = at("2026-12-31T18:00")
            return change.id

    async def move(self, change_id: UUID, **options: int) -> int:
        """Do what the worker does."""
        return await deadline_moves.run(self._sessions, change_id=change_id, **options)

    async def clocks(self, ticket_id: UUID) -> dict[str, tuple[str, bool]]:
        """Where the clocks' deadlines are, and whether they are provisional."""
        async with transaction(self._sessions) as session:
            rows = await session.execute(select(_CLOCK).where(_CLOCK.c.ticket_id == ticket_id))
            return {row.kind: (wall(row.due_at), row.provisional) for row in rows}

    async def due_at(self, ticket_id: UUID) -> str | None:
        """The ticket's own deadline."""
        async with transaction(self._sessions) as session:
            due = (await session.get_one(Ticket, ticket_id)).due_at
            return None if due is None else wall(due)

    async def level(self, ticket_id: UUID) -> int:
        """How late the ticket's one clock is held to be."""
        async with transaction(self._sessions) as session:
            rows = await session.execute(select(_CLOCK.c.level).where(_CLOCK.c.ticket_id == ticket_id))
            return int(rows.scalar_one())

    async def told(self, ticket_id: UUID) -> list[dict[str, Any]]:
        """What the outbox says of moves of the ticket's deadlines."""
        async with transaction(self._sessions) as session:
            rows = select(Outbox.data).where(
                Outbox.entity_id == ticket_id, Outbox.topic == deadline_moves.TOPIC
            )
            return list(await session.scalars(rows.order_by(Outbox.id)))


@pytest.fixture
def town(api: Api, sessions: Sessions, world: World) -> Town:
    """The small town's tickets."""
    return Town(api, sessions, world)


async def test_publishing_2027_moves_open_deadlines_to_the_right_moments_and_settles_them(town: Town) -> None:
    ticket = await town.ticket(handle={"start": EVE}, sign={"start": LATER})
    before = {"handle": ("2027-01-06T17:30", True), "sign": ("2027-01-04T11:00", True)}
    assert await town.clocks(ticket) == before
    assert await town.move(await town.publish()) == 1
    after = {"handle": ("2027-01-07T17:30", False), "sign": ("2027-01-05T11:00", False)}
    assert await town.clocks(ticket) == after
    assert await town.due_at(ticket) == "2027-01-05T11:00"
    assert [row["due_at"] for row in await town.told(ticket)] == ["2027-01-05T03:00:00+00:00"]


async def test_the_ticket_shows_the_settled_deadline(town: Town, api: Api) -> None:
    ticket = await town.ticket(handle={"start": EVE})
    await town.move(await town.publish())
    seen = (await api.as_("dispatcher").get(f"/v1/tickets/{ticket}")).json()
    assert wall(datetime.fromisoformat(seen["due_at"])) == "2027-01-07T17:30"


@pytest.mark.commits
async def test_a_phone_is_told_of_the_settled_deadline(town: Town, api: Api, sessions: Sessions) -> None:
    ticket_id = str(await town.ticket(handle={"start": EVE}))
    phone = Store(api, "grid_worker", sessions)
    await phone.sync()
    before = phone.kept["tickets"][ticket_id]["due_at"]
    await town.move(await town.publish())
    await phone.sync()
    detail = (await api.as_("grid_worker").get(f"/v1/tickets/{ticket_id}")).json()
    assert phone.kept["tickets"][ticket_id]["due_at"] == detail["due_at"] != before


async def test_what_does_not_touch_the_year_stays_and_is_not_told(town: Town) -> None:
    near = await town.ticket(handle={"start": "2026-03-04T10:00"})
    on_the_wall = await town.ticket(
        contact={
            "start": LATER,
            "unit": SlaUnit.WALL_MINUTES,
            "amount": 9000,
            "due_at": at("2027-01-06T22:00"),
        }
    )
    over = await town.ticket(handle={"start": EVE, "stopped_at": at("2026-12-30T10:00")})
    before = [await town.clocks(ticket) for ticket in (near, on_the_wall, over)]
    assert await town.move(await town.publish()) == 0
    assert [await town.clocks(ticket) for ticket in (near, on_the_wall, over)] == before
    assert [await town.told(ticket) for ticket in (near, on_the_wall, over)] == [[], [], []]


async def test_a_deadline_that_was_moved_by_a_pause_keeps_its_distance(town: Town) -> None:
    # Started on the 22nd, suspended and resumed: three working days were left on 30 December.
    resumed = await town.ticket(
        handle={"start": "2026-12-22T10:00", "due_at": at("2027-01-05T17:30"), "provisional": True}
    )
    await town.move(await town.publish())
    assert await town.clocks(resumed) == {"handle": ("2027-01-06T17:30", False)}


async def test_a_suspended_clock_follows_too_and_does_not_count_for_the_ticket(town: Town) -> None:
    ticket = await town.ticket(
        handle={"start": EVE, "paused_at": at("2026-12-30T10:00")}, sign={"start": LATER}
    )
    await town.move(await town.publish())
    assert (await town.clocks(ticket))["handle"] == ("2027-01-07T17:30", False)
    assert await town.due_at(ticket) == "2027-01-05T11:00"


async def test_the_overall_deadline_is_chained_anew(town: Town) -> None:
    ticket = await town.ticket(overall={"start": "2026-12-22T10:00"})
    # Four and four working hours end on the 23rd at 11:00, then five, two and two working days.
    assert await town.clocks(ticket) == {"overall": ("2027-01-06T17:30", True)}
    await town.move(await town.publish())
    assert await town.clocks(ticket) == {"overall": ("2027-01-07T17:30", False)}


async def test_the_overall_deadline_is_nobodys_next_step(town: Town) -> None:
    ticket = await town.ticket(
        overall={"start": "2026-12-22T10:00"}, handle={"start": EVE, "paused_at": at("2026-12-30T10:00")}
    )
    await town.move(await town.publish())
    assert await town.due_at(ticket) is None


async def test_the_sweep_looks_at_a_moved_clock_by_its_new_deadline(
    town: Town, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was yellow, and was to turn red at a moment that is no deadline any more."""
    old = at("2027-01-06T17:30")
    ticket = await town.ticket(handle={"start": EVE, "level": 1, "next_at": old})
    await town.move(await town.publish())
    for moment, level in (("2027-01-06T17:00", 0), ("2027-01-07T09:00", 1), ("2027-01-07T17:31", 2)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: at(moment))
        await sweep.run(sessions)
        assert await town.level(ticket) == level, moment


async def test_what_was_told_of_a_clock_that_stays_late_is_not_told_again() -> None:
    noon, hour = at("2026-03-04T12:00"), timedelta(hours=1)
    ahead = {"warn_at": noon + hour, "due_at": noon + 2 * hour, "now": noon}
    late = {"warn_at": noon - 2 * hour, "due_at": noon - hour, "now": noon}
    soon = {"warn_at": noon - hour, "due_at": noon + hour, "now": noon}
    for level in thresholds.Level:
        assert thresholds.moved(level, noon, **ahead) == (0, noon + hour)
        assert thresholds.moved(level, noon, **soon) == ((0, noon - hour) if not level else (1, noon + hour))
    assert thresholds.moved(0, noon, **late) == (0, noon - 2 * hour)
    assert thresholds.moved(1, noon, **late) == (1, noon - hour)
    assert thresholds.moved(3, noon + hour, **late) == (3, noon + hour)


async def test_doing_it_again_changes_nothing(town: Town) -> None:
    plain = await town.ticket(handle={"start": EVE})
    resumed = await town.ticket(
        handle={"start": "2026-12-22T10:00", "due_at": at("2027-01-05T17:30"), "provisional": True}
    )
    change = await town.publish()
    assert [await town.move(change) for _turn in range(3)] == [2, 0, 0]
    assert await town.clocks(plain) == {"handle": ("2027-01-07T17:30", False)}
    assert await town.clocks(resumed) == {"handle": ("2027-01-06T17:30", False)}
    assert len(await town.told(plain)) == 1


async def test_a_correction_moves_them_once_more_resumed_ones_too(town: Town) -> None:
    plain = await town.ticket(handle={"start": EVE})
    resumed = await town.ticket(
        handle={"start": "2026-12-22T10:00", "due_at": at("2027-01-05T17:30"), "provisional": True}
    )
    await town.move(await town.publish())
    change = await town.publish(NEW_YEAR[:1])
    assert [await town.move(change) for _turn in range(2)] == [2, 0]
    assert await town.clocks(plain) == {"handle": ("2027-01-06T17:30", False)}
    assert await town.clocks(resumed) == {"handle": ("2027-01-05T17:30", False)}


async def test_what_a_process_began_with_the_old_days_is_settled_by_the_second_run(
    town: Town, session: AsyncSession
) -> None:
    ticket = await town.ticket(handle={"start": EVE}, sign={"start": LATER})
    before = {row.kind: row.due_at for row in await session.execute(select(_CLOCK))}
    change = await town.publish()
    await town.move(change)
    for kind, due_at in before.items():
        stale = update(_CLOCK).where(_CLOCK.c.kind == kind).values(due_at=due_at, provisional=True)
        await session.execute(stale)
    await session.commit()
    assert await town.move(change) == 1
    assert await town.clocks(ticket) == {
        "handle": ("2027-01-07T17:30", False),
        "sign": ("2027-01-05T11:00", False),
    }


async def test_small_batches_reach_everybody_and_a_run_that_was_cut_off_is_taken_up(
    town: Town, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [await town.ticket(handle={"start": EVE}) for _number in range(5)]
    change = await town.publish()
    write, left = deadline_moves._write, iter(range(2))

    async def cut_off(*given: Any) -> None:
        await write(*given)
        if next(left, None) is None:
            raise ConnectionResetError

    monkeypatch.setattr(deadline_moves, "_write", cut_off)
    with pytest.raises(ConnectionResetError):
        await town.move(change, batch=1)
    done = [ticket for ticket in tickets if await town.told(ticket)]
    assert len(done) == 2
    monkeypatch.undo()
    assert await town.move(change, batch=2) == 3
    assert [len(await town.told(ticket)) for ticket in tickets] == [1] * 5
    row = await session.get_one(WorkCalendarChange, change)
    assert (row.moved, row.finished_at is not None) == (5, True)


async def test_only_those_who_work_by_a_calendar_follow_it(
    town: Town, api: Api, session: AsyncSession, world: World
) -> None:
    own, other = world.orgs["urban"].id, world.orgs["fire"].id
    hours = [{"starts": "08:30", "ends": "12:00"}, {"starts": "14:00", "ends": "17:30"}]
    body = {"code": "urban", "name": "执法日历", "segments": hours, "org_id": str(own)}
    made = await api.as_("system_admin").post("/v1/calendars", json=body)
    assert (await session.get_one(Org, own)).work_calendar_id is not None
    mine, theirs = [await town.ticket(handle={"start": EVE, "org_id": org}) for org in (own, other)]
    url = f"{made.headers['location']}/years/2027"
    await town.move(await town.publish([{"day": "2027-01-05", "kind": "holiday"}], url))
    # Their 2027 is known for one day only: the rest of the way stays a guess.
    assert await town.clocks(mine) == {"handle": ("2027-01-07T17:30", True)}
    assert await town.clocks(theirs) == {"handle": ("2027-01-06T17:30", True)}
    await town.move(await town.publish())
    assert await town.clocks(mine) == {"handle": ("2027-01-08T17:30", False)}
    assert await town.clocks(theirs) == {"handle": ("2027-01-07T17:30", False)}


@pytest.mark.commits
async def test_the_worker_moves_them_when_the_publication_is_committed_and_only_then(
    town: Town, api: Api, engine: AsyncEngine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second look follows the first at once, and not after minutes that a test would wait for.
    monkeypatch.setattr(calendar_years, "AGAIN_AFTER", timedelta())
    ticket = await town.ticket(handle={"start": EVE})
    wrong = {"source": "国办通知", "days": [*NEW_YEAR, {"day": "2026-01-01", "kind": "holiday"}]}
    assert (await api.as_("system_admin").put(YEAR, json=wrong)).status_code == 422
    await work(engine, sessions)
    assert await town.clocks(ticket) == {"handle": ("2027-01-06T17:30", True)}
    await town.publish()
    await work(engine, sessions)
    assert await town.clocks(ticket) == {"handle": ("2027-01-07T17:30", False)}
    year = (await api.as_("dispatcher").get(YEAR)).json()
    assert [(change["moved"], change["finished_at"] is not None) for change in year["changes"]] == [(1, True)]


async def work(engine: AsyncEngine, sessions: Sessions) -> None:
    """Let a worker do what is due in the queue."""
    async with engine.connect() as connection:
        raw: Any = await connection.get_raw_connection()
        queue = PgQueuer.from_asyncpg_connection(raw.driver_connection)
        jobs.register(queue, sessions)
        await queue.qm.run(mode=QueueExecutionMode.drain)
