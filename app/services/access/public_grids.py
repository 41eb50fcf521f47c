"""What regulations want public: each grid with the people who hold a post there now, and their work phones.

Asks nobody who they are. Their own phones, posts elsewhere and whoever has left do not come out here.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel, Role
from app.models.staff import Member, Post
from app.schemas.public_grid import PublicGrid, PublicMember
from app.services.access.roles import ROLES
from app.services.areas import tree
from app.services.platform.listing import page_statement

SHOWN = (Role.GRID_LEADER, Role.GRID_WORKER, Role.GRID_ASSISTANT)
GRIDS = (AreaLevel.GRID, AreaLevel.MICRO_GRID)
_BY_CODE = Sort.by_text(Area.code, Area.id)
_VILLAGE = aliased(Area)


async def page(
    session: AsyncSession, *, under: UUID | None, name: str | None, cursor: str | None, limit: int
) -> Page[PublicGrid]:
    """One page of the grids in force, by code: of one area, or with a part of their name."""
    filters: list[ColumnElement[bool]] = [Area.level.in_(GRIDS), tree.in_force()]
    if under:
        filters.append(Area.path.contains([under]))
    if name:
        filters.append(Area.name.contains(name, autoescape=True))
    statement: Any = page_statement(
        select(Area, _VILLAGE.name)
        .options(tree.BRIEF)
        .outerjoin(_VILLAGE, (_VILLAGE.id == Area.path.any_()) & (_VILLAGE.level == AreaLevel.VILLAGE)),
        sort=_BY_CODE,
        branches=[true()],
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = (await session.execute(statement)).all()
    people = await _people(session, [area.id for area, _village in rows])
    grids = [_read(area, village, people[area.id]) for area, village in rows]
    return page_of(grids, limit, lambda grid: (grid.code, grid.id))


async def _people(session: AsyncSession, area_ids: Sequence[UUID]) -> dict[UUID, list[PublicMember]]:
    now = clock.now()
    statement = (
        select(Post.area_id, Post.role, Member.name, Member.work_phone)
        .join(Member, Member.id == Post.member_id)
        .where(
            Post.area_id.in_(area_ids),
            Post.role.in_(SHOWN),
            Post.valid_from <= now,
            or_(Post.valid_to.is_(None), Post.valid_to > now),
            or_(Member.ended_at.is_(None), Member.ended_at > now),
        )
        .order_by(Member.name, Member.id)
    )
    found: dict[UUID, list[PublicMember]] = defaultdict(list)
    for area_id, role, name, work_phone in await session.execute(statement):
        if area_id is not None:
            label = ROLES[Role(role)].label_zh
            found[area_id].append(PublicMember(name=name, role=role, role_label=label, work_phone=work_phone))
    return found


def _read(area: Area, village: str | None, people: list[PublicMember]) -> PublicGrid:
    return PublicGrid(
        id=area.id,
        code=area.code,
        name=area.name,
        level=area.level,
        village_name=village,
        public_phone=area.public_phone,
        members=sorted(people, key=lambda one: SHOWN.index(one.role)),
    )
