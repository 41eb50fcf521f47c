"""One delivery on its way: looked up, sent with no transaction open, and what became of it written down.

What was read or done in the meantime is left out; where nothing is left, nothing is sent. Quiet hours are
looked at here, whatever made it late: a second try, the gap after another, a worker that was away. A failure
is tried again after 1, 5, 15, 60 and 180 minutes, each try a job of the channel's own queue, so a dead
channel holds up nobody else's. A worker that dies in between sends once more at worst.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.enums.message import Channel, DeliveryState
from app.models.message import Delivery, MailAddress, Notification
from app.models.staff import Member
from app.services.mobile import escalation, rules, wording
from app.services.mobile.channels import ChannelFailed, Channels, Outgoing

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))


@dataclass(frozen=True, slots=True, repr=False)
class _Parcel:
    """What is to be sent, or why nothing is."""

    channel: Channel
    ids: frozenset[UUID]
    out: Outgoing | None
    instead: DeliveryState | None = None


async def deliver(
    sessions: Sessions, *, delivery_id: UUID, channels: Channels, vault: Vault
) -> DeliveryState | None:
    """Send it; the state that it has then, None where there was nothing to do now."""
    async with transaction(sessions) as session:
        parcel = await _prepare(session, delivery_id, channels, vault)
    if parcel is None:
        return None
    failed: ChannelFailed | None = None
    if parcel.out is not None:
        try:
            await channels.send(parcel.channel, parcel.out)
        except ChannelFailed as failure:
            failed = failure
    async with transaction(sessions) as session:
        return await _settle(session, delivery_id, parcel, failed)


async def _prepare(
    session: AsyncSession, delivery_id: UUID, channels: Channels, vault: Vault
) -> _Parcel | None:
    delivery = await _locked(session, delivery_id)
    if delivery is None:
        return None
    channel, ids = Channel(delivery.channel), frozenset(delivery.notification_ids)
    if channel not in channels:
        return _Parcel(channel, ids, None, DeliveryState.NO_CHANNEL)
    unread = await _unread(session, delivery.notification_ids)
    if not unread:
        return _Parcel(channel, ids, None, DeliveryState.READ_BEFORE)
    if await _is_quiet(session, delivery, {row.category for row in unread}):
        return None
    delivery.attempts += 1
    if delivery.attempts > len(WAITS) + 1:
        # The worker died in each of them.
        return _Parcel(channel, ids, None, DeliveryState.FAILED)
    return await _pack(session, delivery, unread, vault)


async def _pack(
    session: AsyncSession, delivery: Delivery, unread: Sequence[Notification], vault: Vault
) -> _Parcel:
    """What is said to whom."""
    channel, ids = Channel(delivery.channel), frozenset(delivery.notification_ids)
    member = await session.get_one(Member, delivery.member_id)
    if channel is Channel.WECOM:
        text = wording.shared(member.name, [row.kind for row in unread])
        return _Parcel(channel, ids, Outgoing(delivery.id, None, text))
    address = await _address(session, member, channel, vault)
    if address is None:
        return _Parcel(channel, ids, None, DeliveryState.NO_ADDRESS)
    text = wording.private([(row.kind, row.data) for row in unread])
    return _Parcel(channel, ids, Outgoing(delivery.id, address, text))


async def _is_quiet(session: AsyncSession, delivery: Delivery, categories: Collection[str]) -> bool:
    """Whether the channel may not ring now; the delivery then waits until it may."""
    now, channel = clock.now(), Channel(delivery.channel)
    at = await rules.rings_at(session, channel=channel, categories=categories, now=now)
    if at <= now:
        return False
    delivery.not_before = at
    await session.flush()
    await escalation.send_later(session, delivery.id, channel, at)
    return True


async def _locked(session: AsyncSession, delivery_id: UUID) -> Delivery | None:
    found: Delivery | None = await session.scalar(
        select(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == DeliveryState.WAITING)
        .with_for_update()
    )
    return found


async def _unread(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Notification]:
    statement = select(Notification).where(Notification.id.in_(ids), Notification.read_at.is_(None))
    rows = (await session.scalars(statement.order_by(Notification.id))).all()
    over = await escalation.over(session, rows)
    return [row for row in rows if row.id not in over]


async def _address(session: AsyncSession, member: Member, channel: Channel, vault: Vault) -> str | None:
    if member.ended_at is not None and member.ended_at <= clock.now():
        return None
    sealed: bytes | None = member.phone_sealed
    if channel is Channel.MAIL:
        sealed = await session.scalar(
            select(MailAddress.address_sealed).where(MailAddress.member_id == member.id)
        )
    return vault.open(sealed) if sealed else None


async def _settle(
    session: AsyncSession, delivery_id: UUID, parcel: _Parcel, failed: ChannelFailed | None
) -> DeliveryState | None:
    """Write down what became of it; what joined it while it was sent goes out later."""
    delivery = await _locked(session, delivery_id)
    if delivery is None:
        return None
    if failed is not None and not failed.final and delivery.attempts <= len(WAITS):
        delivery.failure = failed.code
        delivery.not_before = clock.now() + WAITS[delivery.attempts - 1]
        await session.flush()
        await escalation.send_later(session, delivery.id, parcel.channel, delivery.not_before)
        return DeliveryState.WAITING
    late = [one for one in delivery.notification_ids if one not in parcel.ids]
    state = parcel.instead or (DeliveryState.FAILED if failed else DeliveryState.SENT)
    delivery.state, delivery.ended_at = state.value, clock.now()
    delivery.failure = failed.code if failed else "worker_died" if state is DeliveryState.FAILED else None
    delivery.notification_ids = [one for one in delivery.notification_ids if one in parcel.ids]
    await session.flush()
    if late:
        await _later(session, delivery, late)
    return state


async def _later(session: AsyncSession, before: Delivery, ids: list[UUID]) -> None:
    delivery_id, at = uuid7(), clock.now() + escalation.GAP
    values: dict[str, Any] = {"notification_ids": ids, "state": DeliveryState.WAITING.value}
    values |= {"id": delivery_id, "member_id": before.member_id, "channel": before.channel}
    await session.execute(insert(Delivery).values(**values, created_at=clock.now(), not_before=at))
    await escalation.send_later(session, delivery_id, Channel(before.channel), at)
