"""What the rollups say against what the definition says, at every scope and divided by everything."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums.figure import Grain, PeriodName
from app.models.enums.measure import Measure
from app.schemas.types import Ref
from app.services.stats import folding, periods, sums, tail
from app.services.stats.sums import By, Query
from app.services.stats.whose import EVERYTHING, Place, Whose
from tests.support.world import World

MEASURES = tuple(Measure)


async def differences(session: AsyncSession, world: World) -> list[Any]:
    """Where the two do not agree: the question, what the rollups say and what the definition says."""
    found, as_of = [], folding.minute()
    parts = await tail.everything(session, as_of=as_of)
    for query in queries(world):
        rolled, defined = await sums.read(session, query), sums.defined(parts, query, as_of=as_of)
        said, meant = _by_key(rolled), _by_key(defined)
        found += [
            (query.whose.area_ids, query.whose.org_ids, query.by, key, said.get(key), meant.get(key))
            for key in said.keys() | meant.keys()
            if said.get(key) != meant.get(key)
        ]
    return found


def queries(world: World) -> Iterator[Query]:
    """Every area, every organisation, every division, in months, days, weeks and hours."""
    year = [sums.NOW, *sums.slices(0, periods.named(PeriodName.YEAR))]
    days = [
        *sums.steps(periods.named(PeriodName.LAST_30_DAYS), Grain.DAY),
        *[sums.Slice(one.number + 1000, one.grain, one.start, one.end)
          for one in sums.steps(periods.named(PeriodName.LAST_7_DAYS), Grain.HOUR)],
    ]  # fmt: skip
    everywhere = Place(EVERYTHING, "", None)
    places = [Place(place.id, place.name, place.level) for place in world.places.values()]
    orgs = tuple(Ref(id=org.id, name=org.name) for org in world.orgs.values())
    for place in places:
        yield Query(Whose((place,)), days, MEASURES)
        for by in By:
            yield Query(Whose((place,)), year, MEASURES, by)
    yield Query(Whose(tuple(places[-2:])), year, MEASURES, each_area=True)
    for place in (everywhere, *places):
        yield Query(Whose((place,), orgs[:2]), [*year, *days], MEASURES)
    for by in By:
        yield Query(Whose((everywhere,), orgs), year, MEASURES, by)


def _by_key(read: sums.Read) -> dict[Any, Any]:
    return {
        (row.number, row.area_id, row.key): {name: n for name, n in row.sums.items() if n}
        for row in read.rows
    }
