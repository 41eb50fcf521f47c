"""The log of deliveries, for administrators: whom, by which channel, and what became of it.

No words and no addresses. Making and sending deliveries is done elsewhere, by the worker alone.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.paging import Page, Sort, page_of
from app.models.enums.message import Channel, DeliveryState
from app.models.message import Delivery
from app.schemas.message import DeliveryRead
from app.services.platform.listing import page_statement

_NEWEST = Sort.by_id(Delivery.id, descending=True)


async def page(
    session: AsyncSession,
    *,
    state: DeliveryState | None,
    channel: Channel | None,
    member_id: UUID | None,
    cursor: str | None,
    limit: int,
) -> Page[DeliveryRead]:
    """One page of the log of deliveries, the newest first."""
    wanted = ((Delivery.state, state), (Delivery.channel, channel), (Delivery.member_id, member_id))
    statement = page_statement(
        select(Delivery),
        sort=_NEWEST,
        branches=[Delivery.id.is_not(None)],
        filters=[column == value for column, value in wanted if value is not None],
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.scalars(statement)]
    return page_of(rows, limit, lambda delivery: (delivery.id, delivery.id))


def _read(row: Delivery) -> DeliveryRead:
    return DeliveryRead(
        id=row.id,
        member_id=row.member_id,
        channel=Channel(row.channel),
        messages=len(row.notification_ids),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        failure=row.failure,
        created_at=row.created_at,
        not_before=row.not_before,
        ended_at=row.ended_at,
    )
