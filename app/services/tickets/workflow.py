"""The workflow as a table: who may do what to a ticket, from where to where, and what it needs.

Pure data and pure questions about it; no database, no clock. The service, the action bodies, the buttons
of the app (`allowed_actions`), `docs/workflow.md` and the tests read this one table: to add a step is to
add a row. Alternatives (a second kind of actor, a second outcome) are rows of their own. Source of the
rows: the field's transition table, as far as it carries a ticket from `reported` to `closed`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.models.enums import Action, ClockKind, Guard, Kind, Outcome, Relation, Role, Stage, Status


@dataclass(frozen=True, slots=True)
class Need:
    """A field of an action's body."""

    field: str
    kind: Kind
    required: bool = True


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a row does to the clocks: all that it stops are stopped before others start."""

    stops: tuple[ClockKind, ...] = ()
    starts: tuple[ClockKind, ...] = ()
    pauses: tuple[ClockKind, ...] = ()
    resumes: tuple[ClockKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: `source` is None for a ticket that does not exist yet; no roles means anyone related."""

    source: Status | None
    action: Action
    to: Status
    roles: frozenset[Role]
    relation: Relation = Relation.ANY
    needs: tuple[Need, ...] = ()
    guards: tuple[Guard, ...] = ()
    clocks: Clocks = Clocks()
    outcome: Outcome | None = None


S, A, K, C, R, G = Status, Action, Kind, ClockKind, Relation, Guard
ALL_CLOCKS = tuple(ClockKind)
MAX_DECLINES = 2
MAX_REWORKS = 2

STAGE_OF: Mapping[Status, Stage | None] = MappingProxyType(
    {
        S.REPORTED: Stage.REPORT,
        S.RETURNED: Stage.REPORT,
        S.ACCEPTED: Stage.ROUTE,
        S.DISPATCHED: Stage.ROUTE,
        S.PROCESSING: Stage.HANDLE,
        S.RESOLVED: Stage.REVISIT,
        S.EVALUATING: Stage.CLOSE,
        S.CLOSED: Stage.CLOSE,
        S.NOT_ACCEPTED: None,
        S.WITHDRAWN: None,
        S.VOIDED: None,
    }
)
TERMINAL: frozenset[Status] = frozenset({S.CLOSED, S.NOT_ACCEPTED, S.WITHDRAWN, S.VOIDED})
OPEN: tuple[Status, ...] = tuple(status for status in Status if status not in TERMINAL)

REPORTERS = frozenset(
    {
        Role.GRID_WORKER,
        Role.GRID_ASSISTANT,
        Role.GRID_LEADER,
        Role.VILLAGE_ADMIN,
        Role.DISPATCHER,
        Role.API_CLIENT,
    }
)
ROUTERS = frozenset({Role.DISPATCHER, Role.VILLAGE_ADMIN})
DISPATCHER = frozenset({Role.DISPATCHER})
HANDLERS = frozenset({Role.DEPT_HANDLER, Role.DEPT_HEAD})
REVISITORS = frozenset({Role.REVISIT_AGENT})
WORKERS = frozenset({Role.GRID_WORKER, Role.GRID_LEADER})
EVALUATORS = frozenset({Role.REVISIT_AGENT, Role.DISPATCHER, Role.SUPERVISOR})
SUPERVISOR = frozenset({Role.SUPERVISOR})
ANYONE: frozenset[Role] = frozenset()

OPINION = Need("opinion", K.TEXT)
REMARK = Need("opinion", K.TEXT, required=False)
RECLASSIFY = (Need("category_code", K.CATEGORY, required=False), Need("urgency", K.URGENCY, required=False))
TO_ORG = Need("org_id", K.ORG)
RESOLVE_NEEDS = (
    Need("resolution_type", K.RESOLUTION),
    Need("measures", K.TEXT),
    Need("public_reply", K.TEXT, required=False),
)
REVISIT_NEEDS = (
    Need("method", K.REVISIT_METHOD),
    Need("reached", K.FLAG),
    Need("solved", K.SOLVED, required=False),
    Need("satisfaction", K.SATISFACTION, required=False),
    REMARK,
)
EVALUATE_NEEDS = (
    Need("evaluated_by", K.EVALUATED_BY),
    Need("satisfaction", K.SATISFACTION),
    Need("solved", K.SOLVED),
    REMARK,
)
TO_HANDLING = Clocks(stops=(C.DISPATCH, C.SIGN, C.HANDLE), starts=(C.SIGN, C.HANDLE))


def _rows() -> Iterator[Transition]:
    yield Transition(None, A.REPORT, S.REPORTED, REPORTERS, clocks=Clocks(starts=(C.ACCEPT,)))
    yield Transition(
        S.RETURNED, A.SUBMIT, S.REPORTED, ANYONE, R.REPORTER, (OPINION,), clocks=Clocks(resumes=(C.ACCEPT,))
    )
    for source in (S.REPORTED, S.RETURNED):
        yield Transition(
            source, A.WITHDRAW, S.WITHDRAWN, ANYONE, R.REPORTER, (REMARK,), clocks=Clocks(stops=ALL_CLOCKS)
        )
    yield Transition(
        S.REPORTED,
        A.ACCEPT,
        S.ACCEPTED,
        ROUTERS,
        needs=(*RECLASSIFY, REMARK),
        clocks=Clocks(stops=(C.ACCEPT,), starts=(C.DISPATCH,)),
    )
    for source in (S.REPORTED, S.ACCEPTED):
        yield Transition(
            source,
            A.RETURN_FOR_INFO,
            S.RETURNED,
            ROUTERS,
            needs=(Need("reason", K.RETURN_REASON), OPINION),
            clocks=Clocks(stops=(C.DISPATCH,), pauses=(C.ACCEPT,)),
        )
        yield Transition(
            source,
            A.REJECT,
            S.NOT_ACCEPTED,
            DISPATCHER,
            needs=(Need("reason", K.REJECT_REASON), OPINION),
            clocks=Clocks(stops=ALL_CLOCKS),
        )
    yield Transition(
        S.ACCEPTED, A.DISPATCH, S.DISPATCHED, ROUTERS, needs=(TO_ORG, REMARK), clocks=TO_HANDLING
    )
    yield Transition(
        S.DISPATCHED,
        A.SIGN,
        S.PROCESSING,
        HANDLERS,
        R.LEAD_ORG,
        (REMARK,),
        (G.NO_PENDING_DECLINE,),
        Clocks(stops=(C.SIGN,)),
    )
    for source in (S.DISPATCHED, S.PROCESSING):
        yield from _decline_rows(source)
        yield Transition(
            source,
            A.REROUTE,
            S.DISPATCHED,
            DISPATCHER,
            needs=(TO_ORG, OPINION),
            guards=(G.NO_PENDING_DECLINE,),
            clocks=TO_HANDLING,
        )
    for outcome, next_clock in ((Outcome.NEEDS_REVISIT, C.REVISIT), (Outcome.EXEMPT, C.CLOSE)):
        yield Transition(
            S.PROCESSING,
            A.RESOLVE,
            S.RESOLVED,
            HANDLERS,
            R.HANDLER,
            RESOLVE_NEEDS,
            (G.NO_PENDING_DECLINE,),
            Clocks(stops=(C.SIGN, C.HANDLE), starts=(next_clock,)),
            outcome,
        )
    yield from _revisit_rows(REVISITORS, R.NOT_HANDLER)
    yield from _revisit_rows(WORKERS, R.REPORTER_NOT_HANDLER)
    yield Transition(
        S.EVALUATING,
        A.REWORK,
        S.PROCESSING,
        REVISITORS | DISPATCHER,
        R.NOT_HANDLER,
        (OPINION,),
        (G.UNSATISFIED, G.REWORKS_LEFT),
        Clocks(stops=(C.REVISIT, C.CLOSE), starts=(C.HANDLE,)),
    )
    yield Transition(
        S.EVALUATING,
        A.EVALUATE,
        S.EVALUATING,
        EVALUATORS,
        R.NOT_HANDLER,
        EVALUATE_NEEDS,
        guards=(G.NOT_EVALUATED,),
        clocks=Clocks(starts=(C.CLOSE,)),
    )
    yield Transition(
        S.EVALUATING,
        A.EVALUATE,
        S.EVALUATING,
        ANYONE,
        R.REPORTER_NOT_HANDLER,
        EVALUATE_NEEDS,
        guards=(G.NOT_EVALUATED,),
        clocks=Clocks(starts=(C.CLOSE,)),
    )
    yield Transition(
        S.EVALUATING,
        A.CLOSE,
        S.CLOSED,
        DISPATCHER,
        needs=(REMARK,),
        guards=(G.EVALUATED, G.ANSWER_CLOSABLE),
        clocks=Clocks(stops=ALL_CLOCKS),
    )
    yield Transition(
        S.RESOLVED,
        A.CLOSE,
        S.CLOSED,
        DISPATCHER,
        needs=(REMARK,),
        guards=(G.REVISIT_EXEMPT,),
        clocks=Clocks(stops=ALL_CLOCKS),
    )
    for source in OPEN:
        before_dispatch = source in {S.REPORTED, S.RETURNED, S.ACCEPTED}
        yield Transition(
            source,
            A.VOID,
            S.VOIDED,
            DISPATCHER if before_dispatch else SUPERVISOR,
            needs=(Need("reason", K.VOID_REASON), OPINION),
            clocks=Clocks(stops=ALL_CLOCKS),
        )


def _decline_rows(source: Status) -> Iterator[Transition]:
    yield Transition(
        source,
        A.DECLINE,
        source,
        HANDLERS,
        R.LEAD_ORG,
        (
            Need("reason", K.RETURN_REASON),
            Need("basis", K.TEXT),
            Need("proposed_org_id", K.ORG, required=False),
        ),
        (G.NO_PENDING_DECLINE, G.DECLINES_LEFT),
    )
    yield Transition(
        source,
        A.APPROVE_DECLINE,
        S.DISPATCHED,
        DISPATCHER,
        R.NOT_LEAD_ORG,
        (Need("org_id", K.ORG, required=False), REMARK),
        (G.PENDING_DECLINE,),
        TO_HANDLING,
        Outcome.WITH_ORG,
    )
    yield Transition(
        source,
        A.APPROVE_DECLINE,
        S.ACCEPTED,
        DISPATCHER,
        R.NOT_LEAD_ORG,
        (Need("org_id", K.ORG, required=False), REMARK),
        (G.PENDING_DECLINE,),
        Clocks(stops=(C.SIGN, C.HANDLE), starts=(C.DISPATCH,)),
        Outcome.WITHOUT_ORG,
    )
    yield Transition(
        source, A.DENY_DECLINE, source, DISPATCHER, R.NOT_LEAD_ORG, (OPINION,), (G.PENDING_DECLINE,)
    )


def _revisit_rows(roles: frozenset[Role], relation: Relation) -> Iterator[Transition]:
    for outcome, to in (
        (Outcome.REACHED, S.EVALUATING),
        (Outcome.NOT_REACHED, S.RESOLVED),
        (Outcome.UNREACHABLE, S.EVALUATING),
    ):
        stops = Clocks(stops=(C.REVISIT,)) if to is S.EVALUATING else Clocks()
        yield Transition(
            S.RESOLVED, A.REVISIT, to, roles, relation, REVISIT_NEEDS, (G.REVISIT_NEEDED,), stops, outcome
        )


TABLE: tuple[Transition, ...] = tuple(_rows())


def rows_for(source: Status | None, action: Action) -> tuple[Transition, ...]:
    """The rows that lead out of a state by an action, whoever acts; empty: the state refuses it."""
    return tuple(row for row in TABLE if row.source is source and row.action is action)


def rows_from(source: Status) -> tuple[Transition, ...]:
    """All rows that lead out of a state."""
    return tuple(row for row in TABLE if row.source is source)


def permits(row: Transition, roles: Collection[Role], relations: Collection[Relation]) -> bool:
    """Whether a row admits an actor with these roles over, and relations to, the ticket."""
    return row.relation in relations and (not row.roles or not row.roles.isdisjoint(roles))


def needs_of(action: Action) -> tuple[Need, ...]:
    """All fields that an action's body may carry; a field is required where every row requires it."""
    rows = [row for row in TABLE if row.action is action]
    kinds = {need.field: need.kind for row in rows for need in row.needs}
    everywhere = {
        field: all(any(need.field == field and need.required for need in row.needs) for row in rows)
        for field in kinds
    }
    return tuple(Need(field, kind, everywhere[field]) for field, kind in kinds.items())
