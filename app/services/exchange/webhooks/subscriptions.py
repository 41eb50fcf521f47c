"""Subscriptions of webhooks: made, changed, switched on and off, given new secrets, and removed.

By a client with its own token, for what that token sees, or by an administrator. A subscription never tells
more than its client may know: that is asked again for every message (`fanout`, `due`), so a token that ends
takes its news with it. The secret is in one answer only and kept sealed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.outside import Refused, Rules
from app.models.access import ApiClient
from app.models.area import Area
from app.models.enums import AccountStatus
from app.models.enums.third_party import WebhookDeliveryState, WebhookState
from app.models.ticket import Category
from app.models.webhook import WebhookDelivery, WebhookSubscription
from app.schemas.webhook import WebhookCreate, WebhookPatch, WebhookRead, WebhookShown
from app.services.access import places
from app.services.access.api_tokens import ClientDisabled
from app.services.areas import tree
from app.services.exchange.webhooks import fanout, reads, signing
from app.services.exchange.webhooks.events import EVENT_TYPES
from app.services.platform import audit, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import ScopeColumns

MOST = 20
_REFUSED = {
    "scheme": (
        "须为 https 地址；http 只用于部署时放行的网段",
        "Must be https; http only into networks that the deployment listed",
    ),
    "userinfo": ("地址里不能带用户名或密码", "No credentials in the address"),
    "fragment": ("地址里不能有 # 片段", "No fragment in the address"),
    "host": ("主机名须为域名或普通写法的 IP 地址", "The host must be a name or a plainly written IP address"),
    "port": ("不能使用这个端口", "This port may not be used"),
    "address": ("不能使用内网、本机等地址，除非部署时放行了该网段", "Not an address of the open Internet"),
    "url": ("地址格式不正确，或超过 2048 个字符", "Not a URL, or longer than 2048 characters"),
}


class TooManyWebhooks(Conflict):
    """A client has as many subscriptions as it may."""

    code = "too_many_webhooks"
    title_zh, title_en = f"一个接入方最多 {MOST} 个订阅", f"A client has at most {MOST} subscriptions"


async def create(
    session: AsyncSession, *, actor: Actor, rules: Rules, vault: Vault, new: WebhookCreate
) -> WebhookShown:
    """A new subscription and its secret, which cannot be had again."""
    client_id = await _client(session, actor, new.client_id)
    area_id = await _area(session, actor, new.area_id)
    values = new.model_dump(exclude={"client_id", "area_id"})
    await _check(session, rules, values)
    secret = signing.new_secret()
    row = WebhookSubscription(
        id=uuid7(),
        version=1,
        client_id=client_id,
        area_id=area_id,
        state=WebhookState.ACTIVE,
        secret_sealed=vault.seal(secret),
        created_at=clock.now(),
        created_by=actor.id,
        updated_at=clock.now(),
        updated_by=actor.id,
        **values,
    )
    session.add(row)
    await session.flush()
    told = {"client_id": str(client_id), "area_id": str(area_id), "payload": row.payload}
    await _note(session, "webhook.create", actor, row.id, told)
    return await _shown(session, actor, row.id, secret)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    rules: Rules,
    webhook_id: UUID,
    expected_version: int | None,
    patch: WebhookPatch,
) -> WebhookRead:
    """The subscription with the sent fields changed; switched on, it sends what waits, from anew."""
    row = await reads.locked(session, actor=actor, webhook_id=webhook_id)
    versions.require(row, expected_version)
    changes = patch.changes
    await _check(session, rules, changes)
    active = changes.pop("active", None)
    for name, value in changes.items():
        setattr(row, name, value)
    if active is not None and active != (row.state == WebhookState.ACTIVE):
        await _switch(session, row, on=active)
    versions.touch(row, actor)
    await session.flush()
    await _note(session, "webhook.change", actor, row.id, {"fields": sorted(changes), "state": row.state})
    return await reads.read(session, actor=actor, webhook_id=webhook_id)


async def rotate(
    session: AsyncSession, *, actor: Actor, vault: Vault, webhook_id: UUID, overlap: timedelta
) -> WebhookShown:
    """A new secret, shown once; the former one signs, too, until the overlap ends."""
    row = await reads.locked(session, actor=actor, webhook_id=webhook_id)
    secret = signing.new_secret()
    row.former_secret_sealed = row.secret_sealed if overlap else None
    row.former_until = clock.now() + overlap if overlap else None
    row.secret_sealed = vault.seal(secret)
    versions.touch(row, actor)
    await session.flush()
    hours = overlap // timedelta(hours=1)
    await _note(session, "webhook.rotate", actor, row.id, {"overlap_hours": hours})
    return await _shown(session, actor, row.id, secret)


async def remove(
    session: AsyncSession, *, actor: Actor, webhook_id: UUID, expected_version: int | None
) -> None:
    """End a subscription for good: nothing goes out any more, and nobody has its secrets."""
    row = await reads.locked(session, actor=actor, webhook_id=webhook_id)
    versions.require(row, expected_version)
    row.state = WebhookState.REMOVED
    row.secret_sealed = row.former_secret_sealed = row.former_until = row.leased_until = None
    versions.touch(row, actor)
    await session.flush()
    await _note(session, "webhook.remove", actor, row.id, {"client_id": str(row.client_id)})


async def _switch(session: AsyncSession, row: WebhookSubscription, *, on: bool) -> None:
    row.state = WebhookState.ACTIVE if on else WebhookState.PAUSED
    row.disabled_at = row.disabled_reason = row.failing_since = row.leased_until = None
    if on:
        await session.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.subscription_id == row.id,
                WebhookDelivery.state == WebhookDeliveryState.WAITING,
            )
            .values(attempts=0, next_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        await fanout.wake(session, [row.id])


async def _client(session: AsyncSession, actor: Actor, wanted: UUID | None) -> UUID:
    """Whose subscription it becomes; the row is locked, so that two at once are counted."""
    client_id = actor.client_id if wanted is None else wanted
    if client_id is None:
        raise invalid_field("body.client_id", "请选择接入方", "Say for which client", "missing")
    statement = select(ApiClient).where(ApiClient.id == client_id)
    if actor.client_id is not None:
        statement = statement.where(ApiClient.id == actor.client_id)
    client = await session.scalar(statement.with_for_update())
    if client is None:
        raise invalid_field("body.client_id", "没有这个接入方", "No such client", "not_found")
    if client.status != AccountStatus.ACTIVE:
        raise ClientDisabled
    own = select(func.count()).where(
        WebhookSubscription.client_id == client_id, WebhookSubscription.state != WebhookState.REMOVED
    )
    if (await session.scalar(own) or 0) >= MOST:
        raise TooManyWebhooks
    return client_id


async def _area(session: AsyncSession, actor: Actor, wanted: UUID | None) -> UUID:
    """Of which area it tells: for a client, what its token sees or a part of that."""
    if actor.client_id is None:
        if wanted is None:
            raise invalid_field("body.area_id", "请选择区域", "Say of which area", "missing")
        await places.require_area(session, wanted)
        return wanted
    own = next(grant.area_id for grant in actor.grants_of(Dataset.TICKETS) if grant.area_id is not None)
    seen = scope.visible(actor, Dataset.TICKETS, ScopeColumns(area=Area.id))
    found = await session.scalar(select(Area.id).where(Area.id == (wanted or own), seen))
    if found is None:
        raise NotFound(errors=(tree.unknown("body.area_id"),))
    return found


async def _check(session: AsyncSession, rules: Rules, values: Mapping[str, Any]) -> None:
    """Refuse an address where nobody may be called, and codes that are none."""
    if "url" in values:
        try:
            rules.target(values["url"])
        except Refused as refused:
            raise invalid_field("body.url", *_REFUSED[refused.code], refused.code) from refused
    unknown = sorted(set(values.get("event_types") or ()) - EVENT_TYPES.keys())
    if unknown:
        told = "、".join(unknown)
        raise invalid_field("body.event_types", f"没有这种事件：{told}", f"No such event: {told}")
    category = values.get("category_code")
    known = select(Category.code).where(Category.code == category)
    if category is not None and await session.scalar(known) is None:
        raise invalid_field("body.category_code", "没有这个类别", "No such category", "not_found")


async def _shown(session: AsyncSession, actor: Actor, webhook_id: UUID, secret: str) -> WebhookShown:
    found = await reads.read(session, actor=actor, webhook_id=webhook_id)
    return WebhookShown(**dict(found), secret=secret)


async def _note(
    session: AsyncSession, action: str, actor: Actor, webhook_id: UUID, data: Mapping[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="webhook", entity_id=webhook_id, actor_id=actor.id, data=data
    )
