"""What is due at one address, and what became of it: the SQL of a run, a few statements for a batch.

A run holds a lease on its subscription, so that one alone sends to an address. Of each ticket the first
message that waits is due, the others are held back by it. Messages are read with what they tell of, as it is
now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.models.enums.third_party import WebhookPayload
from app.services.exchange.webhooks.fanout import REACHES
from app.services.exchange.webhooks.schedule import Attempt, Verdict

BATCH = 200
LEASE = timedelta(minutes=3)
_HOLD = text(f"""
    UPDATE webhook_subscription AS subscription
    SET leased_until = :until,
        delivered_at = CASE WHEN CAST(:taken AS boolean) THEN :now ELSE subscription.delivered_at END,
        failing_since = CASE WHEN CAST(:taken AS boolean) THEN NULL
            WHEN CAST(:failed AS boolean) THEN coalesce(subscription.failing_since, :now)
            ELSE subscription.failing_since END
    FROM api_client, area AS reach
    WHERE subscription.id = :id AND subscription.state = 'active'
      AND (subscription.leased_until IS NULL OR subscription.leased_until <= :now
           OR subscription.leased_until = CAST(:held AS timestamptz))
      AND api_client.id = subscription.client_id AND api_client.status = 'active'
      AND reach.id = subscription.area_id AND {REACHES}
    RETURNING subscription.url, subscription.payload, subscription.area_id, subscription.secret_sealed,
        subscription.former_secret_sealed, subscription.former_until, subscription.failing_since,
        api_client.fields, api_client.org_id, api_client.id AS client_id
    """)  # noqa: S608 - made of this package's own texts
# One pass over all that waits there, whatever the planner knows of it: of how much, it cannot know in time.
_DUE = text("""
    WITH first AS MATERIALIZED (
        SELECT DISTINCT ON (ticket_id) id, event_id, event_type, attempts, ticket_id, seq, next_at, created_at
        FROM webhook_delivery WHERE subscription_id = :id AND state = 'waiting' ORDER BY ticket_id, seq
    ), due AS MATERIALIZED (
        SELECT * FROM first WHERE next_at <= :now ORDER BY next_at, seq LIMIT :batch
    )
    SELECT due.id, due.event_id, due.event_type, due.attempts, due.ticket_id, due.seq,
        coalesce(event.at, due.created_at) AS happened_at, event.from_status, event.to_status,
        event.actor_role, note.opinion, sent.ref AS external_ref,
        (SELECT statuses ->> event.to_status FROM intake_profile WHERE client_id = :client_id) AS status_word,
        coalesce(area.path @> ARRAY[CAST(:area_id AS uuid)] AND (
            CAST(:org_id AS uuid) IS NULL OR ticket.lead_org_id = :org_id OR EXISTS (
                SELECT FROM ticket_assignment AS given
                WHERE given.ticket_id = ticket.id AND given.org_id = :org_id AND given.ended_at IS NULL)
        ), false) AS in_reach,
        ticket.no, ticket.title, ticket.content, ticket.category_code, category.label_zh AS category_label,
        ticket.source, ticket.urgency, ticket.stage, ticket.status, ticket.area_id, area.name AS area_name,
        ticket.address, ticket.lng, ticket.lat, ticket.lead_org_id, org.name AS org_name,
        ticket.reported_at, ticket.due_at, ticket.resolved_at, ticket.closed_at, ticket.resolution_type,
        ticket.solved, ticket.satisfaction, ticket.supervise_level, ticket.merged_into_id,
        ticket.confidential, outcome.measures, outcome.public_reply
    FROM due
    LEFT JOIN ticket_event AS event ON event.id = due.event_id
    LEFT JOIN ticket_note AS note ON note.event_id = due.event_id
    LEFT JOIN external_ref AS sent
      ON sent.ticket_id = due.ticket_id AND sent.client_id = :client_id AND sent.kind = 'ticket'
    LEFT JOIN ticket ON ticket.id = due.ticket_id
    LEFT JOIN area ON area.id = ticket.area_id
    LEFT JOIN category ON category.code = ticket.category_code
    LEFT JOIN org ON org.id = ticket.lead_org_id
    LEFT JOIN LATERAL (
        SELECT measures, public_reply FROM ticket_outcome WHERE ticket_outcome.ticket_id = ticket.id
        ORDER BY round DESC LIMIT 1
    ) AS outcome ON true
    ORDER BY due.next_at, due.seq
    """)
_SETTLE = text("""
    UPDATE webhook_delivery AS delivery
    SET state = result.state, attempts = delivery.attempts + 1, status = result.status,
        next_at = coalesce(result.next_at, delivery.next_at), duration_ms = result.duration_ms,
        failure = result.failure, excerpt = result.excerpt,
        ended_at = CASE WHEN result.state <> 'waiting' THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:next_ats AS timestamptz[]),
        CAST(:statuses AS smallint[]), CAST(:durations AS integer[]), CAST(:failures AS text[]),
        CAST(:excerpts AS text[]))
        AS result (id, state, next_at, status, duration_ms, failure, excerpt)
    WHERE delivery.id = result.id AND delivery.state = 'waiting'
    """)
_RELEASE = text(
    "UPDATE webhook_subscription SET leased_until = :until WHERE id = :id AND leased_until = :held"
)
# Of addresses that nobody sends to now.
_OVERDUE = text("""
    SELECT subscription.id FROM webhook_subscription AS subscription
    WHERE subscription.state = 'active'
      AND (subscription.leased_until IS NULL OR subscription.leased_until <= :now)
      AND EXISTS (SELECT FROM webhook_delivery AS delivery WHERE delivery.subscription_id = subscription.id
          AND delivery.state = 'waiting' AND delivery.next_at <= :now)
    """)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a message: its row as it was read, the attempt, and what follows."""

    row: Mapping[str, Any]
    attempt: Attempt
    verdict: Verdict


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A subscription that this run alone sends to until its lease ends, and what is due there."""

    id: UUID
    until: datetime
    url: str
    payload: WebhookPayload
    fields: Sequence[str]
    secrets: Sequence[str]
    failing_since: datetime | None
    rows: Sequence[Mapping[str, Any]]


async def hold(
    session: AsyncSession,
    subscription_id: UUID,
    vault: Vault,
    *,
    held: datetime | None = None,
    results: Sequence[Result] = (),
) -> Held | None:
    """Take the lease, or keep it with what became of the last batch; None where nothing is to be sent."""
    now = clock.now()
    taken = any(result.attempt.taken for result in results)
    values = {"id": subscription_id, "now": now, "until": now + LEASE, "held": held}
    # The subscription's row first, as everybody does who locks both.
    found = await session.execute(_HOLD, values | {"taken": taken, "failed": bool(results)})
    row = found.one_or_none()
    if results:
        await settle(session, results)
    if row is None:
        return None
    reader = {"area_id": row.area_id, "org_id": row.org_id, "client_id": row.client_id}
    due = {"id": subscription_id, "now": now, "batch": BATCH, **reader}
    rows = (await session.execute(_DUE, due)).mappings().all()
    sealed = [row.secret_sealed]
    if row.former_until is not None and row.former_until > now:
        sealed.append(row.former_secret_sealed)
    return Held(
        subscription_id,
        now + LEASE,
        row.url,
        WebhookPayload(row.payload),
        row.fields,
        [vault.open(each) for each in sealed if each is not None],
        row.failing_since,
        [dict(each) for each in rows],
    )


async def release(session: AsyncSession, held: Held, *, rest: timedelta = timedelta()) -> None:
    """Let others send to the address; after a rest where its receiver needs one."""
    until = clock.now() + rest if rest else None
    await session.execute(_RELEASE, {"id": held.id, "held": held.until, "until": until})


async def overdue(session: AsyncSession) -> Sequence[UUID]:
    """The subscriptions at which something is due and nobody sends."""
    found: Sequence[UUID] = (await session.scalars(_OVERDUE, {"now": clock.now()})).all()
    return found


async def settle(session: AsyncSession, results: Sequence[Result]) -> None:
    """Write down what became of messages."""
    columns = {
        "ids": [result.row["id"] for result in results],
        "states": [result.verdict.state.value for result in results],
        "next_ats": [result.verdict.next_at for result in results],
        "statuses": [result.attempt.status for result in results],
        "durations": [round(result.attempt.seconds * 1000) for result in results],
        "failures": [result.attempt.failure for result in results],
        "excerpts": [result.attempt.excerpt for result in results],
    }
    await session.execute(_SETTLE, columns | {"now": clock.now()})
