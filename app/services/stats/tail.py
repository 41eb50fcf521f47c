"""What the rollups do not hold yet: the tail of the outbox, and what counts only since the last fold.

Worked out once for a state of fold and outbox, whatever is asked; every question adds the parts that it is
about. A tail is as of its own moment; a reading of the cells belongs to it when both met the same fold,
because only the fold changes cells.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import fetch_all
from app.core.errors import Problem
from app.models.enums.measure import Measure
from app.services.stats import cells, facts
from app.services.stats.kpis import VERSION

MOST_NEWS = 100_000
MOST_UNFOLDED = 5_000
_KEPT = 8
_SHARED = "tails that an answer may be made of"
_Of = tuple[object, datetime]


class FiguresNotReady(Problem):
    """There are no rollups yet, or they are far behind, and too much is missing to do without."""

    status, code = 503, "figures_not_ready"
    title_zh, title_en = "统计数据正在汇总，请稍后再试", "The figures are being gathered, try again soon"


@dataclass(frozen=True, slots=True)
class State:
    """The state of fold and outbox that a reading met; `generation` is None where nothing was folded yet."""

    database: str
    generation: int | None
    txid: int
    last_id: int
    matured_at: datetime | None
    news: int
    newest: int | None

    @property
    def folded(self) -> tuple[object, ...]:
        """What the cells depend on: the fold alone, however much news there is after it."""
        return self.database, self.generation, self.txid, self.last_id, self.matured_at


@dataclass(frozen=True, slots=True)
class Part:
    """What to add to, or to take out of, the cells: where, when, whose, and how much.

    `is_news` where the record has news; what only has begun to count is beside what was folded of it.
    """

    record_id: UUID
    is_news: bool
    sign: int
    areas: frozenset[UUID]
    category: str | None
    source: str | None
    hour: datetime | None
    org_id: UUID | None
    member_id: UUID | None
    amounts: Mapping[Measure, int]


class Parts(tuple[Part, ...]):  # noqa: SLOT001 - it remembers what it is worth
    """All parts of a tail, record by record."""

    @cached_property
    def net(self) -> "Parts":
        """The same without what cancels out: of a step that is most of what was folded of its ticket."""
        sums: defaultdict[Any, Counter[Measure]] = defaultdict(Counter)
        alike: dict[Any, Part] = {}
        for part in self:
            about = (part.areas, part.category, part.source, part.hour, part.org_id, part.member_id)
            alike[about] = part
            for name, amount in part.amounts.items():
                sums[about][name] += part.sign * amount
        left = {about: {name: n for name, n in amounts.items() if n} for about, amounts in sums.items()}
        return Parts(
            replace(alike[about], sign=1, amounts=amounts) for about, amounts in left.items() if amounts
        )


STATE = f"""
    SELECT current_database()::text AS database, held.generation, coalesce(held.txid, 0) AS txid,
           coalesce(held.last_id, 0) AS last_id, held.matured_at, news.rows AS news, news.id AS newest
      FROM (SELECT) AS always
      LEFT JOIN stat_state held ON held.name = '{cells.STATE}' AND held.version = {VERSION}
     CROSS JOIN LATERAL (SELECT count(*) AS rows, max(id) AS id FROM outbox
            WHERE (outbox.txid, outbox.id) > (coalesce(held.txid, 0), coalesce(held.last_id, 0))) AS news
"""  # noqa: S608
# Of a `state`. Arrays, because a plan thinks that those hold a few ids, which is what the tail holds.
NEWS = f"""
news AS MATERIALIZED (
    SELECT outbox.topic, outbox.entity_id FROM state CROSS JOIN LATERAL (
        SELECT topic, entity_id FROM outbox WHERE (outbox.txid, outbox.id) > (state.txid, state.last_id)
         ORDER BY txid, id LIMIT {MOST_NEWS}) AS outbox),
wanted_ticket AS MATERIALIZED (SELECT unnest(ARRAY(
    SELECT DISTINCT entity_id FROM news WHERE topic LIKE 'ticket.%')) AS id)"""  # noqa: S608
_PARTS = """
    SELECT counted.record_id, true AS is_news, 1 AS sign, areas, category, source,
           nullif(hour, '-infinity') AS hour, org_id, member_id,
           jsonb_object_agg(measure, n) AS amounts
      FROM (SELECT record_id, hour, org_id, member_id, measure, sum(n) AS n FROM fact_now
             WHERE counts_from IS NULL OR counts_from < $1 GROUP BY 1, 2, 3, 4, 5) AS counted
      JOIN record_now ON record_now.id = counted.record_id
     GROUP BY counted.record_id, areas, category, source, hour, org_id, member_id
"""
_TAIL = f"""
WITH state AS MATERIALIZED ({STATE}),
{NEWS},
wanted_visit AS MATERIALIZED (SELECT unnest(ARRAY(
    SELECT DISTINCT entity_id FROM news WHERE topic LIKE 'visit.%')) AS id),
wanted AS MATERIALIZED (SELECT id FROM wanted_ticket UNION ALL SELECT id FROM wanted_visit),
{facts.RECORDS},
{facts.FACTS},
part AS (
    {_PARTS}
     UNION ALL
    SELECT held.record_id, true, -1, areas, category, source, nullif(hour, '-infinity'), org_id,
           member_id, {cells.AMOUNTS}
      FROM state CROSS JOIN wanted
      JOIN stat_record was ON was.generation = state.generation AND was.id = wanted.id
      JOIN stat_fact held ON held.record_id = wanted.id AND held.generation = state.generation
       AND (held.counts_from IS NULL OR held.counts_from < state.matured_at)
     UNION ALL
    SELECT held.record_id, false, 1, areas, category, source, nullif(hour, '-infinity'), org_id,
           member_id, {cells.AMOUNTS}
      FROM state
      JOIN stat_fact held ON held.generation = state.generation
       AND held.counts_from >= state.matured_at AND held.counts_from < $1
      JOIN stat_record was ON was.generation = held.generation AND was.id = held.record_id
     WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.id = held.record_id))
SELECT state.*, part.* FROM state LEFT JOIN part ON true
"""  # noqa: S608
_ALL = f"""
WITH wanted_ticket AS MATERIALIZED (SELECT id FROM ticket LIMIT $2),
wanted_visit AS MATERIALIZED (SELECT id FROM visit LIMIT $2),
{facts.RECORDS},
{facts.FACTS},
part AS ({_PARTS})
SELECT part.*, (SELECT count(*) FROM wanted_ticket) + (SELECT count(*) FROM wanted_visit) AS records
  FROM (SELECT) AS always LEFT JOIN part ON true
"""  # noqa: S608
_kept: dict[tuple[State, datetime], Parts] = {}


class Tails:
    """Tails that answers were made of, and that others may be made of for some seconds, of the same fold."""

    def __init__(self, seconds: float, beyond: "Tails | None" = None) -> None:
        self._seconds, self._beyond = seconds, beyond
        self._read: dict[_Of, tuple[float, State, Parts]] = {}

    @contextmanager
    def shared(self, session: AsyncSession) -> Iterator[None]:
        """Let what the session answers meanwhile be made of these tails."""
        info = session.sync_session.info
        before, info[_SHARED] = info.get(_SHARED), self
        try:
            yield
        finally:
            info[_SHARED] = before

    def get(self, of: _Of) -> tuple[State, Parts] | None:
        """A tail of a fold and a minute, unless it is too old."""
        if of in self._read:
            read_at, state, parts = self._read[of]
            if monotonic() - read_at <= self._seconds:
                return state, parts
        lately = self._beyond.get(of) if self._beyond else None
        if lately is not None:
            self._read = {of: (monotonic(), *lately)}
        return lately

    def keep(self, of: _Of, state: State, parts: Parts) -> None:
        """Keep a tail, and none of an earlier fold or minute."""
        self._read = {of: (monotonic(), state, parts)}
        if self._beyond:
            self._beyond.keep(of, state, parts)


def of_one_moment(session: AsyncSession) -> Tails:
    """Tails for the parts of one answer, so that they agree."""
    return Tails(inf, session.sync_session.info.get(_SHARED))


async def parts(session: AsyncSession, *, state: State, as_of: datetime) -> tuple[State, Parts]:
    """The parts of a state at a minute, and the state that they are really of, should it have moved on.

    `FiguresNotReady` where nothing was folded yet and there is too much of it.
    """
    shared: Tails | None = session.sync_session.info.get(_SHARED)
    lately = shared.get((state.folded, as_of)) if shared else None
    if lately is not None:
        return lately
    found, read = await _parts(session, state, as_of)
    if shared:
        shared.keep((found.folded, as_of), found, read)
    return found, read


async def _parts(session: AsyncSession, state: State, as_of: datetime) -> tuple[State, Parts]:
    known = _kept.get((state, as_of))
    if known is not None:
        return state, known
    if state.generation is None:
        return state, await everything(session, as_of=as_of, most=MOST_UNFOLDED)
    if not state.news and state.matured_at == as_of:
        return state, Parts()
    if state.news > MOST_NEWS:
        raise FiguresNotReady(headers={"Retry-After": "10"})
    rows = await fetch_all(session, _TAIL, as_of)
    found, read = state_of(rows[0]), Parts(_part(row) for row in rows if row["sign"] is not None)
    while len(_kept) >= _KEPT:
        _kept.pop(next(iter(_kept)))
    _kept[found, as_of] = read
    return found, read


async def everything(session: AsyncSession, *, as_of: datetime, most: int | None = None) -> Parts:
    """The parts of all records by the definition alone; `FiguresNotReady` where there are too many."""
    rows = await fetch_all(session, _ALL, as_of, None if most is None else most + 1)
    if most is not None and rows[0]["records"] > most:
        raise FiguresNotReady(headers={"Retry-After": "10"})
    return Parts(_part(row) for row in rows if row["sign"] is not None)


def state_of(row: Any) -> State:
    """The state that a row of a reading tells."""
    return State(*(row[name] for name in State.__dataclass_fields__))


def _part(row: Any) -> Part:
    return Part(
        row["record_id"],
        row["is_news"],
        row["sign"],
        frozenset(row["areas"]),
        row["category"],
        row["source"],
        row["hour"],
        row["org_id"],
        row["member_id"],
        {Measure(name): amount for name, amount in row["amounts"].items()},
    )
