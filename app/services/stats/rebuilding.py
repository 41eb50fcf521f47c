"""The rebuild: a new generation of the rollups beside the one that is read, then the switch.

It begins by noting where the outbox stands: whatever happens while it runs is folded again afterwards,
which does no harm. First the facts of all records, then the cells by whole days, at last the months.
A batch is a transaction, so it can be stopped and taken up; one runs at a time.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.stats import STAT_CELL, STAT_FACT, STAT_RECORD, StatBuild, StatState
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.services.stats import cells, facts, folding
from app.services.stats.kpis import VERSION

BATCH = 2000
FACTS_AT_ONCE = 20_000
# More than a day beyond what is kept, so that what is folded now never adds to a swept hour.
HOURS_SWEPT_DAYS = 10
_NOBODY = UUID(int=0)
_LAST_ID = 2**63 - 1
_ENTITIES = (("ticket", Ticket), ("visit", Visit))
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('stat_build'))")
_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_ROW: ColumnElement[str] = literal_column("ctid")
_SLOWLY = text("SET LOCAL statement_timeout = '10min'")
# Another process at the same build, or the fold, is at it for as long as a batch takes.
_PATIENTLY = text("SET LOCAL lock_timeout = '10min'")
_ROOMY = text("SET LOCAL work_mem = '128MB'")
_BUILD = text(f"""
WITH wanted_ticket AS (SELECT unnest(CAST(:tickets AS uuid[])) AS id),
wanted_visit AS (SELECT unnest(CAST(:visits AS uuid[])) AS id),
{facts.RECORDS},
{facts.FACTS},
{cells.FRESH},
{cells.kept("fresh")}
SELECT count(*) FROM fresh
""")  # noqa: S608 - made of constants

# Whole days at a time, so that every cell is written once.
_CELLS = text(f"""
WITH delta AS MATERIALIZED (
    SELECT areas, category, source, hour, org_id, member_id, {cells.COLUMNS}
      FROM stat_fact held
      JOIN stat_record was ON was.generation = held.generation AND was.id = held.record_id
     WHERE held.generation = :generation AND held.counts_from IS NULL
       AND held.hour >= coalesce(:start, CAST('-infinity' AS timestamptz))
       AND held.hour <= coalesce(:last, CAST('-infinity' AS timestamptz)))
{cells.ADD_DAYS}
""")  # noqa: S608
_MONTHS = text(cells.ADD_MONTHS)
_NEXT_HOURS = text(f"""
SELECT min(hour), max(hour) FROM (
    SELECT hour FROM stat_fact WHERE generation = :generation AND hour >= :after AND counts_from IS NULL
     ORDER BY hour LIMIT {FACTS_AT_ONCE}) AS next
""")  # noqa: S608
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many records are done, of how many there were about at the beginning; then, up to which day."""

    done: int
    whole: int
    day: date | None = None


async def run(
    sessions: Sessions, *, anew: bool = False, leave: Callable[[], bool] = lambda: False
) -> AsyncIterator[Progress]:
    """Build a generation and switch to it, telling how far it is after each batch.

    Goes on with one that was begun by these definitions, unless `anew`.
    """
    async with transaction(sessions) as session:
        await _begin(session, anew=anew)
        whole = await _count(session)
    more = True
    while more:
        if leave():
            return
        async with transaction(sessions) as session:
            build, more = await _next(session)
        if build is not None and more:
            yield Progress(build.done, whole, _day_of(build))
    if build is not None:
        async with transaction(sessions) as session:
            await _switch(session, build.generation)
        await sweep(sessions)


async def is_wanted(session: AsyncSession) -> bool:
    """Whether there are no rollups yet, or only some by other definitions."""
    version = await session.scalar(select(StatState.version).where(StatState.name == cells.STATE))
    return version != VERSION


async def sweep(sessions: Sessions, *, batch: int = 50_000) -> int:
    """Remove the generations that nobody reads or builds, and hours of long ago; how many rows."""
    kept = select(StatState.generation).union(select(StatBuild.generation))
    longest = clock.day_start(clock.today() - timedelta(days=HOURS_SWEPT_DAYS))
    hours = and_(STAT_CELL.c.grain == "hour", STAT_CELL.c.start < longest)
    removed = 0
    for table, also in ((STAT_FACT, false()), (STAT_RECORD, false()), (STAT_CELL, hours)):
        while True:
            async with transaction(sessions) as session:
                gone = or_(table.c.generation.not_in(kept), also)
                old = select(_ROW).select_from(table).where(gone).limit(batch)
                swept = delete(table).where(_ROW.in_(old)).returning(table.c.generation)
                found = len((await session.execute(swept)).all())
            removed += found
            if found < batch:
                break
    return removed


async def _begin(session: AsyncSession, *, anew: bool) -> None:
    await session.execute(_PATIENTLY)
    await session.execute(_LOCK)
    build = await session.scalar(select(StatBuild).order_by(StatBuild.generation.desc()).limit(1))
    if build is not None and not anew and build.version == VERSION:
        return
    await session.execute(delete(StatBuild))
    used = select(func.max(STAT_RECORD.c.generation)).scalar_subquery()
    newest = await session.scalar(
        select(
            func.greatest(used, select(StatState.generation).scalar_subquery(), build and build.generation)
        )
    )
    horizon = await session.scalar(_HORIZON)
    session.add(
        StatBuild(
            generation=(newest or 0) + 1,
            version=VERSION,
            txid=(horizon or 1) - 1,
            matured_at=folding.minute(),
            entity=_ENTITIES[0][0],
            built_to=_NOBODY,
            cells_to=None,
        )
    )
    await session.flush()


async def _count(session: AsyncSession) -> int:
    """About how many records there are, as the statistics of the database say."""
    names = ", ".join(f"'{name}'" for name, _table in _ENTITIES)
    found = await session.scalar(
        text(f"SELECT sum(greatest(reltuples, 0))::bigint FROM pg_class WHERE relname IN ({names})")  # noqa: S608
    )
    return int(found or 0)


async def _next(session: AsyncSession) -> tuple[StatBuild | None, bool]:
    """Build a batch of records, or when all are there some days of cells; whether there was anything left.

    None where another process has switched to it already, or begun anew.
    """
    await _prepare(session)
    build = (await session.scalars(select(StatBuild).with_for_update())).one_or_none()
    if build is None:
        return None, False
    more = await _records(session, build) or await _days(session, build)
    await session.flush()
    return build, more


async def _prepare(session: AsyncSession) -> None:
    for each in (folding.PLANNED, _SLOWLY, _PATIENTLY, _ROOMY):
        await session.execute(each)


def _day_of(build: StatBuild) -> date | None:
    """The last day whose cells are there."""
    if build.cells_to is None or build.cells_to == _LONG_AGO:
        return None
    return build.cells_to.astimezone(clock.BUSINESS_ZONE).date() - timedelta(days=1)


async def _records(session: AsyncSession, build: StatBuild) -> bool:
    """The facts of the next batch of records; whether there were any."""
    names = [name for name, _table in _ENTITIES]
    ids: dict[str, list[UUID]] = {name: [] for name in names}
    if build.cells_to is not None:
        return False
    for name, table in _ENTITIES[names.index(build.entity) :]:
        after = build.built_to if name == build.entity else _NOBODY
        batch = select(table.id).where(table.id > after).order_by(table.id).limit(BATCH)
        ids[name] = list(await session.scalars(batch))
        if ids[name]:
            build.entity, build.built_to = name, ids[name][-1]
            break
    found = sum(map(len, ids.values()))
    if found:
        values = {"generation": build.generation, "matured": build.matured_at}
        await session.execute(_BUILD, {**values, "tickets": ids["ticket"], "visits": ids["visit"]})
        build.done += found
    return bool(found)


async def _days(session: AsyncSession, build: StatBuild) -> bool:
    """The cells of what is so now, then those of the next days with facts; whether there were any."""
    values = {"generation": build.generation, "matured": build.matured_at}
    if build.cells_to is None:
        await session.execute(_CELLS, {**values, "start": None, "last": None})
        build.cells_to = _LONG_AGO
        return True
    after = {"generation": build.generation, "after": build.cells_to}
    hours = (await session.execute(_NEXT_HOURS, after)).one()
    if hours[0] is None:
        return False
    first, last = (hour.astimezone(clock.BUSINESS_ZONE).date() for hour in hours)
    start, beyond = clock.day_bounds(first, last)
    await session.execute(_CELLS, {**values, "start": start, "last": beyond - timedelta(microseconds=1)})
    build.cells_to = beyond
    return True


async def _switch(session: AsyncSession, generation: int) -> None:
    """Add the months, then read the generation that is done; the fold goes on from where its build began."""
    await _prepare(session)
    done = select(StatBuild).where(StatBuild.generation == generation).with_for_update()
    build = (await session.scalars(done)).one_or_none()
    if build is None:
        return
    await session.execute(_MONTHS, {"generation": build.generation})
    await session.execute(delete(StatState))
    session.add(
        StatState(
            name=cells.STATE,
            version=build.version,
            generation=build.generation,
            txid=build.txid,
            last_id=_LAST_ID,
            matured_at=build.matured_at,
            folded_at=clock.now(),
        )
    )
    await session.delete(build)
    await session.flush()
