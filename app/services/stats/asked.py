"""What every question about figures begins with: whose, of when, and how a KPI is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import invalid_field
from app.models.enums.figure import PeriodName
from app.models.enums.measure import Measure
from app.schemas.stats_figures import Figure, KpiDefinition, KpiDefinitions, PeriodRead
from app.services.platform.actor import Actor
from app.services.stats import kpis, periods, whose
from app.services.stats.kpis import KPIS, Kpi, Sums
from app.services.stats.periods import Span
from app.services.stats.whose import Whose

_WHOSE = "whose figures"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's own words: an area or an organisation to narrow to, a period by name or by its days."""

    area_id: UUID | None = None
    org_id: UUID | None = None
    period: PeriodName | None = None
    first: date | None = None
    last: date | None = None

    def span(self) -> Span:
        """The period; `Invalid` where it makes no sense."""
        return periods.wanted(self.period, self.first, self.last)

    async def whose(self, session: AsyncSession, actor: Actor) -> Whose:
        """Whose figures; `NotFound` outside the caller's reach. Looked up once for all parts of a screen."""
        known: dict[Any, Whose] = session.sync_session.info.setdefault(_WHOSE, {})
        about = (actor.id, self.area_id, self.org_id)
        if about not in known:
            known[about] = await whose.of(session, actor=actor, area_id=self.area_id, org_id=self.org_id)
        return known[about]


def named(codes: Sequence[str]) -> list[Kpi]:
    """The KPIs by their codes, all of them for none; `Invalid` for a code that there is not."""
    unknown = [code for code in codes if code not in KPIS]
    if unknown:
        raise invalid_field("query.kpis", f"没有这个指标：{unknown[0]}", "There is no such KPI")
    return [KPIS[code] for code in dict.fromkeys(codes)] if codes else list(KPIS.values())


def needed(wanted: Iterable[Kpi]) -> list[Measure]:
    """The measures that KPIs are made of, each once."""
    return list(dict.fromkeys(name for kpi in wanted for name in kpis.measures(kpi)))


def figure(kpi: Kpi, sums: Sums) -> Figure:
    """A KPI's value as it goes out."""
    found = kpis.value(kpi, sums)
    return Figure(value=found.value, numerator=found.numerator, denominator=found.denominator)


def definition(kpi: Kpi) -> KpiDefinition:
    """A KPI's definition as it goes out."""
    return KpiDefinition.model_validate(kpi)


def definitions() -> KpiDefinitions:
    """All definitions, and their version."""
    return KpiDefinitions(definition_version=kpis.VERSION, items=[definition(kpi) for kpi in KPIS.values()])


def period(span: Span) -> PeriodRead:
    """A period as it goes out."""
    return PeriodRead(name=span.name, start=span.start, end=span.end)
