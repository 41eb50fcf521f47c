"""Sums of measures, whoever asks: of areas or organisations, in slices of time, divided by one thing.

The one door to the rollups. Every question of the stats wing is some slices here; what a sum means is
`kpis`' business, what contributes to it `facts`', how the rollups are kept up `folding`'s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums.figure import Grain
from app.models.enums.measure import Measure
from app.services.stats import periods
from app.services.stats.kpis import Sums
from app.services.stats.periods import Span
from app.services.stats.whose import EVERYTHING, Whose


class By(StrEnum):
    """What sums are divided by besides areas and organisations."""

    NOTHING = ""
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


@dataclass(frozen=True, slots=True)
class Row:
    """The sums of a slice's number, of an area where areas were told apart, and of a key."""

    number: int
    area_id: UUID | None
    org_id: UUID | None
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


def slices(number: int, span: Span) -> list[Slice]:
    """A span as whole months and the days that are left over."""
    return [replace(one, number=number) for one in steps(span, Grain.MONTH)]


def steps(span: Span, grain: Grain) -> list[Slice]:
    """A slice for each step of a trend, numbered from 0."""
    starts = periods.steps(span, grain)
    kind = Grain.DAY if grain is Grain.WEEK else grain
    pairs = zip(starts, [*starts[1:], span.end], strict=True)
    return [
        Slice(
            number,
            Grain.DAY if kind is Grain.MONTH and not periods.is_month(start, end) else kind,
            start,
            end,
        )
        for number, (start, end) in enumerate(pairs)
    ]


async def read(
    session: AsyncSession,
    *,
    whose: Whose,
    wanted: Iterable[Slice],
    measures: Iterable[Measure],
    by: By = By.NOTHING,
    each_area: bool = False,
    each_org: bool = False,
) -> Read:
    """The sums of the measures for each number, divided by `by`, by area and by organisation if wanted."""
    raise NotImplementedError(session, whose, wanted, measures, by, each_area, each_org, clock, EVERYTHING)
