"""Merging what was reported more than once: several tickets into one master, all of them or none.

Each is merged by the step of the workflow, with its guards, its event and its notice; a refusal names which
of them it is about. What they have in common is `duplicates`' business.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, Problem
from app.models.enums import Action
from app.services.platform.actor import Actor
from app.services.tickets import reads, transitions, view
from app.services.tickets.commands import MODELS
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.view import TicketView

FIELD = "body.ticket_ids"


async def absorb(
    session: AsyncSession,
    *,
    actor: Actor,
    master_id: UUID,
    ticket_ids: Sequence[UUID],
    opinion: str | None,
    deadlines: Deadlines,
) -> TicketView:
    """Merge the tickets into the master; returns the master.

    `NotFound` for a master outside the scope; a ticket that cannot be merged is named by its place in the
    list, with the refusal of its step.
    """
    await reads.require_visible(session, actor=actor, ticket_id=master_id)
    merge = MODELS[Action.MERGE].model_validate(
        {"action": Action.MERGE, "master_id": master_id, "opinion": opinion}
    )
    for number, ticket_id in enumerate(ticket_ids):
        try:
            await transitions.act(
                session,
                actor=actor,
                ticket_id=ticket_id,
                command=merge,
                expected_version=None,
                deadlines=deadlines,
            )
        except Problem as refused:
            why = refused.errors[0] if refused.errors else None
            texts = (why.message_zh, why.message_en) if why else (refused.detail_zh, refused.detail_en)
            refused.errors = (FieldError(f"{FIELD}.{number}", refused.code, *texts),)
            raise
    return await view.load(session, master_id)
