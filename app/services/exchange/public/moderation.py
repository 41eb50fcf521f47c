"""Moderation: a dispatcher of the ticket decides what of it everybody may see, and takes it back.

What is public is written for that purpose; nothing is taken over from the ticket but its state, its category,
who handles it and its times. What becomes confidential or void later is public no more, without anybody's
doing (`tickets.fit`).
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, Forbidden, NotFound, Stale, invalid_field
from app.models.attachment import Attachment, TicketAttachment
from app.models.enums import Role
from app.models.enums.attachment import AttachmentKind
from app.models.public import Publication
from app.models.ticket import Ticket
from app.schemas.publication import PublicationRead, PublicationWrite
from app.services.exchange.public import tickets
from app.services.platform import audit
from app.services.platform.actor import Actor
from app.services.tickets import reads


class NotTheDispatcher(Forbidden):
    """Somebody else decides what of the ticket is public."""

    code = "not_the_dispatcher"
    title_zh, title_en = "公开由镇街调度员决定", "Its dispatchers decide what is public"


class NotPublishable(Conflict):
    """Confidential or void, or of a category that is not open to the public."""

    code = "not_publishable"
    title_zh = "该工单不能公开：涉密、已作废，或类别不对公众开放"
    title_en = "Confidential, void, or of a category that is not open to the public"


async def read(session: AsyncSession, *, actor: Actor, ticket_id: UUID) -> PublicationRead:
    """What is public of a ticket that the caller sees; nothing of it at version 0."""
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id)
    row = await session.get(Publication, ticket_id)
    return PublicationRead.model_validate(row) if row else PublicationRead(ticket_id=ticket_id, version=0)


async def publish(
    session: AsyncSession,
    *,
    actor: Actor,
    ticket_id: UUID,
    new: PublicationWrite,
    expected_version: int | None,
) -> PublicationRead:
    """Make this public of a ticket, in place of what was; `NotPublishable`, `Stale`."""
    await _require_dispatcher(session, actor, ticket_id)
    reported_at = await session.scalar(
        select(Ticket.reported_at).where(Ticket.id == ticket_id, tickets.fit())
    )
    if reported_at is None:
        raise NotPublishable
    await _require_photos(session, ticket_id, new.photo_ids)
    row, now = await session.get(Publication, ticket_id), clock.now()
    _require_version(row, expected_version)
    if row is None:
        row = Publication(ticket_id=ticket_id, reported_at=reported_at, published_at=now, version=0)
        session.add(row)
    for name, value in new.model_dump().items():
        setattr(row, name, value)
    row.version, row.updated_at, row.updated_by = row.version + 1, now, actor.id
    await session.flush()
    await _note(session, actor, "ticket.publish", ticket_id, row.version)
    return PublicationRead.model_validate(row)


async def withdraw(
    session: AsyncSession, *, actor: Actor, ticket_id: UUID, expected_version: int | None
) -> None:
    """Make nothing of a ticket public any more; `NotFound` where nothing is."""
    await _require_dispatcher(session, actor, ticket_id)
    row = await session.get(Publication, ticket_id)
    if row is None:
        raise NotFound
    _require_version(row, expected_version)
    await session.delete(row)
    await session.flush()
    await _note(session, actor, "ticket.unpublish", ticket_id, row.version)


async def _require_dispatcher(session: AsyncSession, actor: Actor, ticket_id: UUID) -> None:
    """`NotFound` for who does not see the ticket, `NotTheDispatcher` for who does in another post."""
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id, lock=True)
    posts = tuple(grant for grant in actor.grants if grant.role is Role.DISPATCHER)
    dispatcher = replace(actor, grants=posts, member_id=None)
    if (
        await session.scalar(select(Ticket.id).where(Ticket.id == ticket_id, reads.visible(dispatcher)))
        is None
    ):
        raise NotTheDispatcher


def _require_version(row: Publication | None, expected: int | None) -> None:
    if expected is not None and expected != (row.version if row else 0):
        raise Stale


async def _require_photos(session: AsyncSession, ticket_id: UUID, photo_ids: list[UUID]) -> None:
    wanted = set(photo_ids)
    statement = (
        select(func.count(Attachment.id.distinct()))
        .join(TicketAttachment, TicketAttachment.attachment_id == Attachment.id)
        .where(
            TicketAttachment.ticket_id == ticket_id,
            Attachment.id.in_(wanted),
            Attachment.kind == AttachmentKind.PHOTO,
        )
    )
    if wanted and await session.scalar(statement) != len(wanted):
        raise invalid_field("body.photo_ids", "须是该工单的照片", "must be photos of this ticket", "unknown")


async def _note(session: AsyncSession, actor: Actor, action: str, ticket_id: UUID, version: int) -> None:
    await audit.record(
        session,
        action=action,
        entity="ticket",
        entity_id=ticket_id,
        actor_id=actor.id,
        data={"version": version},
    )
