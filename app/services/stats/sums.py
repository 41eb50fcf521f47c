"""Sums of measures, whoever asks: of areas or organisations, in slices of time, divided by one thing.

The one door to the rollups. Every question of the stats wing is some slices here; what a sum means is
`kpis`' business, what contributes to it `facts`', how the rollups are kept up `folding`'s.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import fetch_all
from app.core.errors import invalid_field
from app.models.enums import AreaLevel
from app.models.enums.figure import Grain
from app.models.enums.measure import Measure
from app.services.stats import folding, periods, tail
from app.services.stats.kpis import Sums
from app.services.stats.periods import Span
from app.services.stats.tail import Part
from app.services.stats.whose import EVERYTHING, Whose


class By(StrEnum):
    """What sums are divided by besides areas; `stat_cell.divided`."""

    NOTHING = ""
    ORG = "org"
    CATEGORY = "category"
    SOURCE = "source"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Slice:
    """Some time of a kind of bucket, counted into the sum of a number; `grain` None is what is so now."""

    number: int
    grain: Grain | None = None
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, hour: datetime | None) -> bool:
        """Whether what happened in an hour counts into it; None is what is so now."""
        if hour is None or self.start is None or self.end is None:
            return hour is None and self.grain is None
        return self.start <= hour < self.end


@dataclass(frozen=True, slots=True)
class Row:
    """The sums of a slice's number, of an area where areas were told apart, and of a key."""

    number: int
    area_id: UUID | None
    key: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Read:
    """Rows without any for nothing, as of a whole minute, or of the fold where that is ahead."""

    as_of: datetime
    rows: Sequence[Row]

    def of(self, number: int) -> Sums:
        """The sums of a number, where nothing was told apart."""
        return next((row.sums for row in self.rows if row.number == number), {})


NOW = Slice(-1)
Key = tuple[int, UUID | None, str]
Found = defaultdict[Key, Counter[Measure]]
_FINE = frozenset({AreaLevel.GRID, AreaLevel.MICRO_GRID})
_KEYS: Mapping[By, Callable[[Part], str | None]] = {
    By.ORG: lambda part: str(part.org_id) if part.org_id else None,
    By.CATEGORY: lambda part: part.category,
    By.SOURCE: lambda part: part.source,
    By.WORKER: lambda part: str(part.member_id) if part.member_id else None,
}


def slices(number: int, span: Span) -> list[Slice]:
    """A span as whole months and the days that are left over."""
    return [replace(one, number=number) for one in steps(span, Grain.MONTH)]


def steps(span: Span, grain: Grain) -> list[Slice]:
    """A slice for each step of a trend, numbered from 0.

    Days instead of a month that is not whole; this month so far is whole, because nothing is later than now.
    """
    starts = periods.steps(span, grain)
    return [
        Slice(number, *_bucket(grain, start, end))
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], span.end], strict=True))
    ]


def _bucket(grain: Grain, start: datetime, end: datetime) -> tuple[Grain, datetime, datetime]:
    if grain is not Grain.MONTH:
        return Grain.DAY if grain is Grain.WEEK else grain, start, end
    whole = periods.month_from(start)
    if whole is not None and (end == whole or end > clock.now()):
        return Grain.MONTH, start, max(end, whole)
    return Grain.DAY, start, end


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: whose sums, of which measures, in which slices, divided by what."""

    whose: Whose
    slices: Sequence[Slice]
    measures: Sequence[Measure]
    by: By = By.NOTHING
    each_area: bool = False

    def halves(self) -> "Iterator[Query]":
        """The part that is read from the cells, and that of grids where it is counted from their facts.

        `Invalid` where what an organisation held in a larger area is to be divided: that is not kept.
        """
        if self.by is By.NOTHING and not self.whose.orgs:
            yield self
            return
        fine = tuple(place for place in self.whose.places if place.level in _FINE)
        coarse = tuple(place for place in self.whose.places if place.level not in _FINE)
        if self.whose.orgs and self.by not in {By.NOTHING, By.ORG} and any(place.level for place in coarse):
            raise invalid_field(
                "query.org_id", "不能在一个区域之内按单位再细分", "Not divided within an area"
            )
        for places in (coarse, fine):
            if places:
                yield replace(self, whose=Whose(places, self.whose.orgs))

    @property
    def is_counted(self) -> bool:
        """Whether it is counted from the facts of grids."""
        divided = self.by is not By.NOTHING or bool(self.whose.orgs)
        return divided and all(place.level in _FINE for place in self.whose.places)


async def read(session: AsyncSession, query: Query) -> Read:
    """The sums as they are now, out of the rollups and their tail; `Invalid` where they are not kept."""
    return (await read_all(session, [query]))[0]


async def read_all(session: AsyncSession, queries: Sequence[Query]) -> list[Read]:
    """As `read`, several of one moment."""
    halves = [list(query.halves()) if query.whose.places else [] for query in queries]
    if not any(halves):
        return [Read(folding.minute(), ()) for _query in queries]
    while True:
        read = [[await _rows(session, half) for half in each] for each in halves]
        # All rows of a statement tell the same state.
        states = [tail.state_of(rows[0]) for each in read for rows in each]
        met = states[0]
        as_of = max(folding.minute(), met.matured_at) if met.matured_at else folding.minute()
        of, parts = await tail.parts(session, state=met, as_of=as_of)
        if all(state.folded == of.folded for state in states):
            break
    return [
        _told(_found(query, each), parts.net, query, as_of) for query, each in zip(queries, read, strict=True)
    ]


def _found(query: Query, read: Sequence[Sequence[Any]]) -> Found:
    """The sums of the cells that were read."""
    found: Found = defaultdict(Counter)
    place_of = {key: place.id for place in query.whose.places for key in place.keys}
    for row in chain.from_iterable(read):
        if row["number"] is not None:
            sums = found[row["number"], place_of.get(row["area_id"]), row["key"]]
            sums.update({name: row[name] for name in query.measures if row[name]})
    return found


async def _rows(session: AsyncSession, query: Query) -> Sequence[Any]:
    if query.is_counted:
        statement = _counted(tuple(query.measures), query.by, each_area=query.each_area)
    else:
        each_org = query.by is By.ORG and not query.whose.orgs
        statement = _statement(tuple(query.measures), query.by, each_area=query.each_area, each_org=each_org)
    values = (*_slices(query.slices), query.whose.area_ids, query.whose.org_ids)
    return await fetch_all(session, statement, *values)


def defined(parts: Iterable[Part], query: Query, *, as_of: datetime) -> Read:
    """The same sums by the definition alone, from the parts of `tail.everything`: what `read` must equal."""
    return _told(defaultdict(Counter), parts, query, as_of)


def _told(found: Found, parts: Iterable[Part], query: Query, as_of: datetime) -> Read:
    for part in parts:
        _add(found, part, query)
    rows = [Row(*key, sums) for key, sums in found.items() if any(sums.values())]
    return Read(as_of, rows)


def _add(found: Found, part: Part, query: Query) -> None:
    """Add a part of the tail to the sums that it belongs to."""
    whose, wanted = query.whose, set(query.measures)
    amounts = {name: part.sign * amount for name, amount in part.amounts.items() if name in wanted}
    key = "" if query.by is By.NOTHING else _KEYS[query.by](part)
    held = not whose.orgs or part.org_id in whose.org_ids
    if not amounts or key is None or not held:
        return
    there = part.areas | {EVERYTHING}
    places = [place.id for place in whose.places if there & set(place.keys)]
    for number in {one.number for one in query.slices if one.holds(part.hour)}:
        for area_id in places:
            found[number, area_id if query.each_area else None, key].update(amounts)


def _slices(wanted: Sequence[Slice]) -> tuple[list[Any], ...]:
    grains = [one.grain.value if one.grain else "now" for one in wanted]
    numbers, starts = [one.number for one in wanted], [one.start for one in wanted]
    return numbers, grains, starts, [one.end for one in wanted]


_SLICED = """
slice AS (SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    AS given (number, grain, first, beyond))"""


# OFFSET 0: a slice after the other, each a short range of the key; joined freely, all cells would be read.
@lru_cache(maxsize=200)
def _statement(names: tuple[Measure, ...], by: By, *, each_area: bool, each_org: bool) -> str:
    """The cells of the slices; what is of organisations is divided by them as it stands."""
    key, divided = ("stat_cell.key", by.value) if by is not By.ORG else ("stat_cell.org_id::text AS key", "")
    held = "org_id > ($6::uuid[])[1]" if each_org else "org_id = ANY($6::uuid[])"
    summed = ", ".join(f"sum(stat_cell.{name})::bigint AS {name}" for name in names)
    area = "stat_cell.area_id" if each_area else "NULL::uuid AS area_id"
    return f"""
WITH state AS MATERIALIZED ({tail.STATE}), {_SLICED}
SELECT state.*, cell.* FROM state LEFT JOIN LATERAL (
    SELECT slice.number, {area}, {key}, {summed}
      FROM slice CROSS JOIN LATERAL (SELECT * FROM stat_cell
             WHERE generation = state.generation AND area_id = ANY($5::uuid[]) AND {held}
               AND divided = '{divided}' AND grain = slice.grain
               AND start >= coalesce(slice.first, '-infinity')
               AND start < coalesce(slice.beyond, 'infinity')
            OFFSET 0) AS stat_cell
     GROUP BY 1, 2, 3 HAVING num_nonnulls({", ".join(f"sum(stat_cell.{name})" for name in names)}) > 0
    ) AS cell ON true
"""  # noqa: S608 - the names are the enums'


@lru_cache(maxsize=200)
def _counted(names: tuple[Measure, ...], by: By, *, each_area: bool) -> str:
    """The facts of grids and micro-grids in the slices: they are few."""
    key = {By.CATEGORY: "was.category", By.SOURCE: "was.source", By.ORG: "held.org_id::text"}.get(by)
    key = key or ("held.member_id::text" if by is By.WORKER else "''")
    summed = ", ".join(f"sum(held.{name})::bigint AS {name}" for name in names)
    area = "place.id AS area_id" if each_area else "NULL::uuid AS area_id"
    return f"""
WITH state AS MATERIALIZED ({tail.STATE}), {_SLICED},
place AS (
    SELECT id, unnest(path) AS grid_id FROM area WHERE id = ANY($5::uuid[])
     UNION SELECT area_id, other_id FROM area_event WHERE area_id = ANY($5::uuid[]))
SELECT state.*, cell.* FROM state LEFT JOIN LATERAL (
    SELECT slice.number, {area}, {key} AS key, {summed}
      FROM slice CROSS JOIN place
      JOIN stat_fact held ON held.generation = state.generation AND held.grid_id = place.grid_id
       AND held.hour >= coalesce(slice.first, '-infinity')
       AND held.hour <= coalesce(slice.beyond - interval '1 microsecond', '-infinity')
      JOIN stat_record was ON was.generation = state.generation AND was.id = held.record_id
       AND place.id = ANY(was.areas)
     WHERE (held.counts_from IS NULL OR held.counts_from < state.matured_at) AND {key} IS NOT NULL
       AND ('{EVERYTHING}' = ANY($6::uuid[]) OR held.org_id = ANY($6::uuid[]))
     GROUP BY 1, 2, 3) AS cell ON true
"""  # noqa: S608 - the names are the enums'
