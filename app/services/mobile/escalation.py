"""Escalation: unread messages go out through other channels, when the rules say so.

Follows one index, that of the instants at which a message is to be looked at; whoever reads in time is left
alone. What is due for a member in a channel becomes one delivery, or joins the one that waits, and half an
hour lies between two: nobody's phone rings for each message. Sending is `deliveries`'.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.enums.message import Channel, DeliveryState, MessageCategory
from app.models.message import Delivery, EscalationRule, Notification
from app.models.ticket import Ticket
from app.services.mobile import rules
from app.services.mobile.channels import Channels
from app.services.platform import queue

BATCH = 500
GAP, LOST = timedelta(minutes=30), timedelta(hours=1)
JOBS: Mapping[Channel, str] = {channel: f"deliver_{channel.value}" for channel in Channel}
Key = tuple[UUID, str]


async def run(sessions: Sessions, *, channels: Channels, leave: Callable[[], bool] = lambda: False) -> int:
    """Look at all messages that are due; how many deliveries came of them. `leave` ends it after a batch."""
    made = 0
    await _take_up(sessions)
    while not leave():
        async with transaction(sessions) as session:
            looked, new = await _batch(session, channels)
        made += new
        if looked < BATCH:
            break
    return made


async def _batch(session: AsyncSession, channels: Channels) -> tuple[int, int]:
    now = clock.now()
    rows = (
        await session.scalars(
            select(Notification)
            .where(Notification.next_at <= now, Notification.read_at.is_(None))
            .order_by(Notification.next_at, Notification.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    ).all()
    in_force = await rules.listed(session) if rows else ()
    done = await over(session, rows)
    due: defaultdict[Key, list[UUID]] = defaultdict(list)
    earliest: dict[Key, datetime] = {}
    for row in rows:
        for rule in _advance(row, in_force, now):
            if Channel(rule.channel) in channels and row.id not in done:
                key, at = (row.member_id, rule.channel), rules.not_before(rule, now)
                due[key].append(row.id)
                earliest[key] = min(earliest.get(key, at), at)
    await session.flush()
    return len(rows), await plan(session, due, earliest)


async def over(session: AsyncSession, rows: Sequence[Notification]) -> frozenset[UUID]:
    """The messages about something to do that has been done since, perhaps by a colleague."""
    told = [row for row in rows if row.entity == "ticket" and row.category != MessageCategory.ANSWER]
    if not told:
        return frozenset()
    columns = (Ticket.id, Ticket.status, Ticket.pending, Ticket.closed_at)
    found = await session.execute(select(*columns).where(Ticket.id.in_({row.entity_id for row in told})))
    stands = {ticket.id: ticket for ticket in found}
    return frozenset(row.id for row in told if _is_over(row, stands.get(row.entity_id)))


def _is_over(row: Notification, ticket: Any) -> bool:
    if ticket is None or ticket.closed_at is not None:
        return True
    if row.kind == "to_approve":
        return ticket.pending is None
    return "while" in row.data and ticket.status != row.data["while"]


def _advance(row: Notification, in_force: Sequence[EscalationRule], now: datetime) -> list[EscalationRule]:
    """The rules due for a message, which then waits for the next one."""
    found = rules.due(in_force, row.category, row.created_at, escalated=row.escalated, now=now)
    row.escalated = max([row.escalated, *(rule.after_minutes for rule in found)])
    row.next_at = rules.next_look(in_force, row.category, row.created_at, escalated=row.escalated)
    return found


async def plan(
    session: AsyncSession, due: Mapping[Key, Sequence[UUID]], earliest: Mapping[Key, datetime]
) -> int:
    """Let messages join the delivery that waits, or make one, not sooner than half an hour after the last."""
    if not due:
        return 0
    last = await _last(session, due)
    at = {key: max(begin, last[key] + GAP) if key in last else begin for key, begin in earliest.items()}
    joined = await _joined(session, due, at)
    for key in due.keys() - joined:
        await _make(session, key, list(due[key]), at[key])
    return len(due) - len(joined)


async def _joined(
    session: AsyncSession, due: Mapping[Key, Sequence[UUID]], at: Mapping[Key, datetime]
) -> frozenset[Key]:
    """Where a delivery waits already, with the messages added to it; it goes as soon as one of them may."""
    waiting = (
        await session.scalars(
            select(Delivery)
            .where(
                Delivery.state == DeliveryState.WAITING,
                Delivery.member_id.in_({member for member, _channel in due}),
            )
            .with_for_update()
        )
    ).all()
    found = {(row.member_id, row.channel): row for row in waiting if (row.member_id, row.channel) in due}
    for key, row in found.items():
        row.notification_ids = [*row.notification_ids, *due[key]]
        if at[key] < row.not_before and not row.attempts:
            row.not_before = at[key]
            await send_later(session, row.id, Channel(row.channel), at[key])
    await session.flush()
    return frozenset(found)


async def _last(session: AsyncSession, due: Mapping[Key, Any]) -> dict[Key, datetime]:
    """When something went out last to these members, of what lies in the gap."""
    rows = await session.execute(
        select(Delivery.member_id, Delivery.channel, func.max(Delivery.ended_at))
        .where(
            Delivery.member_id.in_({member for member, _channel in due}),
            Delivery.state == DeliveryState.SENT,
            Delivery.ended_at > clock.now() - GAP,
        )
        .group_by(Delivery.member_id, Delivery.channel)
    )
    return {(member, channel): at for member, channel, at in rows if at is not None}


async def _make(session: AsyncSession, key: Key, ids: list[UUID], not_before: datetime) -> None:
    member_id, channel = key
    delivery_id, now = uuid7(), clock.now()
    await session.execute(
        insert(Delivery).values(
            id=delivery_id,
            member_id=member_id,
            channel=channel,
            notification_ids=ids,
            state=DeliveryState.WAITING.value,
            created_at=now,
            not_before=not_before,
        )
    )
    await send_later(session, delivery_id, Channel(channel), not_before)


async def _take_up(sessions: Sessions) -> None:
    """Have deliveries sent whose job was lost on the way: one that waits for ever would hold up all later."""
    async with transaction(sessions) as session:
        lost = select(Delivery).where(
            Delivery.state == DeliveryState.WAITING, Delivery.not_before < clock.now() - LOST
        )
        for row in await session.scalars(lost.limit(BATCH).with_for_update(skip_locked=True)):
            row.not_before = clock.now()
            await send_later(session, row.id, Channel(row.channel), row.not_before)


async def send_later(session: AsyncSession, delivery_id: UUID, channel: Channel, at: datetime) -> None:
    """Have a delivery sent then, by the queue of its own channel."""
    after = max(at - clock.now(), timedelta())
    await queue.enqueue(session, job=JOBS[channel], payload={"delivery_id": str(delivery_id)}, after=after)
