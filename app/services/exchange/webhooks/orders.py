"""What somebody asks of a subscription that is on: a test message, or all steps since some time once more.

Both are carried out by the worker; a replay of years takes it a while, and nobody waits for that.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, invalid_field
from app.core.ids import uuid7
from app.models.enums.third_party import WebhookDeliveryState, WebhookState
from app.models.webhook import WebhookDelivery, WebhookSubscription
from app.schemas.webhook import ReplayCreate, WebhookDeliveryRead, WebhookRead
from app.services.exchange.webhooks import fanout, reads
from app.services.exchange.webhooks.events import TEST
from app.services.platform import audit, queue
from app.services.platform.actor import Actor

REPLAY = "replay_webhook"


class WebhookOff(Conflict):
    """Nothing goes out while it is paused or disabled."""

    code = "webhook_off"
    title_zh, title_en = "该订阅已暂停或停用，请先启用", "The subscription is off: switch it on first"


class StillWaiting(Conflict):
    """One test at a time."""

    code = "test_waiting"
    title_zh, title_en = "上一条测试消息还没有投递成功", "The test before this one is still waiting"


class StillReplaying(Conflict):
    """One replay at a time."""

    code = "replay_waiting"
    title_zh, title_en = "上一次重新投递还没有备好", "The replay before this one is still being made"


async def test(session: AsyncSession, *, actor: Actor, webhook_id: UUID) -> WebhookDeliveryRead:
    """Send a test message; its place in the log tells what became of it."""
    await _on(session, actor, webhook_id)
    waiting = select(WebhookDelivery.id).where(
        WebhookDelivery.subscription_id == webhook_id,
        WebhookDelivery.state == WebhookDeliveryState.WAITING,
        WebhookDelivery.ticket_id.is_(None),
    )
    if await session.scalar(waiting.limit(1)) is not None:
        raise StillWaiting
    now = clock.now()
    row = WebhookDelivery(
        id=uuid7(),
        subscription_id=webhook_id,
        event_id=uuid7(),
        event_type=TEST,
        seq=0,
        state=WebhookDeliveryState.WAITING,
        attempts=0,
        next_at=now,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await fanout.wake(session, [webhook_id])
    return reads.delivery(row)


async def replay(
    session: AsyncSession, *, actor: Actor, webhook_id: UUID, wanted: ReplayCreate
) -> WebhookRead:
    """Have the steps of a time sent again, in order, under the ids that they have had."""
    await _on(session, actor, webhook_id)
    until: datetime = wanted.until or clock.now()
    if until <= wanted.since:
        raise invalid_field("body.until", "须晚于开始时间", "Must be later than the beginning")
    told = {"since": wanted.since.isoformat(), "until": until.isoformat()}
    order = {"subscription_id": str(webhook_id), **told}
    if not await queue.enqueue(session, job=REPLAY, payload=order, alone=f"{REPLAY} {webhook_id}"):
        raise StillReplaying
    await audit.record(
        session, action="webhook.replay", entity="webhook", entity_id=webhook_id, actor_id=actor.id, data=told
    )
    return await reads.read(session, actor=actor, webhook_id=webhook_id)


async def _on(session: AsyncSession, actor: Actor, webhook_id: UUID) -> WebhookSubscription:
    row = await reads.locked(session, actor=actor, webhook_id=webhook_id)
    if row.state != WebhookState.ACTIVE:
        raise WebhookOff
    return row
