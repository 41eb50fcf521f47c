"""The reader of the outbox that makes messages: one for each step and each address that is to be told.

It reads the log in windows, from where it stopped to what has ended by now. In such a window every step of a
ticket comes with those before it, however late somebody committed, and read by their ids they come in order.
The same statement makes the messages of a replay, of the timeline instead of the log. Sending is a job of the
queue for each address that has something new. A step that takes a ticket out of an area or a category is told
to those whom it leaves, too. An organisation's own system is told of the steps of a ticket while it is with
the organisation, and of the step that takes it away.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.services.access.actors import WORKS
from app.services.exchange.webhooks.events import BEGINNINGS, EVENT_TYPES, PREFIX
from app.services.platform import queue

NAME = "webhooks"
SEND = "send_webhooks"
CHUNK = 1_000
# A client sees through its tokens; so does a subscription, whatever it was made with.
REACHES = f"""
    EXISTS (SELECT FROM api_token JOIN area ON area.id = api_token.area_id
        WHERE api_token.client_id = api_client.id AND {WORKS.format(now=":now")}
        AND 'tickets:read' = ANY(api_token.scopes)
        AND (cardinality(api_client.scopes) = 0 OR 'tickets:read' = ANY(api_client.scopes))
        AND api_token.area_id = ANY(reach.path))
    """
# As it was before the step and after it, whatever it has become since.
_CATEGORIES = """
    coalesce((SELECT later.data -> 'before' ->> 'category_code' FROM ticket_event AS later
        WHERE later.ticket_id = event.ticket_id AND later.seq > event.seq
          AND later.data -> 'before' ->> 'category_code' IS NOT NULL
        ORDER BY later.seq LIMIT 1), ticket.category_code) AS category_code,
    event.data -> 'before' ->> 'category_code' AS was_category_code
    """
# Not of a draft that nobody ever sent.
_BEGUN = """
    (SELECT bool_or(former.action = ANY(:beginnings)) FROM ticket_event AS former
     WHERE former.ticket_id = event.ticket_id)
    """
_OF_LOG = f"""
    SELECT event.id AS event_id, outbox.topic AS event_type, outbox.entity_id AS ticket_id, event.seq,
        event.at, ticket.lead_org_id, {_CATEGORIES},
        CAST(outbox.data ->> 'area_id' AS uuid) AS area_id,
        CAST(outbox.data ->> 'was_area_id' AS uuid) AS was_area_id
    FROM outbox
    JOIN ticket_event AS event
      ON event.ticket_id = outbox.entity_id AND event.seq = CAST(outbox.data ->> 'seq' AS integer)
    JOIN ticket ON ticket.id = outbox.entity_id
    WHERE outbox.id > :after AND outbox.id <= :upto AND outbox.txid >= :since AND outbox.txid < :before
      AND outbox.topic = ANY(:types) AND {_BEGUN}
    """  # noqa: S608 - made of this module's own texts
_OF_TIMELINE = f"""
    SELECT event.id AS event_id, '{PREFIX}' || event.action AS event_type, event.ticket_id, event.seq,
        event.at, ticket.lead_org_id, {_CATEGORIES}, ticket.area_id, CAST(NULL AS uuid) AS was_area_id
    FROM ticket_event AS event JOIN ticket ON ticket.id = event.ticket_id
    WHERE event.at >= :since AND event.at < :before AND '{PREFIX}' || event.action = ANY(:types)
      AND {_BEGUN}
    """  # noqa: S608 - made of this module's own texts
# Step by step, so that the work is bounded whatever the planner knows of tables that have just grown; in one
# order, so that two who make the same messages wait for one another and never in a circle.
_MESSAGES = """
    WITH news AS MATERIALIZED ({news}),
    step AS MATERIALIZED (
        SELECT event_id, event_type, ticket_id, seq, at, lead_org_id, category_code, area_id FROM news
        UNION ALL
        SELECT event_id, event_type, ticket_id, seq, at, lead_org_id,
            coalesce(was_category_code, category_code), coalesce(was_area_id, area_id)
        FROM news WHERE was_area_id IS NOT NULL OR was_category_code IS NOT NULL
    ), place AS MATERIALIZED (
        SELECT DISTINCT area.id, area.path FROM step JOIN area ON area.id = step.area_id
    ), subscriber AS MATERIALIZED (
        SELECT subscription.id, subscription.area_id, subscription.event_types, subscription.category_code,
            api_client.org_id
        FROM webhook_subscription AS subscription
        JOIN api_client ON api_client.id = subscription.client_id AND api_client.status = 'active'
        JOIN area AS reach ON reach.id = subscription.area_id
        WHERE subscription.state = 'active' AND {reaches} {only}
    ), told AS MATERIALIZED (
        SELECT place.id AS place_id, subscriber.*
        FROM place JOIN subscriber ON subscriber.area_id = ANY(place.path)
    ), made AS (
        INSERT INTO webhook_delivery AS delivery
            (subscription_id, event_id, event_type, ticket_id, seq, state, next_at, created_at)
        SELECT told.id, step.event_id, step.event_type, step.ticket_id, step.seq, 'waiting', :now, :now
        FROM step JOIN told ON told.place_id = step.area_id
        WHERE (cardinality(told.event_types) = 0 OR step.event_type = ANY(told.event_types))
          AND (told.category_code IS NULL OR starts_with(step.category_code, told.category_code))
          AND (told.org_id IS NULL OR EXISTS (
              SELECT FROM ticket_assignment AS given
              WHERE given.ticket_id = step.ticket_id AND given.org_id = told.org_id
                AND given.dispatched_at <= step.at
                AND (given.ended_at IS NULL OR given.ended_at >= step.at OR told.org_id = step.lead_org_id)))
        ORDER BY told.id, step.event_id
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
        known="""UPDATE
            SET state = 'waiting', attempts = 0, next_at = :now, created_at = :now, ended_at = NULL""",
    )
)
# The subscription's row first, as everybody does who locks both.
_LOCK = text("SELECT FROM webhook_subscription WHERE id = :only FOR NO KEY UPDATE")
_ENDED = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_WINDOW = text(f"""
    SELECT reader.txid AS since, {_ENDED} AS before
    FROM outbox_reader AS reader WHERE reader.name = '{NAME}'
      AND EXISTS (SELECT FROM outbox WHERE outbox.txid >= reader.txid AND outbox.txid < {_ENDED})
    """)  # noqa: S608 - made of this module's own texts
# Sorted, not walked: by the key itself, the planner would walk to the window from the first row of all.
_CHUNK = text("""
    SELECT max(id) FROM (SELECT id FROM outbox WHERE txid >= :since AND txid < :before AND id > :after
        ORDER BY id + 0 LIMIT :chunk) AS next
    """)
_CHUNK_AGAIN = text("""
    SELECT max(at) FROM (SELECT at FROM ticket_event WHERE at >= :since AND at < :before
        ORDER BY at, id LIMIT :chunk) AS next
    """)
_DONE = text("""
    UPDATE outbox_reader SET txid = :before, read_at = :now WHERE name = :name AND txid < :before
    """)


async def run(sessions: Sessions) -> int:
    """Read what has ended since the last time; how many messages were made.

    By rows in the order of their ids, in which a ticket's steps are, however its transactions are numbered.
    Two at once, or one that is cut off, make nothing twice.
    """
    async with sessions() as session:
        found = (await session.execute(_WINDOW)).mappings().one_or_none()
    if found is None:
        return 0
    window, after, made = dict(found), 0, 0
    while True:
        async with transaction(sessions) as session:
            upto = await session.scalar(_CHUNK, {**window, "after": after, "chunk": CHUNK})
            if upto is None:
                await session.execute(_DONE, {"before": window["before"], "now": clock.now(), "name": NAME})
                return made
            made += await _make(session, _NEWS, {**window, "after": after, "upto": upto})
            after = upto


async def replay(sessions: Sessions, *, subscription_id: UUID, since: datetime, before: datetime) -> int:
    """Send the steps of this time once more, of tickets that are in the area now; how many.

    What waits for its next attempt is due now, too: whoever asks is there again.
    """
    made = 0
    while True:
        async with transaction(sessions) as session:
            last = await session.scalar(_CHUNK_AGAIN, {"since": since, "before": before, "chunk": CHUNK})
            if last is None:
                return made
            # All steps of the last instant, too.
            end = last + timedelta(microseconds=1)
            window = {"since": since, "before": min(end, before), "only": subscription_id}
            await session.execute(_LOCK, {"only": subscription_id})
            made += await _make(session, _AGAIN, window)
            since = end


async def wake(session: AsyncSession, subscription_ids: Sequence[UUID]) -> None:
    """Have messages sent, each address by a job of its own."""
    for subscription_id in subscription_ids:
        await queue.enqueue(session, job=SEND, payload={"subscription_id": str(subscription_id)})


async def _make(session: AsyncSession, statement: Any, window: dict[str, Any]) -> int:
    values = {**window, "now": clock.now(), "types": list(EVENT_TYPES), "beginnings": list(BEGINNINGS)}
    made = (await session.execute(statement, values)).all()
    await wake(session, [row.subscription_id for row in made])
    return sum(row.messages for row in made)
