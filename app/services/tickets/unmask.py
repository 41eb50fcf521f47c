"""The plain name and phone of whoever complained: for the present handler, and for those who call back.

The handler sees them while the ticket is open and unless the report is confidential; those of the town who
call back see them until the ticket is archived; an organisation's own system never does. Limits and the log
are `unmasking`'s.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import NotFound
from app.models.enums import Relation, Role
from app.models.enums.privacy import ContactField
from app.models.ticket import TicketContact
from app.services.platform.actor import Actor
from app.services.platform.unmasking import Disclosed, UnmaskRefused
from app.services.tickets import present, reads, relations, view
from app.services.tickets.view import TicketView

CALLING_BACK = frozenset({Role.DISPATCHER, Role.REVISIT_AGENT})


async def contact(
    session: AsyncSession, *, actor: Actor, vault: Vault, ticket_id: UUID, fields: Sequence[ContactField]
) -> Disclosed:
    """Plain fields of a ticket's contact; `NotFound` outside the scope or without a contact."""
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id)
    _require_allowed(actor, await view.load(session, ticket_id))
    found = await session.get(TicketContact, ticket_id)
    if found is None:
        raise NotFound("这张工单没有联系人", "This ticket has no contact")
    plain = {
        ContactField.NAME: found.name,
        ContactField.PHONE: vault.open(found.phone_sealed) if found.phone_sealed else None,
    }
    return Disclosed({field.value: plain[field] for field in fields}, found.resident_id)


def _require_allowed(actor: Actor, ticket: TicketView) -> None:
    """`UnmaskRefused`, with words for each cause."""
    if actor.client_id is not None:
        raise UnmaskRefused
    if relations.roles_on(actor, ticket) & CALLING_BACK:
        if ticket.row["archived_at"] is not None:
            raise UnmaskRefused("工单已归档，联系方式不再显示", "The ticket is archived")
        return
    if Relation.HANDLER not in relations.relations(actor, ticket):
        raise UnmaskRefused
    if ticket.row["closed_at"] is not None:
        raise UnmaskRefused("工单已结束，联系方式不再显示", "The ticket has ended")
    if present.hides_reporter(actor, ticket):
        raise UnmaskRefused("举报人要求保密", "The report is confidential")
