"""The copy of all that is kept of a resident, which they may ask for; who looked at it is part of it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.models.privacy import PiiAccess
from app.models.registry import (
    CareObject,
    CareReview,
    Household,
    HouseholdMember,
    Residence,
    Resident,
    ResidentTag,
)
from app.models.staff import Member
from app.models.ticket import Ticket
from app.models.ticket_outcome import TicketOutcome
from app.models.visit import Visit, VisitOpinion
from app.schemas.privacy import (
    CopiedAccess,
    CopiedCare,
    CopiedHome,
    CopiedHousehold,
    CopiedPerson,
    CopiedTag,
    CopiedTicket,
    CopiedVisit,
    DataCopy,
)
from app.services.privacy import traces


async def copy(session: AsyncSession, *, person: Resident, vault: Vault) -> DataCopy:
    """Everything about one resident, in plain."""
    tickets = await traces.tickets_of(session, person=person, vault=vault)
    return DataCopy(
        person=CopiedPerson(
            name=person.name,
            gender=person.gender,
            birth_on=person.birth_on,
            id_number=vault.open(person.id_sealed) if person.id_sealed else None,
            phone=vault.open(person.phone_sealed) if person.phone_sealed else None,
            hukou_place=person.hukou_place,
            occupation=person.occupation,
            workplace=person.workplace,
        ),
        households=await _households(session, person.id),
        homes=await _homes(session, person.id),
        tags=await _tags(session, person.id),
        care=await _care(session, person.id),
        visits=await _visits(session, await traces.visits_of(session, person=person)),
        tickets=await _tickets(session, tickets),
        looks=await _looks(session, person.id, tickets),
    )


async def _households(session: AsyncSession, resident_id: UUID) -> list[CopiedHousehold]:
    rows = await session.execute(
        select(Household, HouseholdMember)
        .join(HouseholdMember, HouseholdMember.household_id == Household.id)
        .where(HouseholdMember.resident_id == resident_id)
        .order_by(HouseholdMember.valid_from, HouseholdMember.id)
    )
    return [
        CopiedHousehold(
            household_id=household.id,
            no=household.no,
            address=household.address,
            relation=place.relation,
            since=place.valid_from,
            until=place.valid_to,
        )
        for household, place in rows
    ]


async def _homes(session: AsyncSession, resident_id: UUID) -> list[CopiedHome]:
    statement = select(Residence).where(Residence.resident_id == resident_id)
    return [
        CopiedHome(
            household_id=home.household_id,
            room_id=home.room_id,
            address=home.address,
            since=home.valid_from,
            until=home.valid_to,
        )
        for home in await session.scalars(statement.order_by(Residence.valid_from, Residence.id))
    ]


async def _tags(session: AsyncSession, resident_id: UUID) -> list[CopiedTag]:
    statement = select(ResidentTag).where(ResidentTag.resident_id == resident_id)
    return [
        CopiedTag(code=tag.code, source=tag.source, since=tag.valid_from, until=tag.valid_to)
        for tag in await session.scalars(statement.order_by(ResidentTag.valid_from, ResidentTag.id))
    ]


async def _care(session: AsyncSession, resident_id: UUID) -> list[CopiedCare]:
    mine = CareObject.resident_id == resident_id
    notes: dict[UUID, list[str]] = {}
    said = select(CareReview.care_object_id, CareReview.note).join(
        CareObject, CareObject.id == CareReview.care_object_id
    )
    for care_id, words in await session.execute(said.where(mine).order_by(CareReview.id)):
        if words is not None:
            notes.setdefault(care_id, []).append(words)
    statement = select(CareObject).where(mine).order_by(CareObject.opened_on, CareObject.id)
    return [
        CopiedCare(
            category=care.category,
            care_level=care.care_level,
            measures=care.measures,
            since=care.opened_on,
            until=care.ended_on,
            notes=notes.get(care.id, []),
        )
        for care in await session.scalars(statement)
    ]


async def _tickets(session: AsyncSession, ids: Sequence[UUID]) -> list[CopiedTicket]:
    replies: dict[UUID, list[str]] = {}
    told = select(TicketOutcome.ticket_id, TicketOutcome.public_reply).where(TicketOutcome.ticket_id.in_(ids))
    for ticket_id, reply in await session.execute(told.order_by(TicketOutcome.round)):
        replies.setdefault(ticket_id, []).append(reply)
    found = select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.reported_at, Ticket.id)
    return [
        CopiedTicket(
            ticket_id=ticket.id,
            no=ticket.no,
            title=ticket.title,
            content=ticket.content,
            reported_at=ticket.reported_at,
            replies=replies.get(ticket.id, []),
        )
        for ticket in await session.scalars(found)
    ]


async def _visits(session: AsyncSession, ids: Sequence[UUID]) -> list[CopiedVisit]:
    heard: dict[UUID, list[str]] = {}
    said = select(VisitOpinion.visit_id, VisitOpinion.content).where(VisitOpinion.visit_id.in_(ids))
    for visit_id, words in await session.execute(said.order_by(VisitOpinion.visit_id, VisitOpinion.seq)):
        heard.setdefault(visit_id, []).append(words)
    found = (
        select(Visit, Member.name)
        .join(Member, Member.id == Visit.visitor_id)
        .where(Visit.id.in_(ids))
        .order_by(Visit.occurred_at, Visit.id)
    )
    return [
        CopiedVisit(
            visit_id=visit.id,
            occurred_at=visit.occurred_at,
            by=name,
            content=visit.content,
            needs=visit.needs,
            answers=visit.answers,
            opinions=heard.get(visit.id, []),
        )
        for visit, name in await session.execute(found)
    ]


async def _looks(session: AsyncSession, resident_id: UUID, tickets: Sequence[UUID]) -> list[CopiedAccess]:
    rows = await session.execute(
        select(PiiAccess, Member.name)
        .outerjoin(Member, Member.id == PiiAccess.actor_id)
        .where(or_(PiiAccess.resident_id == resident_id, PiiAccess.entity_id.in_([resident_id, *tickets])))
        .order_by(PiiAccess.at, PiiAccess.id)
    )
    return [
        CopiedAccess(
            at=look.at, by=name, fields=look.fields, reason=look.reason, refused=look.refusal is not None
        )
        for look, name in rows
    ]
