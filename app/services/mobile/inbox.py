"""A member's messages: lists, what was read. Nobody reads anybody else's.

Unread messages of one kind are counted where the badges are (`todo`). What is forgotten after how long is a
rule of retention.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, any_, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.enums.message import MessageCategory
from app.models.message import THIS_TRANSACTION, Delivery, Notification
from app.schemas.message import NotificationRead
from app.services.mobile import wording
from app.services.mobile.cursors import RECENT
from app.services.platform import outbox
from app.services.platform.actor import Actor
from app.services.platform.listing import page_statement

FORGOTTEN = "notification.forget"
_NEWEST = Sort.by_id(Notification.id, descending=True)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    category: MessageCategory | None,
    unread: bool,
    cursor: str | None,
    limit: int,
) -> Page[NotificationRead]:
    """One page of the caller's own messages, the newest first."""
    filters: list[ColumnElement[bool]] = []
    if category:
        filters.append(Notification.category == category)
    if unread:
        filters.append(Notification.read_at.is_(None))
    statement = page_statement(
        select(Notification),
        sort=_NEWEST,
        branches=[own(actor)],
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.scalars(statement)]
    return page_of(rows, limit, lambda message: (message.id, message.id))


async def one(session: AsyncSession, *, actor: Actor, notification_id: UUID) -> NotificationRead:
    """One message; `NotFound` for anybody else's."""
    found = await session.scalar(select(Notification).where(Notification.id == notification_id, own(actor)))
    if found is None:
        raise NotFound
    return _read(found)


async def mark_read(session: AsyncSession, *, actor: Actor, notification_id: UUID) -> NotificationRead:
    """Mark one as read; read before, it stays as it was."""
    await _mark(session, own(actor), Notification.id == notification_id)
    return await one(session, actor=actor, notification_id=notification_id)


async def mark_all(
    session: AsyncSession, *, actor: Actor, up_to: UUID | None, category: MessageCategory | None
) -> int:
    """Mark what has been seen as read: up to a message, of one category or of all; how many were not yet."""
    conditions = [own(actor)]
    if up_to:
        conditions.append(Notification.id <= up_to)
    if category:
        conditions.append(Notification.category == category)
    return await _mark(session, *conditions)


async def forget(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete messages, and the lines of the log of deliveries of which no message is left.

    Phones that may still hold them are told.
    """
    gone = delete(Notification).where(Notification.id.in_(ids))
    returned = gone.returning(Notification.member_id, Notification.id, Notification.created_at)
    rows = (await session.execute(returned.execution_options(synchronize_session=False))).all()
    held: dict[UUID, list[str]] = {row.member_id: [] for row in rows}
    for row in rows:
        if row.created_at > clock.now() - RECENT:
            held[row.member_id].append(str(row.id))
    news = [(FORGOTTEN, member_id, {"ids": told}) for member_id, told in held.items() if told]
    if news:
        await outbox.append_all(session, news)
    left = exists().where(Notification.id == any_(Delivery.notification_ids))
    over = delete(Delivery).where(Delivery.member_id.in_(held), ~left)
    await session.execute(over.execution_options(synchronize_session=False))


async def several(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[NotificationRead]:
    """Those of some messages that are the caller's."""
    statement = select(Notification).where(Notification.id.in_(ids), own(actor))
    return [_read(row) for row in await session.scalars(statement)]


def own(actor: Actor) -> ColumnElement[bool]:
    """The caller's messages, as a condition."""
    mine: ColumnElement[bool] = Notification.member_id == actor.member_id
    return mine


async def _mark(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    marked = await session.execute(
        update(Notification)
        .where(*conditions, Notification.read_at.is_(None))
        .values(read_at=clock.now(), txid=THIS_TRANSACTION)
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )
    return len(marked.all())


def _read(row: Notification) -> NotificationRead:
    return NotificationRead(
        id=row.id,
        category=MessageCategory(row.category),
        category_label=wording.CATEGORY_ZH[row.category],
        kind=row.kind,
        title=wording.title(row.kind),
        text=wording.text(row.kind, row.data),
        entity=row.entity,
        entity_id=row.entity_id,
        created_at=row.created_at,
        read_at=row.read_at,
    )
