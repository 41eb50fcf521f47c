"""What dashboards cost: the same town with few tickets and with many, then a fleet of screens beside work.

Over HTTP, a server with processes of its own for each size, in turn within a round. Every answer that is
compared is worked out; what pollers get of it, and what a poll without news costs, is measured against the
constant route. `python -m bench.dashboards --sizes 10000,1000000`.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
from rich.console import Console

from app.core import clock
from app.demo.people import People, Person
from app.models.enums import Role
from bench import fleet, measure, operations, options, processes, stand
from bench.dashboard_tables import show_calls, show_fleet, show_polls
from bench.fleet import Fleet
from bench.measure import Measured
from bench.operations import Cast, Operation
from bench.options import Options
from bench.plan import Plan
from bench.processes import HOST, Running
from bench.questions import MONTH, STATS, Question, questions, spelled
from bench.requests import ETAG, ID, Ask
from bench.server import CONSTANT
from bench.stand import Filled, Stand

SIZES, ROUNDS, SECONDS, FOLDER = (10_000, 1_000_000), 5, 1.0, "bench"
SCREENS, LIVES, POLLING = 650, 5.0, 75.0
# More than are ever answered in a second.
SPELLINGS = 1500
_AREAS = """
SELECT city.id AS city, town.id AS town,
       ARRAY(SELECT id FROM area WHERE level = 'village' AND path @> ARRAY[town.id] ORDER BY code) AS villages
  FROM area city, area town
 WHERE city.level = 'city' AND town.level = 'town' AND EXISTS (SELECT FROM ticket WHERE town_id = town.id)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A served town: who asks there, and which areas there are; screens by the area that they show."""

    tickets: int
    running: Running
    database: Filled
    cast: Cast
    leader: str = field(repr=False)
    screens: dict[str, str] = field(repr=False)
    city: str
    town: str
    villages: tuple[str, ...]

    def token(self, of: str) -> str:
        """The leader's for the town, a screen's for the city."""
        return self.leader if of == "town" else self.screens[self.city]


def main() -> None:
    """Fill, serve, ask, poll, print."""
    given = _read()
    console = Console(width=None if sys.stdout.isatty() else 160)
    folder = (given.data / FOLDER).resolve()
    wanted = options.Options(0, 0, 0, 8, 2, given.seconds, given.rounds, given.data)
    with stand.opened(folder, console) as at, ExitStack() as stack:
        places = [stack.enter_context(_served(at, folder, wanted, size)) for size in given.sizes]
        show_calls(console, given.sizes, _compared(places, wanted, console))
        show_polls(console, _polls(places[-1], wanted, console))
        if given.polling:
            plan = Fleet(given.screens, given.lives, given.polling)
            show_fleet(console, plan, asyncio.run(_poll(places[-1], plan)))


def _read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.dashboards", description="Measures what dashboards ask.")
    parser.add_argument(
        "--sizes", type=options.counts, default=SIZES, help="tickets of the town, few and many"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each question in each round")
    parser.add_argument("--screens", type=int, default=SCREENS, help="that poll every ten seconds")
    parser.add_argument("--lives", type=float, default=LIVES, help="whole lives a second beside them")
    parser.add_argument("--polling", type=float, default=POLLING, help="seconds of it; 0 for none")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    return parser.parse_args()


@contextmanager
def _served(at: Stand, folder: Path, wanted: Options, tickets: int) -> Iterator[Place]:
    """A server on a copy of the town with so many tickets, with everybody signed in."""
    with at.copy_of(at.town(tickets)) as database:
        own = folder / f"town_{tickets}"
        own.mkdir(exist_ok=True)
        areas = asyncio.run(_areas(database))
        city, town, *villages = map(str, (areas["city"], areas["town"], *areas["villages"]))
        with processes.running(at, database, own, wanted) as running:
            with running.client() as client:
                cast = operations.cast(client, database.accounts)
                people = People(client, database.accounts)
                leader, keeper = (
                    people.sign_in(people.of_role(role)[0])
                    for role in (Role.LEADER_VIEWER, Role.SYSTEM_ADMIN)
                )
                screens = {area_id: _screen(keeper, area_id) for area_id in (city, town, *villages)}
            yield Place(tickets, running, database, cast, leader.token, screens, city, town, tuple(villages))


def _screen(keeper: Person, area_id: str) -> str:
    """The token of a new screen for an area."""
    until = (clock.now() + timedelta(days=1)).isoformat()
    made = keeper.post("/v1/screens", {"name": area_id, "area_id": area_id, "expires_at": until})
    return str(made["token"])


async def _areas(database: Filled) -> asyncpg.Record:
    connection = await asyncpg.connect(database.dsn)
    try:
        (areas,) = await connection.fetch(_AREAS)
        return areas
    finally:
        await connection.close()


def _compared(places: Sequence[Place], wanted: Options, console: Console) -> dict[str, list[Measured]]:
    """Every question at every place, in rounds; the first round does not count."""
    asked = [questions(place.city, place.town, place.villages[0]) for place in places]
    found: dict[str, list[Measured]] = {}
    for number in range(wanted.rounds + 1):
        for same in zip(*asked, strict=True):
            name = same[0].name
            rows = found.setdefault(name, [_measured(*one) for one in zip(same, places, strict=True)])
            turns = list(zip(places, same, rows, strict=True))
            with console.status(f"round {number} of {wanted.rounds}: {name}"):
                # In turn from either end, so that none is always the first.
                for place, each, row in turns if number % 2 else reversed(turns):
                    _ask(place, each, row if number else _measured(each, place), number, wanted)
    return found


def _measured(question: Question, place: Place) -> Measured:
    ask = Ask("GET", f"{STATS}{question.path}?{ID}", place.token(question.of))
    return Measured(Operation(question.name, (ask,), ids="spelled"), 0)


def _ask(place: Place, question: Question, row: Measured, number: int, wanted: Options) -> None:
    count = int(SPELLINGS * wanted.seconds)
    ids = spelled(question.query, number * count, count)
    before = place.running.spent()
    report = measure.ask(_plan(place, row.operation, wanted, [query.encode() for query in ids]))
    row.add(report, place.running.spent() - before)


def _plan(place: Place, operation: Operation, wanted: Options, ids: Sequence[bytes] = ()) -> Plan:
    return Plan(
        host=HOST,
        port=place.running.port,
        connections=wanted.connections,
        processes=wanted.processes,
        seconds=wanted.seconds,
        whoami=Ask("GET", CONSTANT).as_bytes(),
        story=tuple(ask.as_bytes() for ask in operation.story),
        ids=tuple(ids),
        once=True,
        expect=operation.expect,
    )


def _polls(place: Place, wanted: Options, console: Console) -> list[Measured]:
    """What pollers get: the constant route first, then the overview and the whole screen, 200 and 304."""
    unchanged = frozenset({200, operations.NOT_MODIFIED})
    overview, screen = f"{STATS}/overview?{MONTH}", f"{STATS}/screen"
    asked = [Operation("constant route", (Ask("GET", CONSTANT),))]
    for name, path, of_200, of_304 in (
        ("overview", overview, 0.08, 0.35),
        ("whole screen", screen, 0.03, None),
    ):
        plain = Ask("GET", path, place.leader)
        known = Ask("GET", path, place.leader, headers={"If-None-Match": ETAG})
        asked.append(Operation(f"{name}, 200", (plain,), of_limit=of_200))
        asked.append(Operation(f"{name}, 304", (known,), of_limit=of_304, expect=unchanged))
    rows = [Measured(each, 0) for each in asked]
    for number in range(wanted.rounds + 1):
        with console.status(f"polls, round {number} of {wanted.rounds}"):
            for row in rows:
                before = place.running.spent()
                report = measure.ask(_plan(place, row.operation, wanted))
                if number:
                    row.add(report, place.running.spent() - before)
    return rows


async def _poll(place: Place, wanted: Fleet) -> fleet.Seen:
    """The fleet beside whole lives; a third of the screens show the town, the others its villages."""
    names = [
        place.town if number % 3 == 0 else place.villages[number % len(place.villages)]
        for number in range(wanted.screens)
    ]
    asks = [Ask("GET", f"{STATS}/screen", place.screens[name]).as_bytes() for name in names]
    life = [place.cast.report, *place.cast.steps]
    return await fleet.polled(
        wanted,
        port=place.running.port,
        dsn=place.database.dsn,
        screens=asks,
        life=[ask.as_bytes() for ask in life],
    )


if __name__ == "__main__":
    main()
