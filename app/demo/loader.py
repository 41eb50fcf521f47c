"""Filling an empty, migrated and seeded database with the demo, in one transaction, by COPY.

Deterministic from the seed and `now`, except for what must never be: salts, nonces and the token's secret.
Whoever finds an area in the database finds the whole demo there. The outbox stays empty: the log begins
with live use. The photos that tickets refer to are placed by who serves them (`photos`). `load_tickets`
adds tickets to a demo that is there already.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from asyncpg import Connection

from app.core import clock
from app.core.crypto import Vault, hash_password
from app.demo import published
from app.demo.content.people import People
from app.demo.copying import TABLES, Copier, ahead
from app.demo.history import rows as ticket_rows
from app.demo.history import writing
from app.demo.progress import Progress
from app.demo.scale import SIZES, Scale, Size
from app.demo.summary import DEMO_PASSWORD, DemoSummary, DemoToken
from app.demo.town.founding import Founding
from app.demo.town.households import Registrar
from app.demo.town.organising import organise
from app.demo.town.places import Places, lay_out
from app.demo.town.rules import AUTO_DISPATCHED, rules
from app.demo.town.staffing import Staff, staff
from app.demo.town.third_party import third_party
from app.demo.town.visiting import Visiting
from app.models.enums import AreaLevel
from app.runtime.failures import CommandFailed

__all__ = ["load", "load_tickets"]

PREFIX = "WG"
_PLACES, _HOUSEHOLDS, _INDEXES = "区域、单位和队伍", "住户", "索引"
_REGISTRY = (
    "building",
    "room",
    "household",
    "resident",
    "household_member",
    "residence",
    "household_stay",
)
_VISITS = (
    "place",
    "contact_link",
    "care_object",
    "care_review",
    "visit_plan_household",
    "visit",
    "visit_visitor",
    "visit_opinion",
)
_AUTOMATIC = "UPDATE category SET auto_dispatch = true WHERE code = ANY ($1)"
_REGIONS = frozenset({AreaLevel.CITY, AreaLevel.COUNTY})


async def load(
    dsn_owner: str,
    *,
    scale: Scale,
    seed: int,
    vault: Vault,
    progress: Progress,
    now: datetime | None = None,
    prefix: str = PREFIX,
    size: Size | None = None,
) -> DemoSummary:
    """Load a demo as the owner of the tables; `CommandFailed` where there are areas already.

    size: how many of everything, on the ground of the scale; unless given, as many as the scale says.
    """
    founding, size = Founding(seed, now or clock.now()), size or SIZES[scale]
    async with _working(dsn_owner) as connection:
        async with connection.transaction():
            await _require_empty(connection)
            copier = Copier(connection)
            places = lay_out(founding, scale)
            people = _people(founding, places)
            team = staff(founding, places, size, people, vault, hash_password(DEMO_PASSWORD))
            token = await _found(copier, founding, places, team)
            progress(_PLACES, 1, 1)
            registrar = Registrar(founding, people, vault, team.worker_of)
            visiting = await _organise(copier, founding, places, team)
            await _settle(copier, registrar, visiting, places, size, progress)
            await _tell(copier, size.tickets, seed, founding.now, prefix, progress)
            await published.publish(connection, founding.now)
        await _analyze(connection)
    return DemoSummary(dict(copier.counts), team.shown, token)


async def load_tickets(
    dsn_owner: str,
    *,
    count: int,
    seed: int,
    progress: Progress,
    now: datetime | None = None,
    prefix: str = PREFIX,
) -> None:
    """Add `count` tickets of the past year, in the same shares, to the demo in this database.

    Another seed gives other tickets. Nobody can use the tickets meanwhile: their indexes are away.
    """
    async with _working(dsn_owner) as connection:
        async with connection.transaction():
            await _tell(Copier(connection), count, seed, now or clock.now(), prefix, progress)
        await _analyze(connection)


async def _tell(
    copier: Copier, count: int, seed: int, now: datetime, prefix: str, progress: Progress
) -> None:
    async with copier.bulk(ticket_rows.TABLES.values()):
        await writing.write(copier, count=count, seed=seed, now=now, prefix=prefix, progress=progress)
        progress(_INDEXES, 0, 1)
    progress(_INDEXES, 1, 1)


async def _found(copier: Copier, founding: Founding, places: Places, team: Staff) -> DemoToken:
    """Areas, organisations, staff with posts and accounts, the third party, and who gets which tickets."""
    party = third_party(founding, places.common_area)
    await copier.write(places.areas, places.orgs, team.members, team.posts, team.accounts)
    await copier.write([party.client], [party.token], list(rules(founding, places)))
    await copier.connection.execute(_AUTOMATIC, AUTO_DISPATCHED)
    return party.shown


async def _organise(copier: Copier, founding: Founding, places: Places, team: Staff) -> Visiting:
    """Teams, quotas and the plan of visits; returns who goes round the homes."""
    made = organise(founding, places, team)
    await copier.write(made.teams, made.team_members, made.quotas, made.plans, made.assignees)
    return Visiting(founding, made, places.grids, team.worker_of)


async def _settle(
    copier: Copier,
    registrar: Registrar,
    visiting: Visiting,
    places: Places,
    size: Size,
    progress: Progress,
) -> None:
    """All households and residents, and who of them was visited."""
    async with copier.bulk((*_REGISTRY, *_VISITS)):
        batches = registrar.batches(places.grids, size.households)
        async for homes, visited in ahead((homes, visiting.go_round(homes)) for homes in batches):
            await copier.write(*homes.all(), *visited.all())
            progress(_HOUSEHOLDS, copier.counts["household"], size.households)
    # The history looks for callers among them and needs good plans for it.
    await copier.connection.execute(f"ANALYZE {', '.join(_REGISTRY)}")


def _people(founding: Founding, places: Places) -> People:
    """Locals are registered in the county, or in the city where there is none."""
    region = max((row for row in places.areas if row.level in _REGIONS), key=lambda row: len(row.path))
    city = next(row for row in places.areas if row.level is AreaLevel.CITY)
    above = [row.name for row in places.areas if row.id in region.path]
    return People(founding.seed, founding.today, city=city.code[:4], hukou_place="".join(above))


@asynccontextmanager
async def _working(dsn: str) -> AsyncIterator[Connection]:
    """A connection, and no cycle collector: rows make no cycles, and looking takes a fifth of the time."""
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "wangge-demo", "jit": "off"})
    gc.disable()
    try:
        yield connection
    finally:
        gc.enable()
        await connection.close()


async def _require_empty(connection: Connection) -> None:
    if await connection.fetchval("SELECT EXISTS (SELECT FROM area)"):
        raise CommandFailed("数据库里已有区域数据：演示数据只能装入空的数据库")


async def _analyze(connection: Connection) -> None:
    """Statistics for the planner, and visible pages for index-only scans."""
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES.values())}")
