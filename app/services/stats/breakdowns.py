"""Questions that divide a scope: by category, area, source, organisation or worker, and rankings.

A ranking places only whose denominator is large enough; equals share a place, and the next comes as many
places later. By area means one level below: a town by its villages, several areas by themselves. Areas and
organisations are there even where there is nothing to tell of them, as long as they are in force.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
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
from app.services.stats import kpis, sums
from app.services.stats.asked import Asked, definition, figure, named, needed, period
from app.services.stats.kpis import KPIS, LEAST_FOR_RANKING, VERSION, Kpi, Sums
from app.services.stats.sums import By, Query, Top
from app.services.stats.whose import Whose, places
from app.services.tickets.labels import SOURCE_ZH

_BY = {
    Breakdown.CATEGORY: By.CATEGORY,
    Breakdown.ORG: By.ORG,
    Breakdown.SOURCE: By.SOURCE,
    Breakdown.WORKER: By.WORKER,
}
MOST = 1000
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
    counted = by is not Breakdown.AREA and wanted[0].unit is Unit.COUNT and len(wanted[0].above) == 1
    top = Top(wanted[0].above[0], limit) if counted else None
    as_of, parts = await divided(session, whose=whose, slices=slices, by=by, wanted=wanted, top=top)
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
    limit: int = MOST,
) -> RankingRead:
    """Places by a KPI, the best first; who has a denominator under `least` comes last, without a place."""
    (kpi,), span = named([code]), asked.span()
    whose = await asked.whose(session, actor)
    slices = [sums.NOW, *sums.slices(0, span)]
    as_of, parts = await divided(session, whose=whose, slices=slices, by=by, wanted=[kpi])
    figures = {key: figure(kpi, part) for key, part in parts.items()}
    few = {key for key, part in parts.items() if not kpis.enough(kpi, part, least)}
    ranks = dict(islice(placed(kpi, figures, few).items(), limit))
    names = await _names(session, by, list(ranks))
    rows = [
        RankingRow(rank=rank, key=key, name=names.get(key, key), **dict(figures[key]))
        for key, rank in ranks.items()
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


def placed(kpi: Kpi, figures: Mapping[str, Figure], few: Collection[str]) -> dict[str, int | None]:
    """The keys in order, with their places; None for the few, which have too little to rank."""
    sign = 1 if kpi.better is Better.LOWER else -1
    values: dict[str, float] = {
        key: sign * each.value for key, each in figures.items() if each.value is not None and key not in few
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
    everybody: bool = True,
    top: Top | None = None,
) -> tuple[Any, dict[str, Sums]]:
    """As of when, and the sums of all slices together by their keys as text; of everybody, or who has any.

    With `top`, the others' may be missing.
    """
    standing: Sequence[UUID] = ()
    if by is Breakdown.AREA:
        whose, standing = await _below(session, whose)
    elif by is Breakdown.ORG and everybody:
        standing = await _orgs(session, whose)
    divided_by = _BY.get(by, By.NOTHING)
    query = Query(whose, slices, needed(wanted), divided_by, each_area=by is Breakdown.AREA, top=top)
    found = await sums.read(session, query)
    parts: dict[str, dict[Measure, int]] = {str(one): {} for one in standing}
    for row in found.rows:
        key = str(row.area_id) if row.area_id else row.key
        part = parts.get(key)
        if part is None:
            parts[key] = dict(row.sums)
            continue
        for name, count in row.sums.items():
            part[name] = part.get(name, 0) + count
    return found.as_of, dict(parts)


async def late_orgs(session: AsyncSession, *, whose: Whose, limit: int) -> list[BreakdownRow]:
    """The organisations with most that is overdue now, with what they have open."""
    _, parts = await divided(
        session, whose=whose, slices=[sums.NOW], by=Breakdown.ORG, wanted=_STOCK, everybody=False
    )
    late = {key: part for key, part in parts.items() if part.get(Measure.OVERDUE)}
    ordered = sorted(late, key=lambda key: (-late[key][Measure.OVERDUE], key))[:limit]
    names = await _names(session, Breakdown.ORG, ordered)
    return [
        BreakdownRow(key=key, name=names.get(key, key), figures=[figure(kpi, late[key]) for kpi in _STOCK])
        for key in ordered
    ]


async def _below(session: AsyncSession, whose: Whose) -> tuple[Whose, Sequence[UUID]]:
    """The areas one level below a single area, and which of them are in force; several are told apart."""
    if len(whose.places) != 1:
        return whose, [place.id for place in whose.places]
    (place,) = whose.places
    parent = Area.parent_id == place.id if place.level else Area.parent_id.is_(None)
    statement = select(Area, tree.in_force().label("stands")).where(parent).order_by(Area.code)
    rows = (await session.execute(statement.options(tree.BRIEF))).all()
    if not rows:
        return whose, [place.id]
    below = await places(session, [row.Area for row in rows])
    return Whose(below, whose.orgs), [row.Area.id for row in rows if row.stands]


async def _orgs(session: AsyncSession, whose: Whose) -> Sequence[UUID]:
    """The organisations that the figures are of, or those that lie in the areas."""
    if whose.orgs:
        return [org.id for org in whose.orgs]
    within = select(Area.id).where(Area.path.overlap([place.id for place in whose.places]))
    return (
        await session.scalars(select(Org.id).where(Org.area_id.in_(within), Org.ended_at.is_(None)))
    ).all()


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
    found = kpis.value(kpi, part).value
    return -1.0 if found is None else found
