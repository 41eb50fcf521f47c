"""Switching off an address that nobody answers at, and telling those who look after its client.

The client finds it in its subscription, administrators in their messages and in the audit log. What waits
stays, and goes out when somebody switches it on again.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.writes import together
from app.models.enums.third_party import WebhookState
from app.models.webhook import WebhookSubscription
from app.services.platform import audit, outbox

TOPIC = "webhook.disable"


async def switch_off(session: AsyncSession, *, subscription_id: UUID, reason: str) -> None:
    """Send nothing there any more, because of `gone` or `unreachable`; nothing where it is off already."""
    row = await session.scalar(
        select(WebhookSubscription)
        .where(WebhookSubscription.id == subscription_id, WebhookSubscription.state == WebhookState.ACTIVE)
        .with_for_update()
    )
    if row is None:
        return
    row.state, row.disabled_at, row.disabled_reason = WebhookState.DISABLED, clock.now(), reason
    row.leased_until, row.updated_at, row.updated_by = None, clock.now(), None
    row.version += 1
    await session.flush()
    told = {"client_id": str(row.client_id), "reason": reason}
    noted = audit.line(action=TOPIC, entity="webhook", entity_id=row.id, actor_id=None, data=told)
    await together(session, [noted, outbox.append(TOPIC, row.id, told)])
