"""Reading the area tree: what a caller sees of it, lists, and an area with all that lies above it.

A caller sees the subtrees of their grants and the ancestors of those, because a place is named by them;
the rest does not exist for them. The tree has some thousand rows, so its lists need no branches. Writing
is `changes`' business, finding the grid round a point is `locate`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer

from app.core import clock
from app.core.errors import FieldError, NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import ScopeColumns

COLUMNS = ScopeColumns(area=Area.id)
BRIEF = defer(Area.boundary)
_BY_CODE = Sort.by_text(Area.code, Area.id)


@dataclass(frozen=True, slots=True)
class Chain:
    """An area and its ancestors, top first."""

    area: Area
    ancestors: Sequence[Area]

    def id_of(self, level: AreaLevel) -> UUID | None:
        """The id of the area of this level in the chain; None where the level is left out."""
        return next((row.id for row in (*self.ancestors, self.area) if row.level == level), None)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The areas in the caller's scope and the ancestors of these."""
    roots = [grant.area_id for grant in actor.grants_of(Dataset.AREAS) if grant.area_id]
    root = aliased(Area)
    above = select(func.unnest(root.path)).where(root.id.in_(roots))
    return or_(scope.visible(actor, Dataset.AREAS, COLUMNS), Area.id.in_(above))


def in_force() -> ColumnElement[bool]:
    """The areas that have begun and not ended today."""
    return and_(Area.valid_from <= clock.today(), not_over())


def not_over() -> ColumnElement[bool]:
    """The areas that have not ended, begun or not."""
    return or_(Area.valid_to.is_(None), Area.valid_to > clock.today())


async def require(
    session: AsyncSession, *, actor: Actor, named: Mapping[str, UUID | None], hold: bool = False
) -> dict[str, Area]:
    """The areas that some fields name, by field and without boundaries; a field of None is passed over.

    `NotFound`, with the fields, when the caller does not see all of them. With `hold`, for what will lie
    there, they must not have ended, and cannot end before the transaction does.
    """
    wanted = {field: area_id for field, area_id in named.items() if area_id}
    if not wanted:
        return {}
    statement = select(Area).where(Area.id.in_(wanted.values()), visible(actor)).options(BRIEF)
    if hold:
        statement = statement.where(not_over()).with_for_update(read=True, key_share=True)
    found = {area.id: area for area in await session.scalars(statement)}
    missing = tuple(unknown(field) for field, area_id in wanted.items() if area_id not in found)
    if missing:
        raise NotFound(errors=missing)
    return {field: found[area_id] for field, area_id in wanted.items()}


async def within(
    session: AsyncSession, *, actor: Actor, area_id: UUID | None, columns: ScopeColumns
) -> list[ColumnElement[bool]]:
    """The condition of a list that `query.area_id` narrows, on rows with these columns; none without it.

    `NotFound` for an area that the caller does not see.
    """
    named = await require(session, actor=actor, named={"query.area_id": area_id})
    return [columns.of_area(area.id, AreaLevel(area.level)) for area in named.values()]


def unknown(field: str) -> FieldError:
    """What to say of a field that names nothing within the caller's reach."""
    return FieldError(field, NotFound.code, NotFound.title_zh, NotFound.title_en)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    parent_id: UUID | None = None,
    under: UUID | None = None,
    level: AreaLevel | None = None,
    name_prefix: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[Area]:
    """One page of the areas that have not ended, by code: of one parent, or an area and all below it."""
    filters = [not_over()]
    await require(session, actor=actor, named={"query.parent_id": parent_id, "query.under": under})
    if parent_id:
        filters.append(Area.parent_id == parent_id)
    if under:
        filters.append(Area.path.contains([under]))
    if level:
        filters.append(Area.level == level)
    if name_prefix:
        filters.append(
            or_(*(text.startswith(name_prefix, autoescape=True) for text in (Area.name, Area.short_name)))
        )
    statement = page_statement(
        select(Area).options(BRIEF),
        sort=_BY_CODE,
        branches=[visible(actor)],
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = (await session.scalars(statement)).all()
    return page_of(rows, limit, lambda area: (area.code, area.id))


async def chain(
    session: AsyncSession, *, area_id: UUID, within: ColumnElement[bool], hold: bool = False
) -> Chain:
    """An area that satisfies `within`, with its ancestors; `NotFound` when there is none.

    With `hold` it cannot end before the transaction does; reading goes on.
    """
    statement = select(Area).where(Area.id == area_id, within)
    area = await session.scalar(statement.with_for_update(read=True, key_share=True) if hold else statement)
    if area is None:
        raise NotFound
    return Chain(area, await ancestors(session, area=area))


async def ancestors(session: AsyncSession, *, area: Area) -> Sequence[Area]:
    """What lies above an area, top first, without boundaries."""
    above = [area_id for area_id in area.path if area_id != area.id]
    statement = select(Area).where(Area.id.in_(above)).options(BRIEF)
    found = {row.id: row for row in await session.scalars(statement)}
    return [found[area_id] for area_id in above]
