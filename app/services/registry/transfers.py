"""Moves between areas in different hands: one side offers and may take back, the other takes over or refuses.

Until it is taken over nothing moves: nobody is nowhere in between. Whoever reaches both areas needs none of
this and moves people directly (`life`, `household_life`). The receiving side says where they go, and the
giving side's offer stands in for the reach that the receiving side lacks.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, any_, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.models.area import Area
from app.models.enums import AreaLevel, LinkReason
from app.models.enums.transfer import TransferRefusal, TransferState
from app.models.registry import Household, Resident, Transfer
from app.schemas.life import Move
from app.schemas.transfer import ResidentPlace, TransferAccept, TransferCreate
from app.services.areas import tree
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate, ScopeColumns
from app.services.registry import history, household_life, life, links, reach, transfer_reads

_INTO = frozenset({AreaLevel.VILLAGE, AreaLevel.GRID, AreaLevel.MICRO_GRID})


class TransferOpen(Conflict):
    """There is an open transfer of them already."""

    code = "transfer_open"
    title_zh, title_en = "已有待接收的迁移交接", "A transfer of them is open already"


class TransferDecided(Conflict):
    """It is not open any more."""

    code = "transfer_decided"
    title_zh, title_en = "该迁移交接已处理", "The transfer has been decided"


class TransferOutdated(Conflict):
    """They are not where they were when the transfer was offered."""

    code = "transfer_outdated"
    title_zh = "交接对象已不在原村（社区），请退回后由现登记地重新发起"
    title_en = "They are not in the village that offered them any more"


async def create(session: AsyncSession, *, actor: Actor, new: TransferCreate) -> UUID:
    """Offer a household or a person to another area; its id. `TransferOpen` where one is open."""
    from_area_id = await _from_where(session, actor, new)
    to_area = await _into(session, new.to_code, from_area_id)
    subject = {"resident_id": new.resident_id, "household_id": new.household_id}
    named = [getattr(Transfer, name) == row_id for name, row_id in subject.items() if row_id]
    if await session.scalar(select(Transfer.id).where(Transfer.state == TransferState.PENDING, *named)):
        raise TransferOpen
    transfer = Transfer(
        id=uuid7(),
        **subject,
        from_area_id=from_area_id,
        to_area_id=to_area.id,
        reason=new.reason,
        state=TransferState.PENDING.value,
        created_by=actor.id,
        updated_by=actor.id,
    )
    session.add(transfer)
    await session.flush()
    await _record(session, actor, "transfer.create", transfer)
    return transfer.id


async def accept(
    session: AsyncSession,
    *,
    actor: Actor,
    transfer_id: UUID,
    body: TransferAccept,
    expected_version: int | None,
) -> None:
    """Take over: they move at once to where the body says, within the caller's reach."""
    transfer = await _open(session, actor, transfer_id, transfer_reads.TAKING, expected_version)
    await _decide(session, actor, transfer, TransferState.ACCEPTED)
    if transfer.household_id is not None:
        if body.household is None:
            raise _wrong_kind("body.household")
        await links.lock(session, households={transfer.household_id})
        there = _still_in(transfer, Household.area_id)
        await _require(session, Household, transfer.household_id, there)
        await household_life.move(
            session,
            actor=actor,
            household_id=transfer.household_id,
            body=body.household,
            expected_version=None,
            within=true(),
        )
    else:
        if body.resident is None:
            raise _wrong_kind("body.resident")
        await _take_person(session, actor, transfer, body.resident)


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    transfer_id: UUID,
    refusal: TransferRefusal,
    expected_version: int | None,
) -> None:
    """Turn a transfer into the caller's areas down."""
    transfer = await _open(session, actor, transfer_id, transfer_reads.TAKING, expected_version)
    transfer.refusal = refusal.value
    await _decide(session, actor, transfer, TransferState.REFUSED)


async def withdraw(
    session: AsyncSession, *, actor: Actor, transfer_id: UUID, expected_version: int | None
) -> None:
    """Take an open transfer out of the caller's areas back."""
    transfer = await _open(session, actor, transfer_id, transfer_reads.GIVING, expected_version)
    await _decide(session, actor, transfer, TransferState.WITHDRAWN)


async def redirect(session: AsyncSession, *, area_id: UUID, into_id: UUID) -> None:
    """After an area went into another: what was offered to it is offered to the other."""
    await session.execute(
        update(Transfer)
        .where(Transfer.to_area_id == area_id, Transfer.state == TransferState.PENDING)
        .values(to_area_id=into_id, version=Transfer.version + 1, updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )


async def _from_where(session: AsyncSession, actor: Actor, new: TransferCreate) -> UUID:
    """The area of the household, or of the person's registration: the caller must be able to write there."""
    if new.household_id is not None:
        where = "body.household_id"
        home = await reach.locked(session, Household, actor=actor, row_id=new.household_id, where=where)
        return home.area_id
    assert new.resident_id is not None  # noqa: S101 - the schema lets one of the two in
    seen = await links.membership(session, resident_id=new.resident_id)
    if seen is not None:
        where = "body.resident_id"
        home = await reach.locked(session, Household, actor=actor, row_id=seen.household_id, where=where)
    person = await life.locked(session, actor=actor, resident_id=new.resident_id, expected_version=None)
    if person.died_on is not None or (seen is None and person.area_id is None):
        raise life.ResidentGone
    area_id = home.area_id if seen is not None else person.area_id
    assert area_id is not None  # noqa: S101 - refused above
    return area_id


async def _into(session: AsyncSession, code: str, from_area_id: UUID) -> Area:
    """The area with a code, whether or not the caller sees it: that a village exists is public."""
    statement = select(Area).where(Area.code == code, tree.in_force()).options(tree.BRIEF)
    area = await session.scalar(statement.with_for_update(read=True, key_share=True))
    if area is None:
        raise NotFound(errors=(tree.unknown("body.to_code"),))
    if AreaLevel(area.level) not in _INTO:
        raise invalid_field(
            "body.to_code", "须为村（社区）、网格或微网格的编码", "must be a village, grid or micro-grid"
        )
    here = await session.scalar(
        select(func.count()).where(Area.id == from_area_id, Area.path.contains([area.id]))
    )
    if here:
        raise invalid_field("body.to_code", "已在该区域内", "they are in this area already")
    return area


async def _open(
    session: AsyncSession,
    actor: Actor,
    transfer_id: UUID,
    side: ScopeColumns,
    expected_version: int | None,
) -> Transfer:
    """An open transfer on one side of which the caller may write, locked."""
    statement = select(Transfer).where(Transfer.id == transfer_id, reach.writable(actor, side))
    found = await session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    versions.require(found, expected_version)
    if found.state != TransferState.PENDING:
        raise TransferDecided
    return found


async def _decide(session: AsyncSession, actor: Actor, transfer: Transfer, state: TransferState) -> None:
    transfer.state = state.value
    transfer.decided_by, transfer.decided_at = actor.id, clock.now()
    versions.touch(transfer, actor)
    await session.flush()
    verb = {TransferState.ACCEPTED: "accept", TransferState.REFUSED: "refuse"}.get(state, "withdraw")
    await _record(session, actor, f"transfer.{verb}", transfer)


async def _take_person(session: AsyncSession, actor: Actor, transfer: Transfer, place: ResidentPlace) -> None:
    assert transfer.resident_id is not None  # noqa: S101 - a transfer is about one of the two
    seen = await links.membership(session, resident_id=transfer.resident_id)
    concerned = {row.household_id for row in (seen, place.household) if row is not None}
    # Locked before they are looked at: what is seen of them is true until they move.
    await links.lock(session, households=concerned, residents={transfer.resident_id})
    registered = links.registered(lambda home: _still_in(transfer, home.area_id))
    nowhere = ~links.registered(lambda _home: true())
    there = or_(registered, and_(nowhere, _still_in(transfer, Resident.area_id)))
    await _require(session, Resident, transfer.resident_id, there)
    move = Move(on=place.on, household=place.household, home=place.home)
    move.reason = LinkReason(transfer.reason)  # type: ignore[assignment]
    await life.move(
        session,
        actor=actor,
        resident_id=transfer.resident_id,
        body=move,
        expected_version=None,
        within=true(),
    )


async def _require(session: AsyncSession, table: Any, row_id: UUID, there: Predicate) -> None:
    """Raise `TransferOutdated` unless they are still in the village that offered them."""
    if await session.scalar(select(table.id).where(table.id == row_id, there)) is None:
        raise TransferOutdated


def _still_in(transfer: Transfer, area_id: Any) -> Predicate:
    """Whether a place lies in the village, as it is now, from which the transfer was offered."""
    then, now, village = aliased(Area), aliased(Area), aliased(Area)
    same = (
        select(village.id)
        .where(village.level == AreaLevel.VILLAGE)
        .where(then.id == transfer.from_area_id, village.id == any_(then.path))
        .where(now.id == area_id, village.id == any_(now.path))
    )
    return same.exists()


def _wrong_kind(where: str) -> Exception:
    return invalid_field(where, "请填写交接对象的去处", "needs the place of what is taken over")


async def _record(session: AsyncSession, actor: Actor, action: str, transfer: Transfer) -> None:
    data: Mapping[str, Any] = {
        name: str(value)
        for name in ("resident_id", "household_id", "from_area_id", "to_area_id", "refusal")
        if (value := getattr(transfer, name)) is not None
    }
    await history.record(session, actor=actor, action=action, entity_id=transfer.id, data=data)
