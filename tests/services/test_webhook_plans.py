"""What a batch costs when much waits: one pass over what waits, though the planner has no idea of it."""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.services.exchange.webhooks import due
from tests.support.clients import Api
from tests.support.plans import EXPLAIN, Plan
from tests.support.world import World

WAITING, TICKETS = 5_000, 500
FILL = text("""
    INSERT INTO webhook_delivery
        (subscription_id, event_id, event_type, ticket_id, seq, state, next_at, created_at)
    SELECT CAST(:id AS uuid), gen_random_uuid(), 'ticket.comment',
        CAST(lpad(to_hex(number % :tickets), 32, '0') AS uuid), number, 'waiting', :now, :now
    FROM generate_series(1, :waiting) AS number
    """)


async def explained(session: AsyncSession, statement: Any, values: dict[str, Any]) -> Plan:
    """The executed plan of a statement."""
    found = await session.scalar(text(f"{EXPLAIN} {statement}"), values)
    return Plan((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


async def test_to_find_what_is_due_takes_one_pass_over_what_waits(
    api: Api, session: AsyncSession, world: World
) -> None:
    body = {"url": "https://hooks.example.com/", "description": "测试"}
    webhook = (await api.as_("api_client").post("/v1/webhooks", json=body)).json()
    now = clock.now()
    filling = {"id": webhook["id"], "tickets": TICKETS, "waiting": WAITING, "now": now}
    await session.execute(FILL, filling)
    area = world.places["village_a"].id
    asked = {
        "id": webhook["id"],
        "now": now,
        "area_id": area,
        "org_id": None,
        "client_id": None,
        "batch": due.BATCH,
    }
    plan = await explained(session, due._DUE, asked)
    assert plan.returned == due.BATCH
    (scan,) = plan.scans("webhook_delivery")
    assert scan["Actual Loops"] == 1, plan.outline()
    assert plan.pages < WAITING * 2, plan.outline()
