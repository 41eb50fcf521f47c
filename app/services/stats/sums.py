"""Sums of measures, whoever asks: of areas or organisations, in slices of time, divided by one thing.

The one door to the rollups. Every question of the stats wing is some slices here; what a sum means is
`kpis`' business, what contributes to it `facts`', how the rollups are kept up `folding`'s.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from heapq import nlargest
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import fetch_all
from app.models.enums import AreaLevel
from app.models.enums.figure import Grain
from app.models.enums.measure import Measure
from app.services.stats import folding, periods, summing, tail
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


class Row(NamedTuple):
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
Found = dict[Key, dict[Measure, int]]
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


class Top(NamedTuple):
    """How many of the keys with the most of a measure are wanted."""

    measure: Measure
    most: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: whose sums, of which measures, in which slices, divided by what.

    With `top`, keys that are surely not among the first may be left out.
    """

    whose: Whose
    slices: Sequence[Slice]
    measures: Sequence[Measure]
    by: By = By.NOTHING
    each_area: bool = False
    top: Top | None = None

    def halves(self) -> "Iterator[Query]":
        """The part that is read from the cells, and that of grids where it is counted from their facts."""
        if self.by is By.NOTHING and not self.whose.orgs:
            yield self
            return
        fine = tuple(place for place in self.whose.places if place.level in _FINE)
        coarse = tuple(place for place in self.whose.places if place.level not in _FINE)
        for places in (coarse, fine):
            if places:
                yield replace(self, whose=Whose(places, self.whose.orgs))

    @property
    def is_counted(self) -> bool:
        """Whether it is counted from the facts of grids."""
        divided = self.by is not By.NOTHING or bool(self.whose.orgs)
        return divided and all(place.level in _FINE for place in self.whose.places)

    @property
    def is_held(self) -> bool:
        """Whether it is counted from the facts of organisations: what they held in an area, divided."""
        kept = self.by in {By.NOTHING, By.ORG} or EVERYTHING in self.whose.area_ids
        return bool(self.whose.orgs) and not kept


async def read(session: AsyncSession, query: Query) -> Read:
    """The sums as they are now, out of the rollups and their tail."""
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
        _told(_found(query, each, parts.net), parts.net, query, as_of)
        for query, each in zip(queries, read, strict=True)
    ]


def _found(query: Query, read: Sequence[Sequence[Any]], parts: Sequence[Part]) -> Found:
    """The sums of the cells that were read."""
    found: Found = {}
    place_of = {key: place.id for place in query.whose.places for key in place.keys}
    columns = summing.columns(tuple(query.measures))
    for row in chain.from_iterable(read):
        told = list(zip(*(row[name] for name in columns), strict=True))
        if query.top and len(read) == 1:
            told = foremost(told, row[query.top.measure], query, parts)
        for number, area_id, key, *sums in told:
            amounts = {name: n for name, n in zip(query.measures, sums, strict=True) if n}
            _sum(found, (number, place_of.get(area_id), key), amounts)
    return found


def foremost(
    told: list[tuple[Any, ...]], sizes: Sequence[int | None], query: Query, parts: Sequence[Part]
) -> list[tuple[Any, ...]]:
    """Those that can be among the first once the parts are added: so many more, and all that have parts."""
    assert query.top is not None  # noqa: S101 - nobody else asks
    touched = {_KEYS[query.by](part) for part in parts}
    most = query.top.most + len(touched)
    if len(told) <= most or len({key for _number, _area_id, key, *_sums in told}) < len(told):
        return told
    least = nlargest(most, (size or 0 for size in sizes))[-1]
    return [one for one, size in zip(told, sizes, strict=True) if (size or 0) >= least or one[2] in touched]


def _sum(found: Found, key: Key, amounts: Mapping[Measure, int]) -> None:
    """Add to the sums of a key."""
    known = found.get(key)
    if known is None:
        found[key] = dict(amounts)
        return
    for name, amount in amounts.items():
        known[name] = known.get(name, 0) + amount


async def _rows(session: AsyncSession, query: Query) -> Sequence[Any]:
    names = tuple(query.measures)
    if query.is_counted:
        statement = summing.of_grids(names, query.by.value, each_area=query.each_area)
    elif query.is_held:
        statement = summing.of_orgs(names, query.by.value)
    else:
        each_org = query.by is By.ORG and not query.whose.orgs
        statement = summing.of_cells(names, query.by.value, each_area=query.each_area, each_org=each_org)
    values = (*_slices(query.slices), query.whose.area_ids, query.whose.org_ids)
    return await fetch_all(session, statement, *values)


def defined(parts: Iterable[Part], query: Query, *, as_of: datetime) -> Read:
    """The same sums by the definition alone, from the parts of `tail.everything`: what `read` must equal."""
    return _told({}, parts, query, as_of)


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
            _sum(found, (number, area_id if query.each_area else None, key), amounts)


def _slices(wanted: Sequence[Slice]) -> tuple[list[Any], ...]:
    grains = [one.grain.value if one.grain else "now" for one in wanted]
    numbers, starts = [one.number for one in wanted], [one.start for one in wanted]
    return numbers, grains, starts, [one.end for one in wanted]
