"""Erasing a person: the numbers and names go, with the free texts and files that may tell of them.

What must stay for the record (timeline, audit log, access log, counts) holds ids and codes only and is not
touched. Files are collected by their intents a day later. A ticket that is still open holds the erasure.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict
from app.models.area import Area
from app.models.attachment import TicketAttachment
from app.models.enums import Gender
from app.models.enums.exchange import ExportState
from app.models.enums.privacy import PersonalRecord
from app.models.exchange import ExportJob
from app.models.platform import IdempotencyKey
from app.models.privacy import DataRequest, DataRequestNote, PiiAccess, PiiAccessReason
from app.models.public import Publication, PublicReport
from app.models.registry import (
    CareObject,
    CareReview,
    Household,
    HouseholdMember,
    Residence,
    Resident,
    ResidentTag,
)
from app.models.ticket import Ticket, TicketContact
from app.models.ticket_outcome import TicketOutcome
from app.models.ticket_step import TicketEvent, TicketNote, TicketRequest
from app.models.upload import AwaitedFile
from app.models.visit import Visit, VisitAttachment, VisitOpinion
from app.services.platform import masks, outbox, unnamed_files
from app.services.privacy import traces
from app.services.registry import cycle
from app.services.registry.names import name_columns

ERASED = "［已删除］"
NOBODY = masks.STAR


class ErasureHeld(Conflict):
    """The person complained in tickets that are still open."""

    code = "erasure_held"
    title_zh = "该居民还有未办结的工单，办结后才能删除"
    title_en = "Tickets of this person are still open"


async def erase(session: AsyncSession, *, person: Resident, vault: Vault) -> None:
    """Erase a resident everywhere; `ErasureHeld` while one of their tickets is open."""
    tickets = await traces.tickets_of(session, person=person, vault=vault)
    still_open = select(Ticket.id).where(Ticket.id.in_(tickets), Ticket.closed_at.is_(None)).limit(1)
    if await session.scalar(still_open) is not None:
        raise ErasureHeld
    await erase_contacts(session, ticket_ids=tickets)
    await _texts_of_tickets(session, tickets)
    await _unlinked(session, TicketAttachment, TicketAttachment.ticket_id.in_(tickets))
    await _change(session, delete(AwaitedFile).where(AwaitedFile.ticket_id.in_(tickets)))
    await _public(session, tickets)
    visits = await traces.visits_of(session, person=person)
    await erase_visits(session, visit_ids=visits)
    await _kept_answers(session, [str(one) for one in (person.id, *tickets, *visits)])
    await _words_about(session, person.id, tickets)
    await _exports(session, person)
    await erase_residents(session, resident_ids=[person.id])


async def erase_residents(session: AsyncSession, *, resident_ids: Sequence[UUID]) -> None:
    """Leave of these residents' rows what says nothing of anybody."""
    gone = dict.fromkeys(
        (
            *("birth_on", "id_sealed", "id_index", "id_last4", "phone_sealed", "phone_index", "phone_last4"),
            *("hukou_place", "occupation", "workplace"),
        )
    )
    homes = update(Residence).where(Residence.resident_id.in_(resident_ids), Residence.address.is_not(None))
    await _change(session, homes.values(address=ERASED, version=Residence.version + 1))
    await _change(
        session,
        update(Resident)
        .where(Resident.id.in_(resident_ids))
        .values(
            **name_columns(NOBODY),
            gender=Gender.UNSTATED.value,
            version=Resident.version + 1,
            updated_at=clock.now(),
            **gone,
        ),
    )
    await _care(session, resident_ids)
    await _tell(session, "resident.erase", resident_ids)


async def erase_contacts(session: AsyncSession, *, ticket_ids: Sequence[UUID]) -> None:
    """Forget who complained in these tickets."""
    gone = dict.fromkeys(("name", "phone_sealed", "phone_index", "phone_last4", "resident_id"))
    await _change(
        session, update(TicketContact).where(TicketContact.ticket_id.in_(ticket_ids)).values(**gone)
    )


async def erase_visits(session: AsyncSession, *, visit_ids: Sequence[UUID]) -> None:
    """Forget what was seen and heard on these visits, and where exactly; that they took place stays."""
    gone = dict.fromkeys(
        ("content", "answers", "lng", "lat", "raw_lng", "raw_lat", "coord_type", "accuracy_m")
    )
    visit = update(Visit).where(Visit.id.in_(visit_ids))
    await _change(session, visit.values(needs=[], purposes=[], version=Visit.version + 1, **gone))
    heard = update(VisitOpinion).where(VisitOpinion.visit_id.in_(visit_ids))
    await _change(session, heard.values(content=ERASED))
    await _unlinked(session, VisitAttachment, VisitAttachment.visit_id.in_(visit_ids))
    await _change(session, delete(AwaitedFile).where(AwaitedFile.visit_id.in_(visit_ids)))
    await _tell(session, "visit.erase", visit_ids)


async def _kept_answers(session: AsyncSession, ids: Sequence[str]) -> None:
    """Answers kept for repeated calls (48 hours' worth) that tell of these records."""
    told = [func.strpos(func.convert_from(IdempotencyKey.body, "UTF8"), record) > 0 for record in ids]
    await _change(session, delete(IdempotencyKey).where(or_(*told)))


async def _texts_of_tickets(session: AsyncSession, tickets: Sequence[UUID]) -> None:
    steps = select(TicketEvent.id).where(TicketEvent.ticket_id.in_(tickets))
    await _change(session, delete(TicketNote).where(TicketNote.event_id.in_(steps)))
    outcome = update(TicketOutcome).where(TicketOutcome.ticket_id.in_(tickets))
    await _change(session, outcome.values(measures=ERASED, public_reply=ERASED))
    asked = update(TicketRequest).where(
        TicketRequest.ticket_id.in_(tickets), TicketRequest.basis.is_not(None)
    )
    await _change(session, asked.values(basis=ERASED))
    ticket = update(Ticket).where(Ticket.id.in_(tickets))
    await _change(
        session, ticket.values(title=ERASED, content=ERASED, address=ERASED, version=Ticket.version + 1)
    )
    await _tell(session, "ticket.erase", tickets)


async def _public(session: AsyncSession, tickets: Sequence[UUID]) -> None:
    """What was published of these tickets, and what was answered and is followed without an account."""
    await _change(session, delete(Publication).where(Publication.ticket_id.in_(tickets)))
    await _change(session, delete(PublicReport).where(PublicReport.ticket_id.in_(tickets)))


async def _tell(session: AsyncSession, topic: str, ids: Sequence[UUID]) -> None:
    """Whoever keeps copies of these records reads them anew."""
    if ids:
        await outbox.append_all(session, [(topic, one, {}) for one in ids])


async def _unlinked(session: AsyncSession, links: Any, which: ColumnElement[bool]) -> None:
    """Unlink files; those that nothing names any more go."""
    gone = delete(links).where(which).returning(links.attachment_id)
    unlinked = set(await session.scalars(gone.execution_options(synchronize_session=False)))
    await unnamed_files.remove(session, attachment_ids=unlinked)


async def _care(session: AsyncSession, resident_ids: Sequence[UUID]) -> None:
    """That they were looked after, why and how, and their tags."""
    cared_for = select(CareObject.id).where(CareObject.resident_id.in_(resident_ids))
    await _change(session, delete(CareReview).where(CareReview.care_object_id.in_(cared_for)))
    ended = delete(CareObject).where(CareObject.resident_id.in_(resident_ids))
    gone = await session.execute(
        ended.returning(CareObject.id, CareObject.responsible_id).execution_options(synchronize_session=False)
    )
    news = [("care_object.erase", row.id, {"responsible_id": str(row.responsible_id)}) for row in gone]
    if news:
        await outbox.append_all(session, news)
    await _change(session, delete(ResidentTag).where(ResidentTag.resident_id.in_(resident_ids)))
    await cycle.keep(session, residents=resident_ids)


async def _exports(session: AsyncSession, person: Resident) -> None:
    """Files that may still be fetched, and may tell of the person, expire at once."""
    now = clock.now()
    homes = select(Household.area_id).join(HouseholdMember, HouseholdMember.household_id == Household.id)
    around = select(func.unnest(Area.path)).where(
        or_(Area.id == person.area_id, Area.id.in_(homes.where(HouseholdMember.resident_id == person.id)))
    )
    named = select(PiiAccess.entity_id).where(
        PiiAccess.entity == PersonalRecord.EXPORT, PiiAccess.resident_id == person.id
    )
    told = or_(ExportJob.area_id.in_(around), ExportJob.id.in_(named))
    ready = update(ExportJob).where(ExportJob.state == ExportState.READY, ExportJob.expires_at > now, told)
    await _change(session, ready.values(expires_at=now, version=ExportJob.version + 1))


async def _words_about(session: AsyncSession, resident_id: UUID, tickets: Sequence[UUID]) -> None:
    """The reasons that somebody gave for looking, and what was said and asked in data requests."""
    looks = select(PiiAccess.id).where(
        or_(PiiAccess.resident_id == resident_id, PiiAccess.entity_id.in_([resident_id, *tickets]))
    )
    await _change(session, delete(PiiAccessReason).where(PiiAccessReason.access_id.in_(looks)))
    requests = select(DataRequest.id).where(DataRequest.resident_id == resident_id)
    await _change(session, delete(DataRequestNote).where(DataRequestNote.request_id.in_(requests)))
    own = update(DataRequest).where(DataRequest.resident_id == resident_id)
    await _change(session, own.values(changes_sealed=None))


async def _change(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement.execution_options(synchronize_session=False))
