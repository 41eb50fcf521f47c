"""The reader of the outbox that makes messages: one for each step and each address that is to be told.

It reads the log in windows, from where it stopped to what has ended by now, each in one statement and one
transaction with its mark. In such a window every step of a ticket comes with those before it, however late
somebody committed, so messages of a ticket exist in their order. The same statement makes those of a replay,
of the timeline instead of the log. Sending is a job of the queue for each address that has something new.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.platform import OutboxReader
from app.services.exchange.webhooks.events import EVENT_TYPES, PREFIX
from app.services.platform import queue

NAME = "webhooks"
SEND = "send_webhooks"
# A client sees through its tokens; so does a subscription, whatever it was made with.
REACHES = """
    EXISTS (SELECT FROM api_token WHERE api_token.client_id = subscription.client_id
        AND api_token.revoked_at IS NULL AND api_token.expires_at > :now
        AND 'tickets:read' = ANY(api_token.scopes) AND api_token.area_id = ANY(reach.path))
    """
_OF_LOG = """
    SELECT event.id AS event_id, outbox.topic AS event_type, outbox.entity_id AS ticket_id, event.seq,
        CAST(outbox.data ->> 'area_id' AS uuid) AS area_id,
        CAST(outbox.data ->> 'was_area_id' AS uuid) AS was_area_id
    FROM outbox
    JOIN ticket_event AS event
      ON event.ticket_id = outbox.entity_id AND event.seq = CAST(outbox.data ->> 'seq' AS integer)
    WHERE outbox.txid >= :since AND outbox.txid < :before AND outbox.topic = ANY(:types)
    """
_OF_TIMELINE = f"""
    SELECT event.id AS event_id, '{PREFIX}' || event.action AS event_type, event.ticket_id, event.seq,
        ticket.area_id, CAST(NULL AS uuid) AS was_area_id
    FROM ticket_event AS event JOIN ticket ON ticket.id = event.ticket_id
    WHERE event.at >= :since AND event.at < :before AND '{PREFIX}' || event.action = ANY(:types)
    """  # noqa: S608 - made of this module's own texts
_MESSAGES = """
    WITH news AS ({news}), made AS (
        INSERT INTO webhook_delivery AS delivery
            (subscription_id, event_id, event_type, ticket_id, seq, state, next_at, created_at)
        SELECT subscription.id, news.event_id, news.event_type, news.ticket_id, news.seq, 'waiting',
            :now, :now
        FROM news
        JOIN ticket ON ticket.id = news.ticket_id
        JOIN area ON area.id = news.area_id
        LEFT JOIN area AS was ON was.id = news.was_area_id
        JOIN webhook_subscription AS subscription
          ON subscription.area_id = ANY(area.path || was.path) AND subscription.state = 'active'
        JOIN api_client ON api_client.id = subscription.client_id AND api_client.status = 'active'
        JOIN area AS reach ON reach.id = subscription.area_id
        WHERE (cardinality(subscription.event_types) = 0
               OR news.event_type = ANY(subscription.event_types))
          AND (subscription.category_code IS NULL
               OR starts_with(ticket.category_code, subscription.category_code))
          AND {reaches} {only}
        ON CONFLICT (subscription_id, event_id) DO {known}
        RETURNING subscription_id
    )
    SELECT subscription_id, count(*) AS messages FROM made GROUP BY subscription_id
    """
_NEWS = text(_MESSAGES.format(news=_OF_LOG, reaches=REACHES, only="", known="NOTHING"))
_AGAIN = text(
    _MESSAGES.format(
        news=_OF_TIMELINE,
        reaches=REACHES,
        only="AND subscription.id = :only",
        known="""UPDATE SET state = 'waiting', attempts = 0, next_at = :now, ended_at = NULL
            WHERE delivery.state <> 'waiting'""",
    )
)
_ENDED = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_NOW = text(f"SELECT {_ENDED}")
_ANY = text(f"""
    SELECT EXISTS (SELECT FROM outbox_reader AS reader JOIN outbox ON outbox.txid >= reader.txid
        WHERE reader.name = '{NAME}' AND outbox.txid < {_ENDED})
    """)  # noqa: S608 - made of this module's own texts


async def run(sessions: Sessions) -> int:
    """Read what has ended since the last time; how many messages were made."""
    async with transaction(sessions) as session:
        # A look first: to hold the place is a write, and most of the time there is nothing to read.
        if not await session.scalar(_ANY):
            return 0
        place = await session.scalar(
            select(OutboxReader).where(OutboxReader.name == NAME).with_for_update(skip_locked=True)
        )
        if place is None:
            return 0
        before = await session.scalar(_NOW)
        if before is None or before <= place.txid:
            return 0
        window = {"since": place.txid, "before": before}
        place.txid, place.read_at = before, clock.now()
        await session.flush()
        return await _make(session, _NEWS, window)


async def replay(session: AsyncSession, *, subscription_id: UUID, since: datetime, before: datetime) -> int:
    """Send the steps of this time once more, of tickets that are in the area now; how many."""
    return await _make(session, _AGAIN, {"since": since, "before": before, "only": subscription_id})


async def wake(session: AsyncSession, subscription_ids: Sequence[UUID]) -> None:
    """Have messages sent, each address by a job of its own."""
    for subscription_id in subscription_ids:
        await queue.enqueue(session, job=SEND, payload={"subscription_id": str(subscription_id)})


async def _make(session: AsyncSession, statement: Any, window: dict[str, Any]) -> int:
    values = {**window, "now": clock.now(), "types": list(EVENT_TYPES)}
    made = (await session.execute(statement, values)).all()
    await wake(session, [row.subscription_id for row in made])
    return sum(row.messages for row in made)
