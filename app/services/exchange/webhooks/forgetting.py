"""Forgetting the log of webhooks when its time is over, and subscriptions that were removed with it.

How long is a rule of retention. What still waits by then waits for nobody: three days are over, or it is off.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums.third_party import WebhookState
from app.models.webhook import WebhookDelivery, WebhookSubscription


def found(before: datetime) -> Select[UUID]:
    """Messages that were made before, the oldest first."""
    return (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.created_at < before)
        .order_by(WebhookDelivery.created_at, WebhookDelivery.id)
    )


async def forget(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete these messages, and removed subscriptions of which none is left."""
    kept = exists().where(WebhookDelivery.subscription_id == WebhookSubscription.id)
    for statement in (
        delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)),
        delete(WebhookSubscription).where(WebhookSubscription.state == WebhookState.REMOVED, ~kept),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))
