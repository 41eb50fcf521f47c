"""Questions that divide a scope: by category, area, source, organisation or worker, and rankings.

A ranking places only whose denominator is large enough; equals share a place, and the next comes as many
places later. By area means one level below: a town by its villages, several areas by themselves.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.area import Area
from app.models.enums.figure import Better, Breakdown, Unit
from app.models.enums.measure import Measure
from app.models.staff import Member, Org
from app.models.ticket import Category
from app.schemas.stats_figures import BreakdownRead, BreakdownRow, Figure, RankingRead, RankingRow
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.stats import sums
from app.services.stats.asked import Asked, definition, figure, named, needed, period
from app.services.stats.kpis import KPIS, LEAST_FOR_RANKING, VERSION, Kpi, Sums
from app.services.stats.sums import By, Query
from app.services.stats.whose import Place, Whose, places
from app.services.tickets.labels import SOURCE_ZH

_BY = {
    Breakdown.CATEGORY: By.CATEGORY,
    Breakdown.ORG: By.ORG,
    Breakdown.SOURCE: By.SOURCE,
    Breakdown.WORKER: By.WORKER,
}
_STOCK = (KPIS["overdue_open"], KPIS["open"])


async def breakdown(
    session: AsyncSession,
    *,
    actor: Actor,
    asked: Asked,
    by: Breakdown,
    codes: Sequence[str],
    limit: int,
) -> BreakdownRead:
    """KPIs by something, the largest first by the first of them, at most `limit` rows."""
    wanted, span = named(codes), asked.span()
    whose = await asked.whose(session, actor)
    slices = [sums.NOW, *sums.slices(0, span)]
    as_of, parts = await divided(session, whose=whose, slices=slices, by=by, wanted=wanted)
    ordered = sorted(parts, key=lambda key: (-_size(wanted[0], parts[key]), key))[:limit]
    names = await _names(session, by, ordered)
    rows = [
        BreakdownRow(key=key, name=names.get(key, key), figures=[figure(kpi, parts[key]) for kpi in wanted])
        for key in ordered
    ]
    return BreakdownRead(
        as_of=as_of,
        definition_version=VERSION,
        scope=whose.read(),
        period=period(span),
        by=by,
        kpis=[definition(kpi) for kpi in wanted],
        rows=rows,
    )


async def ranking(
    session: AsyncSession,
    *,
    actor: Actor,
    asked: Asked,
    by: Breakdown,
    code: str,
    least: int = LEAST_FOR_RANKING,
) -> RankingRead:
    """Places by a KPI, the best first; who has a denominator under `least` comes last, without a place."""
    (kpi,), span = named([code]), asked.span()
    whose = await asked.whose(session, actor)
    slices = [sums.NOW, *sums.slices(0, span)]
    as_of, parts = await divided(session, whose=whose, slices=slices, by=by, wanted=[kpi])
    names = await _names(session, by, list(parts))
    figures = {key: figure(kpi, part) for key, part in parts.items()}
    rows = [
        RankingRow(rank=rank, key=key, name=names.get(key, key), **dict(figures[key]))
        for key, rank in placed(kpi, figures, least).items()
    ]
    return RankingRead(
        as_of=as_of,
        definition_version=VERSION,
        period=period(span),
        kpi=definition(kpi),
        by=by,
        least=least,
        rows=rows,
    )


def placed(kpi: Kpi, figures: Mapping[str, Figure], least: int) -> dict[str, int | None]:
    """The keys in order, with their places; None where there is too little to rank."""
    sign = 1 if kpi.better is Better.LOWER else -1
    values: dict[str, float] = {
        key: sign * each.value
        for key, each in figures.items()
        if each.value is not None and _enough(kpi, each, least)
    }
    ordered = sorted(values, key=lambda key: (values[key], key))
    ranks: dict[str, int | None] = {}
    for number, key in enumerate(ordered, start=1):
        before = ordered[number - 2] if number > 1 else None
        ranks[key] = ranks[before] if before and values[before] == values[key] else number
    return ranks | dict.fromkeys(sorted(figures.keys() - values.keys()))


async def divided(
    session: AsyncSession,
    *,
    whose: Whose,
    slices: Sequence[sums.Slice],
    by: Breakdown,
    wanted: Sequence[Kpi],
) -> tuple[Any, dict[str, Sums]]:
    """As of when, and the sums of all slices together by their keys as text."""
    if by is Breakdown.AREA:
        whose = Whose(await _below(session, whose), whose.orgs)
    divided_by = _BY.get(by, By.NOTHING)
    query = Query(whose, slices, needed(wanted), divided_by, each_area=by is Breakdown.AREA)
    found = await sums.read(session, query)
    parts: dict[str, dict[Measure, int]] = {}
    for row in found.rows:
        key = str(row.area_id or row.key)
        part = parts.setdefault(key, {})
        for name, count in row.sums.items():
            part[name] = part.get(name, 0) + count
    return found.as_of, dict(parts)


async def late_orgs(session: AsyncSession, *, whose: Whose, limit: int) -> list[BreakdownRow]:
    """The organisations with most that is overdue now, with what they have open."""
    _, parts = await divided(session, whose=whose, slices=[sums.NOW], by=Breakdown.ORG, wanted=_STOCK)
    late = {key: part for key, part in parts.items() if part.get(Measure.OVERDUE)}
    ordered = sorted(late, key=lambda key: (-late[key][Measure.OVERDUE], key))[:limit]
    names = await _names(session, Breakdown.ORG, ordered)
    return [
        BreakdownRow(key=key, name=names.get(key, key), figures=[figure(kpi, late[key]) for kpi in _STOCK])
        for key in ordered
    ]


async def _below(session: AsyncSession, whose: Whose) -> tuple[Place, ...]:
    """The areas one level below a single area; several areas are told apart themselves."""
    if len(whose.places) != 1:
        return whose.places
    (place,) = whose.places
    parent = Area.parent_id == place.id if place.level else Area.parent_id.is_(None)
    rows = await session.scalars(select(Area).where(parent).order_by(Area.code).options(tree.BRIEF))
    return await places(session, rows) or whose.places


async def _names(session: AsyncSession, by: Breakdown, keys: Sequence[str]) -> Mapping[str, str]:
    if by is Breakdown.SOURCE:
        return {source.value: name for source, name in SOURCE_ZH.items()}
    if by is Breakdown.CATEGORY:
        codes = select(Category.code, Category.label_zh).where(Category.code.in_(keys))
        return {row.code: row.label_zh for row in await session.execute(codes)}
    table: Any = {Breakdown.AREA: Area, Breakdown.ORG: Org, Breakdown.WORKER: Member}[by]
    ids = [UUID(key) for key in keys]
    rows = await session.execute(select(table.id, table.name).where(table.id.in_(ids)))
    return {str(row.id): row.name for row in rows}


def _size(kpi: Kpi, part: Sums) -> float:
    found = figure(kpi, part)
    return found.value if found.value is not None else -1.0


def _enough(kpi: Kpi, found: Figure, least: int) -> bool:
    if kpi.unit is Unit.COUNT:
        return True
    return found.denominator is not None and found.denominator >= least
