"""A client's page of itself: who it is, what its token may, how it is used, and what was last delivered."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.access import ApiToken
from app.models.area import Area
from app.models.webhook import WebhookDelivery, WebhookSubscription
from app.schemas.client_use import AllowanceRead, ClientSelf, OwnToken
from app.schemas.types import Ref
from app.schemas.webhook import WebhookDeliveryRead
from app.services.access import api_clients, use_figures
from app.services.exchange.webhooks import reads
from app.services.platform.actor import Actor

LAST_DELIVERIES = 20


async def read(session: AsyncSession, *, actor: Actor, allowances: Sequence[AllowanceRead]) -> ClientSelf:
    """The page of the client that asks; four statements besides the caller's."""
    client = await api_clients.read(session, client_id=actor.id)
    opened = {dataset for grant in actor.grants for dataset in grant.datasets}
    told = client.model_dump(include=ClientSelf.model_fields.keys() - {"datasets", "areas"})
    used = await use_figures.use(session, client_id=actor.id)
    return ClientSelf(
        **told,
        **dict(used),
        areas=client.areas,
        datasets=sorted(opened),
        token=await _token(session, actor),
        allowances=list(allowances),
        deliveries=await _deliveries(session, actor),
    )


async def _token(session: AsyncSession, actor: Actor) -> OwnToken:
    statement = select(ApiToken, Area.name).join(Area, Area.id == ApiToken.area_id)
    token_id = actor.terms.token_id if actor.terms else None
    row = (await session.execute(statement.where(ApiToken.id == token_id))).one_or_none()
    if row is None:
        raise NotFound
    token, area_name = row
    return OwnToken(
        id=token.id,
        key=token.key,
        area=Ref(id=token.area_id, name=area_name),
        scopes=sorted(actor.token_scopes),
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        former_secret_until=token.former_until,
    )


async def _deliveries(session: AsyncSession, actor: Actor) -> list[WebhookDeliveryRead]:
    own = select(WebhookSubscription.id).where(reads.seen_by(actor))
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.subscription_id.in_(own))
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
        .limit(LAST_DELIVERIES)
    )
    return [reads.delivery(row) for row in await session.scalars(statement)]
