"""What a third party's bulk saves: tickets a second of calls with 1,000 each, against single calls.

`python -m bench.pushing`, part of `make bench`. Both ways in turn, from one client on one connection over
real HTTP, with a table of a thousand category codes, callers to seal, points to place and deadlines; then the
same bulk again, which makes nothing. Ratios count. Nobody else writes.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import shapely
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core import clock
from app.core.crypto import hash_token
from app.core.ids import uuid7
from app.demo.stories import MAIN_ROAD
from app.models.enums.third_party import IntakeOutcome
from app.services.access.actors import TOKEN_PREFIX
from bench import processes, stand
from bench.options import Options
from bench.phones import Line, seconds
from bench.requests import Ask
from bench.stand import Filled

TICKETS, BULK, SINGLE, ROUNDS = 3_000, 1_000, 250, 5
LEAST = 2.0
ONE, MANY = "/v1/intake/tickets", "/v1/intake/batches"
CLIENT = """
    WITH client AS (
        INSERT INTO api_client (id, name, purpose, contact, status) VALUES ($1, 'bench', '-', '-', 'active')
        RETURNING id
    ), profile AS (
        INSERT INTO intake_profile (id, client_id, source, statuses)
        SELECT gen_random_uuid(), id, 'hotline_12345', '{}' FROM client
    ), pair AS (
        INSERT INTO intake_category (client_id, code, category_code)
        SELECT client.id, 'H' || number, '0501' FROM client, generate_series(0, 999) AS number
    ), town AS (SELECT id FROM area WHERE level = 'town' ORDER BY code LIMIT 1)
    INSERT INTO api_token (id, client_id, key, secret_hash, scopes, area_id, expires_at, created_at)
    SELECT $2, client.id, $3, $4, ARRAY['tickets:write', 'tickets:read'], town.id, now() + interval '1 day',
        now()
    FROM client, town
    """
GRID = """
    SELECT grid.boundary::text FROM area AS grid
    JOIN area AS town ON town.id = ANY(grid.path) AND town.level = 'town'
    WHERE grid.level = 'grid' AND grid.boundary IS NOT NULL ORDER BY town.code, grid.code LIMIT 1
    """
SHORT, WIDTH = " ✗", 120
_numbers = count(1)


def main() -> None:
    """Load, serve, push in turns, print."""
    parser = argparse.ArgumentParser(prog="bench.pushing", description="Measures bulks on this machine.")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="both ways one after another")
    asked = parser.parse_args()
    wanted = Options(TICKETS, 1, 1, 8, 2, 1.0, asked.rounds, asked.data)
    console, folder = Console(width=None if sys.stdout.isatty() else WIDTH), (asked.data / "bench").resolve()
    with stand.opened(folder, console) as at, at.copy_of(at.filled(wanted.tickets)) as database:
        token, point = asyncio.run(_registered(database))
        with processes.running(at, database, folder, wanted) as running:
            _show(console, Line(running.port), Hotline(token, point), wanted.rounds)


@dataclass(frozen=True, slots=True)
class Hotline:
    """Who pushes: its token, and a point in a grid of its town."""

    token: str = field(repr=False)
    point: Mapping[str, Any]

    def single(self) -> Ask:
        """One ticket."""
        return Ask("POST", ONE, self.token, _order(self.point))

    def bulk(self) -> Ask:
        """A thousand."""
        return Ask("POST", MANY, self.token, {"items": [_order(self.point) for _number in range(BULK)]})


async def _registered(database: Filled) -> tuple[str, Mapping[str, Any]]:
    """The token of a client of the first town, with a table of codes, and where a grid there lies."""
    key, secret = secrets.token_hex(8), secrets.token_urlsafe(24)
    connection = await asyncpg.connect(database.dsn)
    try:
        await connection.execute(CLIENT, uuid7(), uuid7(), key, hash_token(secret))
        inside = shapely.from_geojson(await connection.fetchval(GRID)).representative_point()
    finally:
        await connection.close()
    return f"{TOKEN_PREFIX}{key}.{secret}", {"lng": inside.x, "lat": inside.y, "coord_type": "wgs84"}


def _show(console: Console, client: Line, hotline: Hotline, rounds: int) -> None:
    alone, together, again = [], [], []
    for number in range(rounds + 1):
        single = SINGLE / seconds(client, [hotline.single() for _number in range(SINGLE)])
        bulk = hotline.bulk()
        first = BULK / _all(client, bulk, IntakeOutcome.CREATED)
        once_more = BULK / _all(client, bulk, IntakeOutcome.ALREADY_THERE)
        if number:
            alone.append(single)
            together.append(first)
            again.append(once_more)
    table = Table("a third party's tickets", "a second", "of single calls", box=MARKDOWN)
    table.add_row("single calls", f"{median(alone):,.0f}", "")
    ratio = _ratio(together, alone)
    mark = SHORT if ratio < LEAST else ""
    table.add_row(f"bulks of {BULK:,}", f"{median(together):,.0f}", f"{ratio:.2f} (≥ {LEAST}){mark}")
    table.add_row("the same bulks again", f"{median(again):,.0f}", f"{_ratio(again, alone):.2f}")
    console.print(table)


def _all(client: Line, bulk: Ask, outcome: IntakeOutcome) -> float:
    """How long a bulk took, all of which came to this."""
    found: list[bytes] = []
    spent = seconds(client, [bulk], found)
    outcomes = Counter(result["outcome"] for result in json.loads(found[0])["results"])
    if outcomes != {outcome: BULK}:
        raise RuntimeError(str(outcomes))
    return spent


def _ratio(mine: Sequence[float], other: Sequence[float]) -> float:
    return median(one / two for one, two in zip(mine, other, strict=True))


def _order(point: Mapping[str, Any]) -> Mapping[str, Any]:
    """A ticket as a hotline has it."""
    number, report = next(_numbers), MAIN_ROAD.report
    return {
        "external_ref": f"DH{number:08d}",
        "title": report["title"],
        "content": report["content"],
        "category_code": f"H{number % 1000}",
        "address": report["address"],
        "location": point,
        "contact": {"name": "关大婶", "phone": f"138{number:08d}"},
        "reply_due_at": (clock.now() + timedelta(days=5)).isoformat(),
    }


if __name__ == "__main__":
    main()
