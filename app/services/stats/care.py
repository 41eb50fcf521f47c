"""How many people have which care tag: exact for those who look after them, suppressed for everybody else.

Whoever writes the registry of an area counts its parts as they are. For leaders, analysts and third parties
there is one table only, a town by its villages, and a village is a row of it: tables that cut the town in
another way could be subtracted from it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import invalid_field
from app.models.area import Area
from app.models.enums import AreaLevel, CareTag
from app.models.registry import Resident, ResidentTag
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.registry import reach
from app.services.stats import suppression

_PLACE = {
    AreaLevel.TOWN: Resident.town_id,
    AreaLevel.VILLAGE: Resident.village_id,
    AreaLevel.GRID: Resident.grid_id,
}
_BELOW = {AreaLevel.TOWN: AreaLevel.VILLAGE, AreaLevel.VILLAGE: AreaLevel.GRID}
Counts = Mapping[CareTag, Mapping[UUID, int]]


async def tags(session: AsyncSession, *, actor: Actor, area_id: UUID) -> dict[str, Any]:
    """The figures of a town, a village or a grid; `NotFound` outside the scope of the caller's statistics.

    None is withheld. `Invalid` for an area of another level.
    """
    seen = and_(scope.visible(actor, Dataset.STATS, tree.COLUMNS), tree.in_force())
    chain = await tree.chain(session, area_id=area_id, within=seen)
    level = AreaLevel(chain.area.level)
    if level not in _PLACE:
        raise invalid_field("query.area_id", "只能按镇街、村社区或网格统计", "Only a town, village or grid")
    own = select(Area.id).where(Area.id == area_id, reach.writable(actor, tree.COLUMNS))
    is_own = await session.scalar(own) is not None
    told = await (_exact if is_own else _suppressed)(session, chain, level)
    return {"area": chain.area, "exact": is_own, "least": suppression.LEAST, **told}


async def _exact(session: AsyncSession, chain: tree.Chain, level: AreaLevel) -> dict[str, Any]:
    """The parts as they are, and whoever lies in none of them in the total."""
    below = await _parts(session, chain.area.id, _BELOW.get(level))
    column = _PLACE[_BELOW.get(level, level)]
    counts = await _counts(session, _PLACE[level] == chain.area.id, column)
    return {
        "parts": below,
        "tags": [_row(tag, counts.get(tag, {}), below) for tag in CareTag],
    }


def _row(tag: CareTag, found: Mapping[UUID, int], below: Sequence[Area]) -> dict[str, Any]:
    return {"tag": tag, "count": sum(found.values()), "parts": [found.get(part.id, 0) for part in below]}


async def _suppressed(session: AsyncSession, chain: tree.Chain, level: AreaLevel) -> dict[str, Any]:
    """The town by its villages, or the row of one village in it; of a grid nothing."""
    town_id, own = chain.id_of(AreaLevel.TOWN), chain.area.id
    below = (
        await _parts(session, town_id, AreaLevel.VILLAGE) if town_id and level is not AreaLevel.GRID else []
    )
    counts = await _counts(session, Resident.town_id == town_id, Resident.village_id) if below else {}
    rows = []
    for tag in CareTag:
        table = suppression.told({part.id: counts.get(tag, {}).get(part.id, 0) for part in below})
        if level is AreaLevel.TOWN:
            rows.append({"tag": tag, "count": table.total, "parts": list(table.parts.values())})
        else:
            rows.append({"tag": tag, "count": table.parts.get(own), "parts": []})
    return {"parts": below if level is AreaLevel.TOWN else [], "tags": rows}


async def _parts(session: AsyncSession, area_id: UUID, level: AreaLevel | None) -> Sequence[Area]:
    if level is None:
        return []
    statement = (
        select(Area)
        .where(Area.path.contains([area_id]), Area.level == level, tree.in_force())
        .order_by(Area.code)
        .options(tree.BRIEF)
    )
    return (await session.scalars(statement)).all()


async def _counts(session: AsyncSession, within: ColumnElement[bool], column: Any) -> Counts:
    """People who live here by tag and by the value of a column; nobody counts twice for a tag."""
    statement = (
        select(ResidentTag.code, column, func.count())
        .join(Resident, Resident.id == ResidentTag.resident_id)
        .where(
            within,
            ResidentTag.valid_to.is_(None),
            Resident.died_on.is_(None),
            Resident.left_on.is_(None),
        )
        .group_by(ResidentTag.code, column)
    )
    found: dict[CareTag, dict[UUID, int]] = {}
    for code, part, count in await session.execute(statement):
        found.setdefault(CareTag(code), {})[part] = count
    return found
