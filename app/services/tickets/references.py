"""What an action names must exist, be in force and belong to this ticket: categories, organisations, people.

Each check is one statement, and only where the action names such a thing. Merging also locks the master.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import any_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.errors import NotFound, invalid_field
from app.models.area import Area
from app.models.enums import AreaLevel, Status
from app.models.staff import Member, Org
from app.models.ticket import Category, Ticket
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.tickets import reads
from app.services.tickets.effects import Effect, Step
from app.services.tickets.problems import UnknownCategory

_AREAS = scope.ScopeColumns(area=Area.id)


async def check(session: AsyncSession, step: Step) -> Effect:
    """Raise what names the field; returns what a named place adds to the effect."""
    await _category(session, step)
    await _orgs(session, step)
    await _member(session, step)
    await _master(session, step)
    return await _area(session, step)


async def require_category(session: AsyncSession, code: str) -> None:
    """A leaf category that is in use."""
    if await session.scalar(select(Category.code).where(Category.code == code, Category.enabled)) is None:
        wrong = invalid_field("body.category_code", "没有这个事件类别", "No such category")
        raise UnknownCategory(errors=wrong.errors)


async def _category(session: AsyncSession, step: Step) -> None:
    code = step.command.value("category_code")
    if code is not None:
        await require_category(session, code)


async def _orgs(session: AsyncSession, step: Step) -> None:
    named: dict[UUID, str] = {}
    for field in ("org_id", "proposed_org_id"):
        if org_id := step.command.value(field):
            named[org_id] = field
    for org_id in step.command.value("helper_org_ids") or ():
        named.setdefault(org_id, "helper_org_ids")
    if not named:
        return
    serving = select(Org.id).where(
        Org.id.in_(named), Org.ended_at.is_(None), Org.area_id.in_(step.ticket.row["area_path"])
    )
    missing = set(named) - set((await session.scalars(serving)).all())
    if missing:
        raise invalid_field(
            f"body.{named[missing.pop()]}",
            "没有这个单位，或它不负责工单所在的区域",
            "No such organisation, or it does not serve the ticket's area",
        )


async def _member(session: AsyncSession, step: Step) -> None:
    member_id = step.command.value("member_id")
    if member_id is None:
        return
    org_id = step.command.value("org_id") or step.ticket.row["lead_org_id"]
    works = select(Member.id).where(
        Member.id == member_id, Member.org_id == org_id, Member.ended_at.is_(None)
    )
    if await session.scalar(works) is None:
        raise invalid_field("body.member_id", "该单位没有这个人", "Nobody of that id works there")


async def _master(session: AsyncSession, step: Step) -> None:
    master_id = step.command.value("master_id")
    if master_id is None:
        return
    master = (
        await session.execute(
            select(Ticket.id, Ticket.closed_at)
            .where(
                Ticket.id == master_id,
                Ticket.status != Status.DRAFT.value,
                scope.visible(step.actor, Dataset.TICKETS, reads.COLUMNS),
            )
            .with_for_update()
        )
    ).one_or_none()
    if master is None or master.id == step.ticket.id or master.closed_at is not None:
        raise invalid_field(
            "body.master_id", "主单须是另一件未结的工单", "The master must be another ticket that is open"
        )


async def _area(session: AsyncSession, step: Step) -> Effect:
    area_id = step.command.value("area_id")
    if area_id is None:
        return Effect()
    where = await placed(session, step.actor, area_id)
    return Effect(where.columns, area_path=where.path)


class Where(NamedTuple):
    """The columns that say where a ticket is; its area and all above it, top first."""

    columns: dict[str, UUID | None]
    path: tuple[UUID, ...]


async def placed(session: AsyncSession, actor: Actor, area_id: UUID) -> Where:
    """Where a ticket is; `NotFound`, with the field, unless the caller sees the area."""
    above = aliased(Area)
    statement = (
        select(above.id, above.level)
        .join(Area, above.id == any_(Area.path))
        .where(Area.id == area_id, Area.valid_to.is_(None), scope.visible(actor, Dataset.TICKETS, _AREAS))
        .order_by(func.array_position(Area.path, above.id))
    )
    found = (await session.execute(statement)).all()
    if not found:
        raise NotFound(errors=(tree.unknown("body.area_id"),))
    by_level = {AreaLevel(row.level): row.id for row in found}
    columns = {
        "area_id": area_id,
        "town_id": by_level.get(AreaLevel.TOWN),
        "village_id": by_level.get(AreaLevel.VILLAGE),
        "grid_id": by_level.get(AreaLevel.GRID),
    }
    return Where(columns, tuple(row.id for row in found))
