"""Many boundaries at once, as GeoJSON: looked at together with their siblings, then written or not.

Nothing is written while anything is found that the caller did not allow. Writes area by area, through
`changes`, so that each has its version and its audit row.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.models.area import Area
from app.schemas.area import AreaPatch
from app.schemas.boundary import BoundaryFeature
from app.services.areas import boundary_check, changes, tree
from app.services.areas.boundary_check import Finding, FindingKind
from app.services.platform.actor import Actor


class BoundariesRefused(Conflict):
    """Something is wrong with the boundaries that was not allowed."""

    code = "boundaries_refused"
    title_zh = "边界有问题，没有写入：请先用 apply=false 查看并修正"
    title_en = "The boundaries have faults and were not written"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and whether the boundaries were written."""

    findings: Sequence[Finding]
    applied: bool


async def take(
    session: AsyncSession,
    *,
    actor: Actor,
    features: Sequence[BoundaryFeature],
    apply: bool,
    allowed: frozenset[FindingKind],
) -> Report:
    """Look at boundaries, and write them if asked to and nothing is wrong; else `BoundariesRefused`."""
    drawn: dict[str, dict[str, Any]] = {}
    findings: list[Finding] = []
    for feature in features:
        code = feature.properties.code
        if code in drawn:
            findings.append(Finding(FindingKind.REPEATED, (code,)))
        drawn.setdefault(code, feature.geometry.model_dump(mode="json"))
    areas = await _areas(session, actor, drawn)
    findings += [Finding(FindingKind.UNKNOWN, (code,)) for code in drawn if code not in areas]
    crossings = [found for code in drawn if (found := boundary_check.crossing(code, drawn[code]))]
    findings += crossings
    findings += await _beside(session, areas, drawn)
    if not apply:
        return Report(findings, applied=False)
    if any(finding.kind not in allowed for finding in findings):
        kinds = sorted({finding.kind.value for finding in findings if finding.kind not in allowed})
        raise BoundariesRefused(findings=kinds)
    for feature in features:
        area_id = areas[feature.properties.code].id
        patch = AreaPatch(boundary=feature.geometry)
        await changes.change(session, actor=actor, area_id=area_id, changes=patch, expected_version=None)
    return Report(findings, applied=True)


async def _areas(session: AsyncSession, actor: Actor, drawn: dict[str, dict[str, Any]]) -> dict[str, Area]:
    statement = select(Area).where(Area.code.in_(drawn), tree.visible(actor), tree.in_force())
    return {area.code: area for area in await session.scalars(statement.options(tree.BRIEF))}


async def _beside(
    session: AsyncSession, areas: dict[str, Area], drawn: dict[str, dict[str, Any]]
) -> list[Finding]:
    """What is found among the siblings of each parent, the new boundaries in place of the old."""
    parents = {area.parent_id for area in areas.values() if area.parent_id}
    rows = await session.execute(
        select(Area.code, Area.parent_id, Area.boundary).where(
            Area.parent_id.in_(parents), Area.boundary.is_not(None), tree.in_force()
        )
    )
    siblings: dict[UUID, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        siblings[row.parent_id][row.code] = row.boundary
    for code, area in areas.items():
        if area.parent_id:
            siblings[area.parent_id][code] = drawn[code]
    above = await session.execute(select(Area.id, Area.boundary).where(Area.id.in_(parents)))
    borders = {row.id: row.boundary for row in above}
    findings: list[Finding] = []
    for parent_id, shapes in siblings.items():
        new = areas.keys() & shapes.keys()
        # Geometry is work for the processor alone: others are answered meanwhile.
        findings += await asyncio.to_thread(boundary_check.among, shapes, borders.get(parent_id), new)
    return findings
