"""Where a resident's data stands outside the registry: the tickets that they complained in.

A contact is theirs when it names them by id, or by both name and phone: a phone alone may be the family's.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.models.registry import Resident
from app.models.ticket import TicketContact


async def tickets_of(session: AsyncSession, *, person: Resident, vault: Vault) -> Sequence[UUID]:
    """The ids of the tickets whose contact is this person."""
    theirs = TicketContact.resident_id == person.id
    if person.phone_sealed is not None:
        indexes = vault.indexes(vault.open(person.phone_sealed))
        same = and_(TicketContact.phone_index.in_(indexes), TicketContact.name == person.name)
        theirs = or_(theirs, same)
    return (
        await session.scalars(select(TicketContact.ticket_id).where(theirs).order_by(TicketContact.ticket_id))
    ).all()
