"""Retention: what nobody needs any more is forgotten by rules that stand in a table, in short batches.

The table says after how many days and whether at all; here stands how each kind is found and forgotten.
What other wings expire by themselves (idempotency keys, sessions) is theirs. Requests of people to be
erased at once are `data_requests`'.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import NotFound
from app.models.enums.privacy import DataRequestState
from app.models.enums.retention import RetentionSubject
from app.models.message import Notification
from app.models.privacy import DataRequest, DataRequestNote, PiiAccess, PiiAccessReason, RetentionRule
from app.models.registry import HouseholdMember, Resident
from app.models.team import Attendance
from app.models.ticket import Ticket, TicketContact
from app.models.visit import Visit
from app.schemas.retention import RetentionRulePatch
from app.services.exchange.webhooks import forgetting
from app.services.mobile import inbox
from app.services.platform import audit, versions
from app.services.platform.actor import Actor
from app.services.privacy import erasure
from app.services.privacy.erasure import NOBODY

BATCH = 500
_OPEN = (DataRequestState.SUBMITTED.value, DataRequestState.APPROVED.value)
Forget = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is found (ids that ended before an instant and are still there) and forgotten."""

    found: Callable[[datetime], Select[UUID]]
    forget: Forget


async def rules(session: AsyncSession) -> Sequence[RetentionRule]:
    """All rules, one for each kind."""
    return (await session.scalars(select(RetentionRule).order_by(RetentionRule.subject))).all()


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    rule_id: UUID,
    patch: RetentionRulePatch,
    expected_version: int | None,
) -> RetentionRule:
    """A rule with the sent fields changed, audited with what it was."""
    found = select(RetentionRule).where(RetentionRule.id == rule_id).with_for_update()
    rule = await session.scalar(found)
    if rule is None:
        raise NotFound
    versions.require(rule, expected_version)
    before = {"days": rule.days, "enabled": rule.enabled}
    for name, value in patch.changes.items():
        setattr(rule, name, value)
    versions.touch(rule, actor)
    await session.flush()
    await audit.record(
        session,
        action="retention_rule.change",
        entity="retention_rule",
        entity_id=rule.id,
        actor_id=actor.id,
        data={"subject": rule.subject, "before": before, "after": patch.changes},
    )
    return rule


async def run(
    sessions: Sessions, *, leave: Callable[[], bool] = lambda: False
) -> Mapping[RetentionSubject, int]:
    """Apply every rule that is on; how many of each kind were forgotten. `leave` ends it after a batch."""
    async with transaction(sessions) as session:
        on = {RetentionSubject(rule.subject): rule.days for rule in await rules(session) if rule.enabled}
    done: dict[RetentionSubject, int] = {}
    for subject, days in on.items():
        done[subject] = await _apply(sessions, subject, clock.now() - timedelta(days=days), leave)
    return done


async def _apply(
    sessions: Sessions, subject: RetentionSubject, before: datetime, leave: Callable[[], bool]
) -> int:
    kind, forgotten, full = KINDS[subject], 0, True
    while full and not leave():
        async with transaction(sessions) as session:
            ids = (await session.scalars(kind.found(before).limit(BATCH))).all()
            await kind.forget(session, ids)
            forgotten += len(ids)
            full = len(ids) == BATCH
            if not full:
                await _note(session, subject, forgotten)
    return forgotten


async def _note(session: AsyncSession, subject: RetentionSubject, forgotten: int) -> None:
    await session.execute(
        update(RetentionRule)
        .where(RetentionRule.subject == subject)
        .values(last_run_at=clock.now(), last_count=forgotten)
        .execution_options(synchronize_session=False)
    )
    if forgotten:
        await audit.record(
            session,
            action="retention.forget",
            entity="retention_rule",
            entity_id=None,
            actor_id=None,
            data={"subject": subject.value, "count": forgotten},
        )


def _left_residents(before: datetime) -> Select[UUID]:
    """People who died or belong to no household since that day."""
    day = before.date()
    places = select(HouseholdMember.id).where(HouseholdMember.resident_id == Resident.id)
    stays = places.where(or_(HouseholdMember.valid_to.is_(None), HouseholdMember.valid_to >= day))
    asks = exists().where(DataRequest.resident_id == Resident.id, DataRequest.state.in_(_OPEN))
    gone = or_(Resident.died_on < day, (~stays.exists()) & places.exists())
    return select(Resident.id).where(gone, ~asks, Resident.name != NOBODY).order_by(Resident.id)


def _ticket_contacts(before: datetime) -> Select[UUID]:
    known = or_(
        TicketContact.name.is_not(None),
        TicketContact.phone_sealed.is_not(None),
        TicketContact.resident_id.is_not(None),
    )
    return (
        select(TicketContact.ticket_id)
        .join(Ticket, Ticket.id == TicketContact.ticket_id)
        .where(Ticket.closed_at < before, known)
        .order_by(TicketContact.ticket_id)
    )


def _access_reasons(before: datetime) -> Select[UUID]:
    return (
        select(PiiAccessReason.access_id)
        .join(PiiAccess, PiiAccess.id == PiiAccessReason.access_id)
        .where(PiiAccess.at < before)
        .order_by(PiiAccessReason.access_id)
    )


def _request_notes(before: datetime) -> Select[UUID]:
    ended = func.coalesce(DataRequest.done_at, DataRequest.decided_at, DataRequest.updated_at)
    noted = exists().where(DataRequestNote.request_id == DataRequest.id)
    is_over = DataRequest.state.not_in(_OPEN)
    return select(DataRequest.id).where(is_over, ended < before, noted).order_by(DataRequest.id)


def _attendance(before: datetime) -> Select[UUID]:
    """Times on duty with their points, checked out or not."""
    return select(Attendance.id).where(Attendance.started_at < before).order_by(Attendance.started_at)


def _messages(before: datetime) -> Select[UUID]:
    """Messages, read or not, whose time is over; the log of their deliveries goes with them."""
    return select(Notification.id).where(Notification.created_at < before).order_by(Notification.created_at)


async def _forget_residents(session: AsyncSession, ids: Sequence[UUID]) -> None:
    named = select(Visit.id).where(Visit.resident_id.in_(ids))
    await erasure.erase_visits(session, visit_ids=(await session.scalars(named)).all())
    await erasure.erase_residents(session, resident_ids=ids)


async def _forget_contacts(session: AsyncSession, ids: Sequence[UUID]) -> None:
    await erasure.erase_contacts(session, ticket_ids=ids)


async def _forget_reasons(session: AsyncSession, ids: Sequence[UUID]) -> None:
    await _delete(session, delete(PiiAccessReason).where(PiiAccessReason.access_id.in_(ids)))


async def _forget_notes(session: AsyncSession, ids: Sequence[UUID]) -> None:
    await _delete(session, delete(DataRequestNote).where(DataRequestNote.request_id.in_(ids)))


async def _forget_attendance(session: AsyncSession, ids: Sequence[UUID]) -> None:
    await _delete(session, delete(Attendance).where(Attendance.id.in_(ids)))


async def _delete(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement.execution_options(synchronize_session=False))


KINDS: Mapping[RetentionSubject, Kind] = MappingProxyType(
    {
        RetentionSubject.LEFT_RESIDENTS: Kind(_left_residents, _forget_residents),
        RetentionSubject.TICKET_CONTACTS: Kind(_ticket_contacts, _forget_contacts),
        RetentionSubject.ACCESS_REASONS: Kind(_access_reasons, _forget_reasons),
        RetentionSubject.DATA_REQUEST_NOTES: Kind(_request_notes, _forget_notes),
        RetentionSubject.ATTENDANCE: Kind(_attendance, _forget_attendance),
        RetentionSubject.MESSAGES: Kind(_messages, inbox.forget),
        RetentionSubject.WEBHOOK_DELIVERIES: Kind(forgetting.found, forgetting.forget),
    }
)
