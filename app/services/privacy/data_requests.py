"""Data requests: taken down by one person, decided and carried out by another, as a table of steps.

What an approved request does is in `copies`, `correction` and `erasure`. The scope is that of the household
in which the resident lived when they asked; of somebody who died or left, of where they were last.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, writes
from app.core.crypto import Vault
from app.core.errors import Conflict, Forbidden, NotFound, invalid_field
from app.core.paging import Page, Sort, page_of
from app.models.enums import Role
from app.models.enums.privacy import DataRequestAction as Action
from app.models.enums.privacy import DataRequestKind as Kind
from app.models.enums.privacy import DataRequestState as State
from app.models.privacy import DataRequest, DataRequestNote
from app.models.registry import Household, HouseholdMember, Resident
from app.schemas.privacy import Correction, DataCopy, DataRequestCreate, DataRequestRead, DataRequestStep
from app.services.platform import audit, outbox, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import ScopeColumns
from app.services.platform.unmasking import Disclosed
from app.services.privacy import copies, correction, erasure
from app.services.registry import households, reach

DECIDERS = frozenset({Role.VILLAGE_ADMIN})
COLUMNS = ScopeColumns(
    area=DataRequest.area_id,
    town=DataRequest.town_id,
    village=DataRequest.village_id,
    grid=DataRequest.grid_id,
)
STEPS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.SUBMITTED, Action.APPROVE): State.APPROVED,
        (State.SUBMITTED, Action.REJECT): State.REJECTED,
        (State.SUBMITTED, Action.WITHDRAW): State.WITHDRAWN,
        (State.APPROVED, Action.CARRY_OUT): State.DONE,
    }
)
_BY_ID = Sort.by_id(DataRequest.id)


class RequestOpen(Conflict):
    """The resident has such a request open already."""

    code = "data_request_open"
    title_zh, title_en = "该居民已有同类申请正在办理", "Such a request of this person is open already"


class StepRefused(Conflict):
    """The request's state does not take this step."""

    code = "data_request_state"
    title_zh, title_en = "申请的当前状态不能这样做", "The request's state does not allow this"


class SamePerson(Forbidden):
    """Whoever took the request down does not decide on it."""

    code = "separation_of_duties"
    title_zh, title_en = "登记人不能审批自己登记的申请", "Whoever took it down may not decide on it"


async def page(
    session: AsyncSession, *, actor: Actor, state: State | None, cursor: str | None, limit: int
) -> Page[DataRequestRead]:
    """One page of the requests of the caller's scope, in the order in which they came."""
    statement = page_statement(
        select(DataRequest),
        sort=_BY_ID,
        branches=scope.branches(_writer(actor), Dataset.REGISTRY, COLUMNS),
        filters=[DataRequest.state == state] if state else [],
        cursor=cursor,
        limit=limit,
    )
    rows = [DataRequestRead.model_validate(row) for row in await session.scalars(statement)]
    return page_of(rows, limit, lambda row: (row.id, row.id))


async def find(session: AsyncSession, *, actor: Actor, request_id: UUID, lock: bool = False) -> DataRequest:
    """One request of the caller's scope; with `lock`, held until the end."""
    visible = scope.visible(_writer(actor), Dataset.REGISTRY, COLUMNS)
    statement = select(DataRequest).where(DataRequest.id == request_id, visible)
    found = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound
    return found


async def create(session: AsyncSession, *, actor: Actor, new: DataRequestCreate, vault: Vault) -> DataRequest:
    """Take a request down; `NotFound` for a resident outside the caller's scope."""
    if (new.changes is not None) is not (new.kind is Kind.CORRECT):
        raise invalid_field(
            "body.changes", "更正申请须写明更正内容，其他申请不能有", "belongs to a correction"
        )
    changes = correction.checked(new.changes) if new.changes else None
    home = await _home(session, actor, new.resident_id)
    open_one = select(DataRequest.id).where(
        DataRequest.resident_id == new.resident_id,
        DataRequest.kind == new.kind,
        DataRequest.state.in_((State.SUBMITTED, State.APPROVED)),
    )
    if await session.scalar(open_one) is not None:
        raise RequestOpen
    request = DataRequest(
        resident_id=new.resident_id,
        area_id=home.area_id,
        town_id=home.town_id,
        village_id=home.village_id,
        grid_id=home.grid_id,
        kind=new.kind.value,
        state=State.SUBMITTED.value,
        identity_check=new.identity_check.value,
        changes_sealed=vault.seal(changes.model_dump_json(exclude_unset=True)) if changes else None,
        created_at=clock.now(),
        created_by=actor.id,
        updated_by=actor.id,
    )
    session.add(request)
    await session.flush()
    await _note(session, request, "submit", new.note)
    await _tell(session, actor, request, "submit")
    return request


async def act(
    session: AsyncSession,
    *,
    actor: Actor,
    request_id: UUID,
    step: DataRequestStep,
    expected_version: int | None,
    vault: Vault,
) -> DataRequest:
    """Take one step; `StepRefused` by the state, `SamePerson` and `Forbidden` by who asks."""
    request = await find(session, actor=actor, request_id=request_id, lock=True)
    versions.require(request, expected_version)
    to = STEPS.get((State(request.state), step.action))
    if to is None:
        raise StepRefused
    _require_duty(actor, request, step.action)
    if step.action is Action.REJECT and step.note is None:
        raise invalid_field("body.note", "驳回须说明理由", "a rejection needs words", "missing")
    if step.action is Action.CARRY_OUT:
        await _carry_out(session, request, vault)
        request.done_by, request.done_at = actor.id, clock.now()
    elif step.action is not Action.WITHDRAW:
        request.decided_by, request.decided_at = actor.id, clock.now()
    request.state = to.value
    versions.touch(request, actor)
    await session.flush()
    erased = request.kind == Kind.DELETE and step.action is Action.CARRY_OUT
    if step.note is not None and not erased:
        await _note(session, request, step.action.value, step.note)
    await _tell(session, actor, request, step.action.value)
    return request


async def copy(
    session: AsyncSession, *, actor: Actor, request_id: UUID, vault: Vault
) -> tuple[Disclosed, DataCopy]:
    """What an approved request for access hands over until it is done, and what the log shall say of it."""
    request = await find(session, actor=actor, request_id=request_id)
    if request.kind != Kind.ACCESS or request.state != State.APPROVED:
        raise StepRefused
    _require_duty(actor, request, Action.CARRY_OUT)
    person = await _person(session, request)
    return Disclosed({}, person.id), await copies.copy(session, person=person, vault=vault)


async def _carry_out(session: AsyncSession, request: DataRequest, vault: Vault) -> None:
    if request.kind == Kind.ACCESS:
        return
    person = await _person(session, request)
    if request.kind == Kind.DELETE:
        await erasure.erase(session, person=person, vault=vault)
    elif request.changes_sealed is not None:
        changes = Correction.model_validate_json(vault.open(request.changes_sealed))
        await correction.correct(session, person=person, changes=changes, vault=vault)
    request.changes_sealed = None


def _require_duty(actor: Actor, request: DataRequest, action: Action) -> None:
    if action is Action.WITHDRAW:
        if actor.id != request.created_by:
            raise Forbidden("只有登记人可以撤回", "Only whoever took it down may withdraw it")
        return
    if actor.roles.isdisjoint(DECIDERS):
        raise Forbidden("只有村社区管理员可以审批和办理", "Only a village admin may decide and carry out")
    if actor.id == request.created_by:
        raise SamePerson


async def _home(session: AsyncSession, actor: Actor, resident_id: UUID) -> Household | Resident:
    now = HouseholdMember.valid_to.is_(None)
    found: Household | Resident | None = await session.scalar(
        select(Household)
        .join(HouseholdMember, HouseholdMember.household_id == Household.id)
        .where(
            HouseholdMember.resident_id == resident_id,
            now,
            scope.visible(_writer(actor), Dataset.REGISTRY, households.COLUMNS),
        )
        .limit(1)
    )
    if found is None:
        belongs = exists().where(HouseholdMember.resident_id == Resident.id, now)
        last = scope.visible(_writer(actor), Dataset.REGISTRY, reach.columns_of(Resident))
        found = await session.scalar(select(Resident).where(Resident.id == resident_id, ~belongs, last))
    if found is None:
        raise NotFound
    return found


async def _person(session: AsyncSession, request: DataRequest) -> Resident:
    statement = select(Resident).where(Resident.id == request.resident_id).with_for_update()
    return (await session.scalars(statement)).one()


async def _note(session: AsyncSession, request: DataRequest, step: str, words: str) -> None:
    await session.execute(insert(DataRequestNote).values(request_id=request.id, step=step, words=words))


async def _tell(session: AsyncSession, actor: Actor, request: DataRequest, step: str) -> None:
    data = {"kind": request.kind, "resident_id": str(request.resident_id)}
    await audit.record(
        session,
        action=f"data_request.{step}",
        entity="data_request",
        entity_id=request.id,
        actor_id=actor.id,
        data=data,
    )
    await writes.together(session, [outbox.append(f"data_request.{step}", request.id, data)])


def _writer(actor: Actor) -> Actor:
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in households.WRITERS))
