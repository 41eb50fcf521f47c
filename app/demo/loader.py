"""Filling an empty, migrated and seeded database with the demo, in one transaction, by COPY.

Deterministic from the seed and `now`, except for what must never be: salts, nonces and the token's secret.
Whoever finds an area in the database finds the whole demo there. The outbox stays empty: the log begins
with live use. `load_tickets` adds tickets to a demo that is there already.
"""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import asyncpg
from asyncpg import Connection

from app.core import clock
from app.core.crypto import Vault, hash_password
from app.demo import history, ticket_rows
from app.demo.content.people import People
from app.demo.copying import TABLES, Copier, ahead
from app.demo.dwellings import Registrar
from app.demo.founding import Founding
from app.demo.places import Places, lay_out
from app.demo.progress import Progress
from app.demo.scale import SIZES, Scale, Size
from app.demo.staffing import Staff, staff
from app.demo.summary import DEMO_PASSWORD, DemoSummary, DemoToken
from app.demo.third_party import third_party
from app.models.enums import AreaLevel
from app.runtime.failures import CommandFailed

__all__ = ["load", "load_tickets"]

PREFIX = "WG"
_PLACES, _HOUSEHOLDS, _INDEXES = "区域、单位和队伍", "住户", "索引"
_REGISTRY = ("household", "resident", "household_member")
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
) -> DemoSummary:
    """Load a demo as the owner of the tables; `CommandFailed` where there are areas already."""
    founding, size = Founding(seed, now or clock.now()), SIZES[scale]
    async with _connected(dsn_owner) as connection:
        with _uncollected():
          async with connection.transaction():
            await _require_empty(connection)
            copier = Copier(connection)
            places = lay_out(founding, scale)
            people = _people(founding, places)
            team = staff(founding, places, size, people, vault, hash_password(DEMO_PASSWORD))
            token = await _found(copier, founding, places, team)
            progress(_PLACES, 1, 1)
            registrar = Registrar(founding, people, vault, team.worker_of)
            await _settle(copier, registrar, places, size, progress)
            await _tell(copier, size.tickets, seed, founding.now, prefix, progress)
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
    """Add `count` tickets of the past year, in the same shares, to the demo in this database."""
    async with _connected(dsn_owner) as connection:
        async with connection.transaction():
            copier = Copier(connection)
            await _tell(copier, count, seed, now or clock.now(), prefix, progress)
        await _analyze(connection)


async def _tell(
    copier: Copier, count: int, seed: int, now: datetime, prefix: str, progress: Progress
) -> None:
    async with copier.bulk(ticket_rows.TABLES.values()):
        await history.write(copier, count=count, seed=seed, now=now, prefix=prefix, progress=progress)
        progress(_INDEXES, 0, 1)
    progress(_INDEXES, 1, 1)


async def _found(copier: Copier, founding: Founding, places: Places, team: Staff) -> DemoToken:
    """Areas, organisations, staff with posts and accounts, and the third party."""
    party = third_party(founding, places.common_area)
    await copier.write(places.areas, places.orgs, team.members, team.posts, team.accounts)
    await copier.write([party.client], [party.token])
    return party.shown


async def _settle(
    copier: Copier, registrar: Registrar, places: Places, size: Size, progress: Progress
) -> None:
    """All households and residents."""
    async with copier.bulk(_REGISTRY):
        async for homes in ahead(registrar.batches(places.grids, size.households)):
            await copier.write(*homes.all())
            progress(_HOUSEHOLDS, copier.counts["household"], size.households)
    # The history looks for callers among them and needs good plans for it.
    await copier.connection.execute(f"ANALYZE {', '.join(_REGISTRY)}")


def _people(founding: Founding, places: Places) -> People:
    """Locals are registered in the county, or in the city where there is none."""
    region = max((row for row in places.areas if row.level in _REGIONS), key=lambda row: len(row.path))
    city = next(row for row in places.areas if row.level is AreaLevel.CITY)
    above = [row.name for row in places.areas if row.id in region.path]
    return People(founding.seed, founding.today, city=city.code[:4], hukou_place="".join(above))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector: rows make no cycles, and looking for some takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "wangge-demo", "jit": "off"})
    try:
        yield connection
    finally:
        await connection.close()


async def _require_empty(connection: Connection) -> None:
    if await connection.fetchval("SELECT EXISTS (SELECT FROM area)"):
        raise CommandFailed("数据库里已有区域数据：演示数据只能装入空的数据库")


async def _analyze(connection: Connection) -> None:
    """Statistics for the planner, and visible pages for index-only scans."""
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES.values())}")
