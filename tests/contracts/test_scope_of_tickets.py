"""A ticket of another area or office is not there, at every address that has a ticket in its path."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.services.tickets.commands import ACTIONS
from tests.support import steps
from tests.support.clients import Api
from tests.support.operations import Operation, operations
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.unchanged import checksums
from tests.support.world import World

OUTSIDERS = (
    "dispatcher_c",
    "grid_worker_b",
    "village_admin_b",
    "grid_worker_a2",
    "dept_head_fire",
    "grid_assistant",
)
# A refused look at plain personal values is written down.
REFUSED_LOOKS = {"audit_log", "audit_pending", "pii_access_log", "pii_access_reason"}


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_another_areas_ticket_is_not_found_at_any_address(
    app: FastAPI, api: Api, world: World, session: AsyncSession, who: str
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    before = await checksums(session)
    asked = 0
    for operation in operations(app):
        if "{ticket_id}" in operation.path:
            for body in bodies_of(operation, world):
                url = operation.path.replace("{ticket_id}", loop.id)
                problem_in(await api.as_(who).request(operation.method, url, json=body), 404, "not_found")
                asked += 1
    assert asked >= 2 + len(ACTIONS)
    after = await checksums(session)
    assert {name for name in before if before[name] != after[name]} <= REFUSED_LOOKS


def bodies_of(operation: Operation, world: World) -> list[dict[str, Any] | None]:
    """What the operation may be sent: every action, or what it takes."""
    if not operation.bodies:
        return [None]
    if operation.name == "ticket_duplicates_merge":
        return [{"ticket_ids": [str(uuid7())]}]
    if operation.name in {"publication_write", "ticket_answer_link"}:
        return [{}]
    if operation.name == "ticket_contact_unmask":
        return [{"fields": ["phone"], "reason": "contact", "note": "联系诉求人"}]
    return [steps.body(action, world) for action in ACTIONS]
