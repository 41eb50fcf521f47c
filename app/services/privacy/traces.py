"""Where a resident's data stands outside the registry: the tickets they complained in, the visits to them.

A contact is theirs when it names them by id, or by both name and phone: a phone alone may be the family's.
A visit is theirs when it names them, or went to a household in which nobody else was that day.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, exists, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.models.registry import HouseholdMember, Residence, Resident
from app.models.ticket import TicketContact
from app.models.visit import Visit

_DAY: Any = cast(func.timezone(str(clock.BUSINESS_ZONE), Visit.occurred_at), Date)


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


async def visits_of(session: AsyncSession, *, person: Resident) -> Sequence[UUID]:
    """The ids of the visits that tell of this person."""
    homes = union(
        *(
            select(link.household_id).where(link.resident_id == person.id, link.household_id.is_not(None))
            for link in (HouseholdMember, Residence)
        )
    )
    there = or_(*(_there(link, link.resident_id == person.id) for link in (HouseholdMember, Residence)))
    others = or_(*(_there(link, link.resident_id != person.id) for link in (HouseholdMember, Residence)))
    alone = and_(Visit.resident_id.is_(None), Visit.household_id.in_(homes), there, ~others)
    named = select(Visit.id).where(Visit.resident_id == person.id)
    return (await session.scalars(named.union(select(Visit.id).where(alone)))).all()


def _there(link: Any, who: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether somebody belonged to, or lived with, the household on the day of the visit."""
    return exists().where(
        link.household_id == Visit.household_id,
        who,
        link.valid_from <= _DAY,
        or_(link.valid_to.is_(None), link.valid_to > _DAY),
    )
