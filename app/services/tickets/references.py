"""What an action names must be right: categories, organisations, people, the master, files, amounts.

Each check is one statement at most, and only where the action names such a thing. Merging also locks the
master.
"""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Exists, any_, exists, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound, invalid_field
from app.models.area import Area
from app.models.enums import Action, AreaLevel, AttachmentPurpose, ClockKind, Status
from app.models.staff import Member, Org
from app.models.ticket import Category, Ticket
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.tickets import attachments, reads
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.effects import Effect, Step
from app.services.tickets.problems import UnknownCategory

_AREA: Any = Area.__table__
_ABOVE: Any = _AREA.alias("above")
_CATEGORY: Any = Category.__table__
_AREAS = scope.ScopeColumns(area=_AREA.c.id)
SHOWN = frozenset({AttachmentPurpose.BEFORE, AttachmentPurpose.AFTER})


async def check(session: AsyncSession, step: Step, *, deadlines: Deadlines, event_id: UUID) -> Effect:
    """Raise what names the field; returns what a named place and named files add to the effect."""
    _amount(step, deadlines)
    await _category(session, step)
    await _parties(session, step)
    await _master(session, step)
    return await _area(session, step) + await _files(session, step, event_id)


def in_use(code: str) -> Exists:
    """Whether a category is there and in use."""
    return exists().where(_CATEGORY.c.code == code, _CATEGORY.c.enabled)


def unknown_category() -> UnknownCategory:
    """The refusal of a category that is not."""
    wrong = invalid_field("body.category_code", "没有这个事件类别", "No such category")
    return UnknownCategory(errors=wrong.errors)


def _amount(step: Step, deadlines: Deadlines) -> None:
    """An extension is at most as long as the limit itself, or the clock's own if rules changed its unit."""
    amount, handle = step.command.value("amount"), step.ticket.clock(ClockKind.HANDLE)
    if amount is None or handle is None:
        return
    row = step.ticket.row
    subject = Subject(row["category_code"], step.ticket.urgency, row["area_path"])
    limit = deadlines.resolve(ClockKind.HANDLE, subject, level=deadlines.level(row["lead_org_id"])).limit
    most = limit.amount if limit.unit is handle.unit else handle.amount
    if amount > most:
        raise invalid_field("body.amount", f"一次延期不能超过 {most}", f"must be at most {most}", "too_large")


async def _category(session: AsyncSession, step: Step) -> None:
    code = step.command.value("category_code")
    if code is not None and not await session.scalar(select(in_use(code))):
        raise unknown_category()


async def _parties(session: AsyncSession, step: Step) -> None:
    """The organisations that an action names serve the area; the person works for the one that leads."""
    orgs = _named_orgs(step)
    member_id = step.command.value("member_id")
    if not orgs and member_id is None:
        return
    serving = select(Org.id).where(
        Org.id.in_(orgs), Org.ended_at.is_(None), Org.area_id.in_(step.ticket.row["area_path"])
    )
    lead = step.command.value("org_id") or step.ticket.row["lead_org_id"]
    working = select(Member.id).where(
        Member.id == member_id, Member.org_id == lead, Member.ended_at.is_(None)
    )
    found = set((await session.scalars(union_all(serving, working))).all())
    missing = orgs.keys() - found
    if missing:
        raise invalid_field(
            f"body.{orgs[missing.pop()]}",
            "没有这个单位，或它不负责工单所在的区域",
            "No such organisation, or it does not serve the ticket's area",
        )
    if member_id is not None and member_id not in found:
        raise invalid_field("body.member_id", "该单位没有这个人", "Nobody of that id works there")


def _named_orgs(step: Step) -> dict[UUID, str]:
    """The organisations that an action names, each with the field that does."""
    named: dict[UUID, str] = {}
    for field in ("org_id", "proposed_org_id"):
        if org_id := step.command.value(field):
            named[org_id] = field
    for org_id in step.command.value("helper_org_ids") or ():
        named.setdefault(org_id, "helper_org_ids")
    return named


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
                reads.visible(step.actor),
            )
            .with_for_update()
        )
    ).one_or_none()
    if master is None or master.id == step.ticket.id or master.closed_at is not None:
        raise invalid_field(
            "body.master_id", "主单须是另一件未结的工单", "The master must be another ticket that is open"
        )


async def _files(session: AsyncSession, step: Step, event_id: UUID) -> Effect:
    named = step.command.value("attachments") or ()
    links = await attachments.link(
        session, actor=step.actor, ticket_id=step.ticket.id, event_id=event_id, named=named
    )
    if step.command.action is Action.SELF_RESOLVE and not links.photos >= SHOWN:
        raise invalid_field(
            "body.attachments",
            "处理前和处理后的附件须是照片",
            "What shows before and after must be photos",
        )
    return Effect(inserts=list(links.writes))


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
    here, above = _AREA.c, _ABOVE.c
    statement = (
        select(above.id, above.level)
        .join(_AREA, above.id == any_(here.path))
        .where(here.id == area_id, here.valid_to.is_(None), scope.visible(actor, Dataset.TICKETS, _AREAS))
        .order_by(func.array_position(here.path, above.id))
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
