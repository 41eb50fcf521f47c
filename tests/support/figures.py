"""What the rollups say against what the definition says, at every scope and divided by everything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import AreaLevel
from app.models.enums.figure import Grain, PeriodName
from app.models.enums.measure import Measure
from app.schemas.types import Ref
from app.services.stats import folding, periods, sums, tail
from app.services.stats.sums import By, Query, Slice
from app.services.stats.whose import EVERYTHING, Place, Whose
from tests.support.world import Place as Area
from tests.support.world import World

MEASURES = tuple(Measure)


async def differences(session: AsyncSession, asked: Iterable[Query]) -> list[Any]:
    """Where the two do not agree: the question, and what the rollups and the definition say of a measure."""
    found, as_of = [], folding.minute()
    parts = await tail.everything(session, as_of=as_of)
    for query in asked:
        rolled, defined = await sums.read(session, query), sums.defined(parts, query, as_of=as_of)
        said, meant = _by_key(rolled), _by_key(defined)
        for key in said.keys() | meant.keys():
            rolled_up, counted = said.get(key, {}), meant.get(key, {})
            wrong = {
                name.value: (rolled_up.get(name, 0), counted.get(name, 0))
                for name in MEASURES
                if rolled_up.get(name, 0) != counted.get(name, 0)
            }
            if wrong:
                found.append((len(query.whose.orgs), query.by, key, wrong))
    return found


def queries(world: World) -> Iterator[Query]:
    """Every area, every organisation, every division, in months, days, weeks and hours."""
    year = [sums.NOW, *sums.slices(0, periods.named(PeriodName.YEAR))]
    days = _numbered(1000, sums.steps(periods.named(PeriodName.LAST_30_DAYS), Grain.DAY))
    days += _numbered(2000, sums.steps(periods.named(PeriodName.LAST_7_DAYS), Grain.HOUR))
    everywhere = Place(EVERYTHING, "", None)
    places = [_place(world, place) for place in world.places.values()]
    orgs = tuple(Ref(id=org.id, name=org.name) for org in world.orgs.values())
    for place in places:
        yield Query(Whose((place,)), days, MEASURES)
        for by in By:
            yield Query(Whose((place,)), year, MEASURES, by)
            yield Query(Whose((place,), orgs[:3]), year, MEASURES, by)
    yield Query(Whose(tuple(places[-2:])), year, MEASURES, each_area=True)
    for place in (everywhere, *places):
        yield Query(Whose((place,), orgs[:2]), [*year, *days], MEASURES)
    for by in By:
        yield Query(Whose((everywhere,), orgs), year, MEASURES, by)


def _place(world: World, area: Area) -> Place:
    """As `whose.places` makes it: a larger area is what lies below it down to towns."""
    fine = {AreaLevel.TOWN, AreaLevel.VILLAGE, AreaLevel.GRID, AreaLevel.MICRO_GRID}
    below = [
        each.id
        for each in world.places.values()
        if area.id in each.path and (each.level not in fine or each.level is AreaLevel.TOWN)
    ]
    return Place(area.id, area.name, area.level, () if area.level in fine else tuple(below))


def _numbered(first: int, slices: Sequence[Slice]) -> list[Slice]:
    return [replace(one, number=first + one.number) for one in slices]


def _by_key(read: sums.Read) -> dict[Any, Any]:
    return {
        (row.number, row.area_id, row.key): {name: n for name, n in row.sums.items() if n}
        for row in read.rows
    }
