"""Importing areas and grids: known codes are changed, new ones made below a parent that stands above them.

A parent is an area that is there or an earlier row. Moving an area is no business of spreadsheets. Writes
through the areas wing, row by row: there are some hundred of them and its rules are many.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.models.area import Area
from app.models.enums import AreaKind, AreaLevel
from app.schemas.area import AreaCreate, AreaPatch
from app.services.areas import changes, rules, tree
from app.services.exchange.codes import USUAL_KINDS
from app.services.exchange.plans import Plan, Tally, Unit, blame
from app.services.exchange.rows import StagedRow, Values

_CHANGED = ("name", "short_name", "kind", "public_phone")


class AreaPlan(Plan):
    """See the module's paragraph."""

    async def prepare(self, session: AsyncSession) -> None:
        """Know the codes that are taken: level, and the parent's code."""
        rows = (
            await session.execute(
                select(Area.code, Area.level, Area.id, Area.parent_id).where(
                    tree.visible(self.actor), self.below
                )
            )
        ).all()
        codes = {row.id: row.code for row in rows}
        self._levels = {row.code: AreaLevel(row.level) for row in rows}
        self._parents = {row.code: codes.get(row.parent_id) for row in rows}
        self._seen: dict[str, int] = {}

    async def check(self, _session: AsyncSession, units: Sequence[Unit]) -> None:
        """Codes that repeat, parents that are not there, levels and kinds that do not fit."""
        for (row,) in units:
            if not row.faults:
                self._check(row)

    async def apply(self, session: AsyncSession, units: Sequence[Unit]) -> Tally:
        """Make or change each area in a savepoint of its own."""
        tally = Tally()
        for (row,) in units:
            try:
                async with session.begin_nested():
                    tally.add(await self._write(session, row.values))
            except Problem as refused:
                blame(row, refused)
                tally.refused += 1
        return tally

    def _check(self, row: StagedRow) -> None:
        values, code = row.values, row.values["code"]
        level = AreaLevel(values["level"])
        if code in self._seen:
            row.blame("区域编码", "repeated", f"与第 {self._seen[code]} 行的编码重复", code)
            return
        self._seen[code] = row.line
        parent = values.get("parent")
        if code in self._parents and parent is not None and parent != self._parents[code]:
            row.blame("上级编码", "moved", "该区域已登记在别的上级之下，不能通过导入移动", parent)
            return
        if code in self._levels and self._levels[code] is not level:
            row.blame("层级", "level", "该编码已登记为另一层级")
            return
        if parent is not None and parent not in self._levels:
            row.blame("上级编码", "parent", "没有这个上级编码；若在本表中，须排在本行之前", parent)
            return
        try:
            if code not in self._levels:
                rules.require_parent(level, self._levels[parent] if parent else None)
            rules.require_kind(level, AreaKind(values.get("kind") or USUAL_KINDS[level]))
        except Problem as refused:
            row.blame("层级", refused.code, refused.detail_zh)
            return
        self._levels[code] = level
        self._parents.setdefault(code, parent)

    async def _write(self, session: AsyncSession, values: Values) -> Tally:
        known = await session.scalar(select(Area).where(Area.code == values["code"]).options(tree.BRIEF))
        if known is None:
            await changes.create(session, actor=self.actor, new=await self._new(session, values))
            return Tally(created=1)
        sent = {name: values[name] for name in _CHANGED if name in values}
        changed = {name: value for name, value in sent.items() if getattr(known, name) != value}
        if not changed:
            return Tally(unchanged=1)
        patch = AreaPatch.model_validate(changed)
        area_id = known.id
        session.expunge(known)
        await changes.change(session, actor=self.actor, area_id=area_id, changes=patch, expected_version=None)
        return Tally(updated=1)

    async def _new(self, session: AsyncSession, values: Values) -> AreaCreate:
        level = AreaLevel(values["level"])
        parent = values.get("parent")
        parent_id = await session.scalar(select(Area.id).where(Area.code == parent)) if parent else None
        return AreaCreate(
            code=values["code"],
            name=values["name"],
            short_name=values.get("short_name"),
            level=level,
            kind=AreaKind(values.get("kind") or USUAL_KINDS[level]),
            parent_id=parent_id,
            public_phone=values.get("public_phone"),
        )
