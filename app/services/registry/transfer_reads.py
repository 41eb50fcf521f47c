"""Reading transfers: both sides see one, the giving area and the receiving one.

The names are masked, and shown while the transfer is open; afterwards only to those who see whom it is
about anyway.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums.transfer import TransferState
from app.models.registry import Household, Resident, Transfer
from app.schemas.transfer import TransferRead
from app.schemas.types import Ref
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import Predicate, ScopeColumns
from app.services.registry import reach, resident_reads

GIVING, TAKING = ScopeColumns(area=Transfer.from_area_id), ScopeColumns(area=Transfer.to_area_id)
_BY_ID = Sort.by_id(Transfer.id)
_OWN = {"resident", "household", "people", "from_area", "to_area"}
_From, _To = aliased(Area), aliased(Area)


def visible(actor: Actor) -> Predicate:
    """The transfers out of the caller's areas and into them."""
    return or_(false(), *_branches(actor))


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    state: TransferState | None,
    taking: bool = False,
    cursor: str | None,
    limit: int,
) -> Page[TransferRead]:
    """One page of the transfers out of the caller's areas and into them, in the order of their ids.

    taking: only those into them.
    """
    statement = page_statement(
        _with_names(actor),
        sort=_BY_ID,
        branches=scope.branches(actor, Dataset.REGISTRY, TAKING) if taking else _branches(actor),
        filters=[Transfer.state == state] if state else [],
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda transfer: (transfer.id, transfer.id))


async def detail(session: AsyncSession, *, actor: Actor, transfer_id: UUID) -> TransferRead:
    """One transfer; `NotFound` for those who are on neither side."""
    statement = _with_names(actor).where(Transfer.id == transfer_id, visible(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _read(row)


async def several(session: AsyncSession, *, actor: Actor, which: Predicate) -> list[TransferRead]:
    """Some of the transfers that the caller sees."""
    return [_read(row) for row in await session.execute(_with_names(actor).where(which, visible(actor)))]


def _branches(actor: Actor) -> Sequence[Predicate]:
    return [
        branch for columns in (GIVING, TAKING) for branch in scope.branches(actor, Dataset.REGISTRY, columns)
    ]


def _with_names(actor: Actor) -> Select[Any, Any, Any, Any, Any, Any]:
    seen = or_(
        Transfer.state == TransferState.PENDING,
        and_(Resident.id.is_not(None), resident_reads.visible(actor)),
        and_(Household.id.is_not(None), reach.visible(actor, Household)),
    )
    return (
        select(Transfer, Resident.name, Household, _From.name, _To.name, seen)
        .join(_From, _From.id == Transfer.from_area_id)
        .join(_To, _To.id == Transfer.to_area_id)
        .outerjoin(Resident, Resident.id == Transfer.resident_id)
        .outerjoin(Household, Household.id == Transfer.household_id)
    )


def _read(row: Row[Any, Any, Any, Any, Any, Any]) -> TransferRead:
    transfer, name, household, from_name, to_name, seen = row
    return TransferRead(
        **{field: getattr(transfer, field) for field in TransferRead.model_fields if field not in _OWN},
        resident=Ref(id=transfer.resident_id, name=masks.name(name)) if seen and name else None,
        household=Ref(id=household.id, name=household.no) if seen and household else None,
        people=household.member_count if household else 1,
        from_area=Ref(id=transfer.from_area_id, name=from_name),
        to_area=Ref(id=transfer.to_area_id, name=to_name),
    )
