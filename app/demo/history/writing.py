"""A year of tickets for the towns that a demo has: how many where, when reported, in batches for COPY.

Bounded memory: a town's people are read when its turn comes, and rows leave in batches. Numbers follow the
moments of reporting over all towns, as if they had been drawn from the sequence one after the other.
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from asyncpg import Connection

from app.core.clock import BUSINESS_ZONE
from app.core.ids import uuid7
from app.demo.content.tables import pick, seeded, slots
from app.demo.copying import Copier, ahead
from app.demo.history import cast
from app.demo.history.almanac import Almanac
from app.demo.history.fates import fates
from app.demo.history.office import Office, moments
from app.demo.history.scribe import Scribe
from app.demo.history.sheets import Sheets
from app.demo.progress import Progress
from app.models.enums import DayKind, Status
from app.services.platform import calendars
from app.services.platform.hours import WORKING_KINDS, Calendar
from app.services.tickets.deadlines import Deadlines

LABEL = "工单"
BATCH = 2_000

_ADULT = timedelta(days=18 * 366)
_HOURS = """
SELECT starts, ends FROM work_calendar_segment
WHERE calendar_id = (SELECT id FROM work_calendar WHERE is_default) ORDER BY starts
"""
_DAYS = """
SELECT day, kind FROM work_calendar_day
WHERE calendar_id = (SELECT id FROM work_calendar WHERE is_default)
"""


class Plan(NamedTuple):
    """Tickets in the order of their reports: when, and how far they come; and whose turn each is."""

    moments: Sequence[float]
    fates: Sequence[Status]
    of_town: Sequence[Sequence[int]]


async def write(
    copier: Copier, *, count: int, seed: int, now: datetime, prefix: str, progress: Progress
) -> None:
    """Copy `count` tickets of the year before `now` into the tables, inside the caller's transaction."""
    connection = copier.connection
    deadlines = Almanac((await deadlines_of(connection)).calendars)
    calendar, towns = deadlines.calendar(), await cast.towns(connection)
    plan = _plan(seed, calendar, [grids for _, _, grids in towns], count, now)
    first, office, done = await _numbers(connection, count), Office(calendar, now), 0
    adults = now.astimezone(BUSINESS_ZONE).date() - _ADULT
    for (town_id, code, _), wanted in zip(towns, plan.of_town, strict=True):
        town = await cast.town(connection, town_id, code, adults)
        scribe = Scribe(seeded(seed, "history", code), town, office, deadlines, now, prefix)
        async for sheets in ahead(_batches(scribe, plan, wanted, first)):
            await copier.write(*sheets.all())
            done += len(sheets.tickets)
            progress(LABEL, done, count)


def _plan(seed: int, calendar: Calendar, grids: Sequence[int], count: int, now: datetime) -> Plan:
    """Tickets go to towns by their numbers of grids."""
    rng = seeded(seed, "plan", count)
    when = moments(rng, calendar, count, now)
    towns = slots(enumerate(grids), max(10_000, len(grids)))
    of_town = [array("L") for _ in grids]
    for place in range(count):
        of_town[pick(rng, towns)].append(place)
    return Plan(array("d", when), fates(rng, when, now.timestamp()), of_town)


def _batches(scribe: Scribe, plan: Plan, wanted: Sequence[int], first: int) -> Iterator[Sheets]:
    for begin in range(0, len(wanted), BATCH):
        sheets = Sheets()
        for place in wanted[begin : begin + BATCH]:
            scribe.write(sheets, plan.moments[place], plan.fates[place], first + place)
        yield sheets


async def _numbers(connection: Connection, count: int) -> int:
    """Take `count` numbers from the tickets' sequence; the first of them."""
    first: int = await connection.fetchval("SELECT nextval('ticket_no_seq')")
    await connection.execute("SELECT setval('ticket_no_seq', $1)", first + count - 1)
    return first


async def deadlines_of(connection: Connection) -> Deadlines:
    """The default table by the default calendar: what a deployment begins with."""
    hours = [(row["starts"], row["ends"]) for row in await connection.fetch(_HOURS)]
    days = [(row["day"], DayKind(row["kind"])) for row in await connection.fetch(_DAYS)]
    worked = {day: kind in WORKING_KINDS for day, kind in days}
    code = calendars.DEFAULT_CODE
    office = calendars.Office(uuid7(), code, is_default=True, segments=tuple(hours), days=worked)
    return Deadlines(calendars.Calendars.of([office]))
