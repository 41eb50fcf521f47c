"""What is whose task, as data: for each task the roles that have it and the rows that are it.

A task is never stored: it is what the indexes of tickets, households, care objects and transfers say now, in
the caller's scope narrowed to the posts that have the task. Each branch is one short scan of an index that is
there anyway. Counting and listing are `todo`'s; a phone is told of each of its records which tasks it is, and
counts itself what time decides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    and_,
    bindparam,
    exists,
    false,
    literal_column,
    or_,
)

from app.core import clock
from app.models.enums import HouseholdType, RequestState, RevisitState, Role, Status, SuperviseLevel
from app.models.enums.message import Task
from app.models.enums.transfer import TransferState
from app.models.registry import CareObject, Household, Transfer
from app.models.ticket import Ticket
from app.models.ticket_step import TicketAssignment, TicketRequest, TicketSupervision
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.registry import households, reach, transfer_reads
from app.services.tickets import reads

Branches = Sequence[ColumnElement[bool]]


def _now() -> datetime:
    return clock.now()


def _today() -> date:
    return clock.today()


# Asked when a statement is sent: the statement itself is kept.
_NOW = bindparam("todo_now", callable_=_now, type_=DateTime(timezone=True))
_TODAY = bindparam("todo_today", callable_=_today, type_=Date())
_T: Any = Ticket.__table__.c
_PLACE = replace(reads.COLUMNS, org=None, own=None, helping=None)
_LEAD = replace(reads.COLUMNS, own=None, helping=None)
REPORTERS = frozenset(
    {Role.GRID_WORKER, Role.GRID_ASSISTANT, Role.GRID_LEADER, Role.VILLAGE_ADMIN, Role.DISPATCHER}
)
ROUTERS = frozenset({Role.DISPATCHER, Role.VILLAGE_ADMIN})
DISPATCHERS = frozenset({Role.DISPATCHER})
OVERSEERS = frozenset({Role.SUPERVISOR, Role.LEADER_VIEWER})
DECIDERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
HANDLERS = frozenset({Role.DEPT_HANDLER, Role.DEPT_HEAD})
CALLERS = frozenset({Role.REVISIT_AGENT})
WORKERS = frozenset({Role.GRID_WORKER, Role.GRID_LEADER})
VISITORS = frozenset({Role.GRID_WORKER, Role.GRID_ASSISTANT, Role.GRID_LEADER})
TAKERS = frozenset(reach.WRITERS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One task: where it is listed, the table it counts, its rows for a caller, and from when they count.

    The address shows what is counted; `{today}` and `{member}` in it are the day and the caller.
    """

    table: Any
    list: str
    rows: Callable[[Actor], Branches]
    when: ColumnElement[bool] | None = None

    def due(self, actor: Actor) -> Branches:
        """The rows that count by now."""
        found = self.rows(actor)
        return found if self.when is None else [and_(branch, self.when) for branch in found]


def of(actor: Actor) -> Iterator[tuple[Task, Kind, Branches]]:
    """The tasks that the caller's posts have, each with its branches."""
    for task, kind in KINDS.items():
        branches = kind.due(actor)
        if branches:
            yield task, kind, branches


def _as(actor: Actor, roles: frozenset[Role]) -> Actor:
    """The caller with those posts alone that have a task."""
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in roles))


def _in_area(
    actor: Actor, roles: frozenset[Role], *conditions: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    """The tickets of the areas of these posts."""
    found = scope.branches(_as(actor, roles), Dataset.TICKETS, _PLACE)
    return [and_(branch, *conditions) for branch in found]


def _of_org(actor: Actor, *conditions: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """The tickets that the caller's organisations lead."""
    found = scope.branches(_as(actor, HANDLERS), Dataset.TICKETS, _LEAD)
    return [and_(branch, *conditions) for branch in found]


def _reported(
    actor: Actor, roles: frozenset[Role], *conditions: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    """The caller's own reports, as far as they still have such a post."""
    mine = and_(_T.reporter_id == actor.member_id, *conditions)
    return [mine] if roles & actor.roles else []


def _at(*statuses: Status) -> ColumnElement[bool]:
    where = or_(*(_T.status == _code(status) for status in statuses))
    return and_(where, _T.closed_at.is_(None))


def _code(code: StrEnum) -> ColumnElement[str]:
    """A code as it stands: a plan for any code would leave out the indexes of some."""
    found: ColumnElement[str] = literal_column(f"'{code.value}'")
    return found


def _to_supplement(actor: Actor) -> Branches:
    return _reported(actor, REPORTERS, _at(Status.RETURNED))


def _to_accept(actor: Actor) -> Branches:
    return _in_area(actor, ROUTERS, _at(Status.REPORTED))


def _to_route(actor: Actor) -> Branches:
    return _in_area(actor, ROUTERS, _at(Status.ACCEPTED), _T.pending.is_(None))


def _to_approve(actor: Actor) -> Branches:
    """Requests of somebody else about somebody else's work; second extensions are for the leaders, too."""
    asked = exists().where(
        TicketRequest.ticket_id == _T.id,
        TicketRequest.state == _code(RequestState.PENDING),
        TicketRequest.asked_by == actor.id,
    )
    own = {grant.org_id for grant in actor.grants if grant.org_id is not None}
    mine = [_T.lead_org_id.is_distinct_from(org_id) for org_id in sorted(own, key=str)]
    second = and_(_T.pending == literal_column("'extension'"), _T.extension_count > 0)
    waits = (_T.pending.is_not(None), ~asked, *mine)
    return [*_in_area(actor, DISPATCHERS, *waits), *_in_area(actor, OVERSEERS, *waits, second)]


def _to_decide(actor: Actor) -> Branches:
    return _in_area(actor, DECIDERS, _at(Status.ESCALATING))


def _to_sign(actor: Actor) -> Branches:
    free = or_(_T.handler_id.is_(None), _T.handler_id == actor.member_id)
    waits = _T.pending.is_(None)
    given = _of_org(actor, _at(Status.DISPATCHED), free, waits)
    nobody = and_(_T.handler_id.is_(None), _T.handler_client_id.is_(None))
    return [*given, *_of_org(actor, _at(Status.PROCESSING), nobody, waits)]


def _to_handle(actor: Actor) -> Branches:
    mine = and_(_T.handler_id == actor.member_id, _at(Status.PROCESSING))
    return [mine] if HANDLERS & actor.roles else []


def _to_help(actor: Actor) -> Branches:
    orgs = sorted(
        {grant.org_id for grant in actor.grants if grant.role in HANDLERS and grant.org_id}, key=str
    )
    helping: Any = reads.COLUMNS.helping
    return [and_(helping(org_id), _T.closed_at.is_(None)) for org_id in orgs]


def _to_answer(actor: Actor) -> Branches:
    """Supervisions and cards that nobody has answered: of the lead, or of whoever routes without one."""
    waits = exists().where(
        TicketSupervision.ticket_id == _T.id,
        TicketSupervision.replied_at.is_(None),
        TicketSupervision.lifted_at.is_(None),
    )
    pressed = (_T.supervise_level != _code(SuperviseLevel.NONE), waits)
    early = _at(Status.REPORTED, Status.RETURNED, Status.ACCEPTED)
    return [
        *_of_org(actor, _T.closed_at.is_(None), *pressed),
        *_in_area(actor, ROUTERS, early, *pressed),
    ]


def _to_revisit(actor: Actor) -> Branches:
    """Somebody else's work that is done and not let off the revisit."""
    handled = exists().where(
        TicketAssignment.ticket_id == _T.id, TicketAssignment.handler_id == actor.member_id
    )
    needed = (_T.revisit_state == _code(RevisitState.NEEDED), ~handled)
    return [
        *_in_area(actor, CALLERS, _at(Status.RESOLVED), *needed),
        *_reported(actor, WORKERS, _at(Status.RESOLVED), *needed),
    ]


def _to_close(actor: Actor) -> Branches:
    return _in_area(actor, DISPATCHERS, _at(Status.EVALUATING), _T.pending.is_(None))


def _overdue(actor: Actor) -> Branches:
    runs = (_T.closed_at.is_(None), _T.status != _code(Status.DRAFT))
    free = or_(_T.handler_id.is_(None), _T.handler_id == actor.member_id)
    return [*_of_org(actor, *runs, free), *_in_area(actor, ROUTERS, *runs)]


def _visits_due(actor: Actor) -> Branches:
    found = scope.branches(_as(actor, VISITORS), Dataset.REGISTRY, households.COLUMNS)
    lived_in = (Household.ended_on.is_(None), Household.household_type != _code(HouseholdType.VACANT))
    return [and_(branch, *lived_in) for branch in found]


def _care_due(actor: Actor) -> Branches:
    """Care objects that the caller is responsible for, as far as their posts still reach them."""
    seen = scope.branches(actor, Dataset.REGISTRY, reach.columns_of(CareObject))
    mine = (CareObject.responsible_id == actor.member_id, CareObject.ended_on.is_(None))
    return [and_(*mine, or_(*seen))] if seen else []


def _transfers_in(actor: Actor) -> Branches:
    found = scope.branches(_as(actor, TAKERS), Dataset.REGISTRY, transfer_reads.TAKING)
    return [and_(branch, Transfer.state == _code(TransferState.PENDING)) for branch in found]


def _tickets(
    task: Task, rows: Callable[[Actor], Branches], when: ColumnElement[bool] | None = None
) -> tuple[Task, Kind]:
    return task, Kind(Ticket.__table__, f"/v1/todo/tickets?task={task.value}", rows, when)


TICKETS: Mapping[Task, Kind] = MappingProxyType(
    dict(
        (
            _tickets(Task.TO_SUPPLEMENT, _to_supplement),
            _tickets(Task.TO_ACCEPT, _to_accept),
            _tickets(Task.TO_ROUTE, _to_route),
            _tickets(Task.TO_APPROVE, _to_approve),
            _tickets(Task.TO_DECIDE, _to_decide),
            _tickets(Task.TO_SIGN, _to_sign),
            _tickets(Task.TO_HANDLE, _to_handle),
            _tickets(Task.TO_HELP, _to_help),
            _tickets(Task.TO_ANSWER, _to_answer),
            _tickets(Task.TO_REVISIT, _to_revisit),
            _tickets(Task.TO_CLOSE, _to_close),
            _tickets(Task.OVERDUE, _overdue, _T.due_at < _NOW),
        )
    )
)
KINDS: Mapping[Task, Kind] = MappingProxyType(
    {
        **TICKETS,
        Task.VISITS_DUE: Kind(
            Household.__table__,
            "/v1/visits/due?due_until={today}",
            _visits_due,
            Household.next_visit_due <= _TODAY,
        ),
        Task.CARE_DUE: Kind(
            CareObject.__table__,
            "/v1/care-objects?responsible_id={member}&due_by={today}",
            _care_due,
            CareObject.next_visit_due <= _TODAY,
        ),
        Task.TRANSFERS_IN: Kind(Transfer.__table__, "/v1/transfers?state=pending&taking=true", _transfers_in),
    }
)


def branches(task: Task | None, actor: Actor) -> Branches:
    """The branches of a task of tickets, or of all; none where the caller's posts do not have it."""
    if task is None:
        return [branch for kind in TICKETS.values() for branch in kind.due(actor)]
    return TICKETS[task].due(actor) if task in TICKETS else []


def visible(task: Task, actor: Actor) -> ColumnElement[bool]:
    """The rows that are a task for the caller, or will be from their day on."""
    found = KINDS[task].rows(actor)
    return or_(*found) if found else false()
