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
from app.models.enums.message import Channel, DeliveryState
from app.models.message import Delivery, EscalationRule, Notification
from app.models.ticket import Ticket
from app.services.mobile import rules
from app.services.mobile.channels import Channels
from app.services.platform import queue

BATCH = 500
GAP = timedelta(minutes=30)
JOBS: Mapping[Channel, str] = {channel: f"deliver_{channel.value}" for channel in Channel}
Key = tuple[UUID, str]


async def run(sessions: Sessions, *, channels: Channels, leave: Callable[[], bool] = lambda: False) -> int:
    """Look at all messages that are due; how many deliveries came of them. `leave` ends it after a batch."""
    made = 0
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
    over = await _over(session, rows)
    due: defaultdict[Key, list[UUID]] = defaultdict(list)
    earliest: dict[Key, datetime] = {}
    for row in rows:
        for rule in _advance(row, in_force, now):
            if Channel(rule.channel) in channels and row.id not in over:
                key, at = (row.member_id, rule.channel), rules.not_before(rule, now)
                due[key].append(row.id)
                earliest[key] = min(earliest.get(key, at), at)
    await session.flush()
    return len(rows), await plan(session, due, earliest)


async def _over(session: AsyncSession, rows: Sequence[Notification]) -> frozenset[UUID]:
    """The messages about something to do that has been done since, perhaps by a colleague."""
    told = {row.id: row for row in rows if "while" in row.data}
    if not told:
        return frozenset()
    ids = {row.entity_id for row in told.values()}
    found = await session.execute(select(Ticket.id, Ticket.status).where(Ticket.id.in_(ids)))
    stands = {row.id: row.status for row in found}
    return frozenset(one for one, row in told.items() if stands.get(row.entity_id) != row.data["while"])


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
    left = dict(due)
    for key in await _joined(session, due):
        left.pop(key, None)
    last = await _last(session, left)
    for key, ids in left.items():
        not_before = max(earliest[key], last[key] + GAP) if key in last else earliest[key]
        await _make(session, key, list(ids), not_before)
    return len(left)


async def _joined(session: AsyncSession, due: Mapping[Key, Sequence[UUID]]) -> list[Key]:
    """Where a delivery waits already, with the messages added to it."""
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
    found = [row for row in waiting if (row.member_id, row.channel) in due]
    for row in found:
        row.notification_ids = [*row.notification_ids, *due[row.member_id, row.channel]]
    await session.flush()
    return [(row.member_id, row.channel) for row in found]


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


async def send_later(session: AsyncSession, delivery_id: UUID, channel: Channel, at: datetime) -> None:
    """Have a delivery sent then, by the queue of its own channel."""
    after = max(at - clock.now(), timedelta())
    await queue.enqueue(session, job=JOBS[channel], payload={"delivery_id": str(delivery_id)}, after=after)
