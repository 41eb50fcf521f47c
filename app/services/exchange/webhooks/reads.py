"""Reading subscriptions and their log: a client its own within its token's area, an administrator all.

Removed ones are there for nobody. No secret is read here, and no message: the log says which, when, and what
the other side answered.
"""

from uuid import UUID

from sqlalchemy import and_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.access import ApiClient
from app.models.area import Area
from app.models.enums.third_party import WebhookDeliveryState, WebhookPayload, WebhookState
from app.models.webhook import WebhookDelivery, WebhookSubscription
from app.schemas.types import Ref
from app.schemas.webhook import WebhookDeliveryRead, WebhookRead
from app.services.exchange.webhooks.payloads import message_id
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import Predicate, ScopeColumns

_IN_ORDER = Sort.by_id(WebhookSubscription.id)
_NEWEST = Sort.by_time(WebhookDelivery.created_at, WebhookDelivery.id, descending=True)
_ROWS = (
    select(WebhookSubscription, ApiClient.name, Area.name)
    .join(ApiClient, ApiClient.id == WebhookSubscription.client_id)
    .join(Area, Area.id == WebhookSubscription.area_id)
)


def seen_by(actor: Actor) -> Predicate:
    """The subscriptions that the caller may see; who may ask at all is the policy's."""
    there = WebhookSubscription.state != WebhookState.REMOVED
    if actor.client_id is None:
        return there
    within = scope.visible(actor, Dataset.TICKETS, ScopeColumns(area=WebhookSubscription.area_id))
    return and_(there, WebhookSubscription.client_id == actor.client_id, within)


async def page(
    session: AsyncSession, *, actor: Actor, client_id: UUID | None, cursor: str | None, limit: int
) -> Page[WebhookRead]:
    """Subscriptions in the order in which they were made."""
    statement = page_statement(
        _ROWS,
        sort=_IN_ORDER,
        branches=[seen_by(actor)],
        filters=[WebhookSubscription.client_id == client_id] if client_id else [],
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(*row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda row: (row.id, row.id))


async def read(session: AsyncSession, *, actor: Actor, webhook_id: UUID) -> WebhookRead:
    """One subscription; `NotFound` where it is nobody's or another's."""
    statement = _ROWS.where(WebhookSubscription.id == webhook_id, seen_by(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(*row)


async def locked(session: AsyncSession, *, actor: Actor, webhook_id: UUID) -> WebhookSubscription:
    """One subscription's row, locked for a write."""
    statement = select(WebhookSubscription).where(WebhookSubscription.id == webhook_id, seen_by(actor))
    row = await session.scalar(statement.with_for_update())
    if row is None:
        raise NotFound
    return row


async def log(
    session: AsyncSession,
    *,
    actor: Actor,
    webhook_id: UUID | None,
    state: WebhookDeliveryState | None,
    cursor: str | None,
    limit: int,
) -> Page[WebhookDeliveryRead]:
    """Messages with their last attempt, the newest first; of one subscription or of all that are seen."""
    own = select(WebhookSubscription.id).where(seen_by(actor))
    filters = [WebhookDelivery.state == state] if state is not None else []
    if webhook_id is not None:
        await read(session, actor=actor, webhook_id=webhook_id)
        branches: list[Predicate] = [WebhookDelivery.subscription_id == webhook_id]
    elif actor.client_id is not None:
        ids = await session.scalars(own)
        branches = [WebhookDelivery.subscription_id == each for each in ids]
    else:
        branches, filters = [true()], [*filters, WebhookDelivery.subscription_id.in_(own)]
    statement = page_statement(
        select(WebhookDelivery),
        sort=_NEWEST,
        branches=branches,
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [delivery(row) for row in await session.scalars(statement)]
    return page_of(rows, limit, lambda row: (row.created_at, row.id))


def delivery(row: WebhookDelivery) -> WebhookDeliveryRead:
    """A message of the log."""
    state = WebhookDeliveryState(row.state)
    return WebhookDeliveryRead(
        id=row.id,
        webhook_id=row.subscription_id,
        message_id=message_id(row.event_id),
        event_type=row.event_type,
        ticket_id=row.ticket_id,
        seq=row.seq,
        state=state,
        attempts=row.attempts,
        next_at=row.next_at if state is WebhookDeliveryState.WAITING else None,
        status=row.status,
        duration_ms=row.duration_ms,
        failure=row.failure,
        excerpt=row.excerpt,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _read(row: WebhookSubscription, client_name: str, area_name: str) -> WebhookRead:
    return WebhookRead(
        id=row.id,
        client=Ref(id=row.client_id, name=client_name),
        url=row.url,
        description=row.description,
        area=Ref(id=row.area_id, name=area_name),
        category_code=row.category_code,
        event_types=row.event_types,
        payload=WebhookPayload(row.payload),
        state=WebhookState(row.state),
        failing_since=row.failing_since,
        delivered_at=row.delivered_at,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        former_secret_until=row.former_until,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )
