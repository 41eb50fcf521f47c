"""Webhooks: subscriptions of third parties, their secrets, tests, replays and the log of messages.

For a client with a token that has the scope, and for administrators. A secret is in one answer only.
"""

from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import WebhookKeeper
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.parts import Configured
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums.third_party import WebhookDeliveryState
from app.schemas.types import PageRead
from app.schemas.webhook import (
    EventTypeRead,
    EventTypes,
    ReplayCreate,
    SecretRotate,
    WebhookCreate,
    WebhookDeliveryRead,
    WebhookPatch,
    WebhookRead,
    WebhookShown,
)
from app.services.exchange.webhooks import orders, reads, subscriptions
from app.services.exchange.webhooks.calls import rules_of
from app.services.exchange.webhooks.events import EVENT_TYPES

PREFIX = "/v1/webhooks"
Shape = TypeVar("Shape", bound=WebhookRead)
records = APIRouter(
    prefix=PREFIX, tags=["webhooks"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)
secrets = APIRouter(prefix=PREFIX, tags=["webhooks"])
router = APIRouter(tags=["webhooks"])


@router.get("/v1/webhook-event-types", summary="可订阅的事件", operation_id="webhook_event_types")
async def webhook_event_types(_actor: WebhookKeeper) -> EventTypes:
    """All types of events, in the order of the workflow, with the states that follow each."""
    rows = [EventTypeRead(type=name, label=each.label, to=each.to) for name, each in EVENT_TYPES.items()]
    return EventTypes(items=rows)


@router.get("/v1/webhook-deliveries", summary="投递记录", operation_id="webhook_deliveries_list")
async def webhook_deliveries_list(
    session: Session,
    actor: WebhookKeeper,
    *,
    webhook_id: UUID | None = None,
    state: WebhookDeliveryState | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[WebhookDeliveryRead]:
    """Messages with their last attempt, the newest first."""
    page = await reads.log(
        session, actor=actor, webhook_id=webhook_id, state=state, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@records.get("", summary="订阅列表", operation_id="webhooks_list")
async def webhooks_list(
    session: Session,
    actor: WebhookKeeper,
    client_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[WebhookRead]:
    """A client's own subscriptions within its token's area; an administrator sees those of all clients."""
    page = await reads.page(session, actor=actor, client_id=client_id, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@secrets.post("", status_code=201, summary="新建订阅", operation_id="webhook_create")
async def webhook_create(
    session: Session,
    actor: WebhookKeeper,
    response: Response,
    vault: AppVault,
    settings: Configured,
    body: WebhookCreate,
) -> WebhookShown:
    """Subscribe an address to steps of tickets; the secret that signs them is shown this once."""
    shown = await subscriptions.create(session, actor=actor, rules=rules_of(settings), vault=vault, new=body)
    response.headers["Location"] = f"{PREFIX}/{shown.id}"
    response.headers["Cache-Control"] = "no-store"
    return _tagged(response, shown)


@records.get("/{webhook_id}", summary="订阅详情", operation_id="webhook_read")
async def webhook_read(
    session: Session, actor: WebhookKeeper, response: Response, webhook_id: UUID
) -> WebhookRead:
    """One subscription, and whether its receiver answers."""
    return _tagged(response, await reads.read(session, actor=actor, webhook_id=webhook_id))


@records.patch("/{webhook_id}", summary="修改订阅", operation_id="webhook_change")
async def webhook_change(
    session: Session,
    actor: WebhookKeeper,
    response: Response,
    settings: Configured,
    webhook_id: UUID,
    body: WebhookPatch,
    if_match: IfMatch = None,
) -> WebhookRead:
    """Change a subscription; `active` pauses it, or switches it on again and sends what waits."""
    changed = await subscriptions.change(
        session,
        actor=actor,
        rules=rules_of(settings),
        webhook_id=webhook_id,
        expected_version=etags.expected_version(if_match),
        patch=body,
    )
    return _tagged(response, changed)


@records.delete("/{webhook_id}", status_code=204, summary="删除订阅", operation_id="webhook_remove")
async def webhook_remove(
    session: Session, actor: WebhookKeeper, webhook_id: UUID, if_match: IfMatch = None
) -> None:
    """End a subscription for good; what waits is not sent any more."""
    await subscriptions.remove(
        session, actor=actor, webhook_id=webhook_id, expected_version=etags.expected_version(if_match)
    )


@secrets.post("/{webhook_id}/secret", summary="更换密钥", operation_id="webhook_secret_rotate")
async def webhook_secret_rotate(
    session: Session,
    actor: WebhookKeeper,
    response: Response,
    vault: AppVault,
    webhook_id: UUID,
    body: SecretRotate,
) -> WebhookShown:
    """A new secret, shown this once; for some hours messages carry the former one's signature, too."""
    response.headers["Cache-Control"] = "no-store"
    shown = await subscriptions.rotate(
        session,
        actor=actor,
        vault=vault,
        webhook_id=webhook_id,
        overlap=timedelta(hours=body.overlap_hours),
    )
    return _tagged(response, shown)


@records.post("/{webhook_id}/test", status_code=202, summary="发送测试消息", operation_id="webhook_test")
async def webhook_test(session: Session, actor: WebhookKeeper, webhook_id: UUID) -> WebhookDeliveryRead:
    """Send `webhook.test`; the log tells what became of it."""
    return await orders.test(session, actor=actor, webhook_id=webhook_id)


@records.post("/{webhook_id}/replay", status_code=202, summary="重新投递", operation_id="webhook_replay")
async def webhook_replay(
    session: Session, actor: WebhookKeeper, response: Response, webhook_id: UUID, body: ReplayCreate
) -> WebhookRead:
    """Send the steps since a moment once more, in order and under the same ids."""
    shown = await orders.replay(session, actor=actor, webhook_id=webhook_id, wanted=body)
    return _tagged(response, shown)


def _tagged(response: Response, shown: Shape) -> Shape:
    response.headers["ETag"] = etags.of_version(shown.version)
    return shown


router.include_router(records)
router.include_router(secrets)
