"""Visits of a period, how many households they reached, and how many who need care were seen in time.

Visits are of the rollups. Coverage is counted from the register as it stands at the moment of the answer: it
costs as much as there are households, however many tickets and visits. Of a period up to today a household
says itself whether it was reached; of one that is over, visits are looked up of those that may have been.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import HouseholdType
from app.models.enums.measure import Measure
from app.models.registry import CareObject, Household
from app.models.visit import Visit
from app.schemas.stats import Ratio
from app.schemas.stats_figures import VisitFiguresRead
from app.services.platform.actor import Actor
from app.services.platform.scope import ScopeColumns
from app.services.registry import households
from app.services.stats import sums
from app.services.stats.asked import Asked, figure, period
from app.services.stats.kpis import KPIS, VERSION
from app.services.stats.periods import Span
from app.services.stats.whose import Whose
from app.services.visits.ratios import ratio

_CARE = ScopeColumns(
    area=CareObject.area_id, town=CareObject.town_id, village=CareObject.village_id, grid=CareObject.grid_id
)
_SHOWN = (Measure.VISITS, Measure.EFFECTIVE_VISITS, Measure.OPINIONS)


async def visits(session: AsyncSession, *, actor: Actor, asked: Asked) -> VisitFiguresRead:
    """The figures of a period; coverage is as the register stands now."""
    span, whose = asked.span(), await asked.whose(session, actor)
    found = await sums.read(session, sums.Query(whose, sums.slices(0, span), _SHOWN))
    part = found.of(0)
    covered, care = await _coverage(session, whose, span)
    return VisitFiguresRead(
        as_of=found.as_of,
        definition_version=VERSION,
        scope=whose.read(),
        period=period(span),
        visits=part.get(Measure.VISITS, 0),
        effective=ratio(part.get(Measure.EFFECTIVE_VISITS, 0), part.get(Measure.VISITS, 0)),
        opinions=part.get(Measure.OPINIONS, 0),
        issues_per_100_visits=figure(KPIS["issue_per_100_visits"], part),
        covered=covered,
        care=care,
    )


async def _coverage(session: AsyncSession, whose: Whose, span: Span) -> tuple[Ratio, Ratio]:
    homes = (
        _within(whose, households.COLUMNS),
        Household.ended_on.is_(None),
        Household.household_type != HouseholdType.VACANT,
    )
    reached = Household.last_visit_on >= span.first
    if span.last < clock.today():
        visit = select(Visit.household_id).where(
            Visit.household_id == Household.id,
            Visit.is_effective,
            Visit.occurred_at >= span.start,
            Visit.occurred_at < span.end,
        )
        reached = and_(reached, visit.exists())
    looked_after = (_within(whose, _CARE), CareObject.ended_on.is_(None))
    in_time = CareObject.next_visit_due >= clock.today()
    counts: Any = select(
        select(func.count()).select_from(Household).where(*homes, reached).scalar_subquery(),
        select(func.count()).select_from(Household).where(*homes).scalar_subquery(),
        select(func.count()).select_from(CareObject).where(*looked_after, in_time).scalar_subquery(),
        select(func.count()).select_from(CareObject).where(*looked_after).scalar_subquery(),
    )
    seen, all_homes, seen_to, all_care = (await session.execute(counts)).one()
    return ratio(seen, all_homes), ratio(seen_to, all_care)


def _within(whose: Whose, columns: ScopeColumns) -> ColumnElement[bool]:
    """The rows in the areas; of organisations alone none."""
    if whose.orgs:
        return false()
    return or_(
        false(),
        *(
            true() if place.level is None else columns.of_area(place.id, place.level)
            for place in whose.places
        ),
    )
