"""The workflow table: what it says of every state, action, role and relation, and what follows from it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from app.core.errors import Problem
from app.core.ids import uuid7
from app.models.enums import (
    Action,
    AreaLevel,
    ClockKind,
    Guard,
    Kind,
    Outcome,
    Relation,
    RevisitState,
    Role,
    Stage,
    Status,
    Urgency,
)
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.tickets import actions, commands, guards, labels, workflow, workflow_doc
from app.services.tickets.limits import LIMITS
from app.services.tickets.problems import IllegalTransition, NotYours
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import OPEN, STAGE_OF, TABLE, TERMINAL, Transition

NOW = datetime(2026, 3, 4, 2, tzinfo=UTC)
TOWN, ELSEWHERE, LEAD, OTHER_ORG, ME, SOMEBODY = (uuid7() for _ in range(6))

# Who may do what, where: the owner's list, written down a second time. A word is a role, and behind `+`
# what the person must (or with `!` must not) be to the ticket; `any` stands for every role, `hand` for a
# handler of this or an earlier round.
WHO = """
reported    withdraw         any+reporter
reported    accept           dispatcher village_admin
reported    return_for_info  dispatcher village_admin
reported    reject           dispatcher
reported    void             dispatcher
returned    submit           any+reporter
returned    withdraw         any+reporter
returned    void             dispatcher
accepted    dispatch         dispatcher village_admin
accepted    return_for_info  dispatcher village_admin
accepted    reject           dispatcher
accepted    void             dispatcher
dispatched  sign             dept_handler+lead dept_head+lead
dispatched  decline          dept_handler+lead dept_head+lead
dispatched  approve_decline  dispatcher+!lead
dispatched  deny_decline     dispatcher+!lead
dispatched  reroute          dispatcher
dispatched  void             supervisor
processing  decline          dept_handler+lead dept_head+lead
processing  approve_decline  dispatcher+!lead
processing  deny_decline     dispatcher+!lead
processing  reroute          dispatcher
processing  resolve          dept_handler+handler dept_head+handler
processing  void             supervisor
resolved    revisit          revisit_agent+!hand grid_worker+reporter+!hand grid_leader+reporter+!hand
resolved    close            dispatcher
resolved    void             supervisor
evaluating  rework           revisit_agent+!hand dispatcher+!hand
evaluating  evaluate         revisit_agent+!hand dispatcher+!hand supervisor+!hand any+reporter+!hand
evaluating  close            dispatcher
evaluating  void             supervisor
"""
MAY: Mapping[tuple[str, str], list[list[str]]] = {
    (state, action): [word.split("+") for word in words]
    for state, action, *words in (line.split() for line in WHO.split("\n") if line)
}
# A ticket on which the conditions of an action hold.
FITTING: Mapping[Action, dict[str, Any]] = {
    Action.APPROVE_DECLINE: {"pending_decline": True},
    Action.DENY_DECLINE: {"pending_decline": True},
    Action.REWORK: {"revisits": [{"solved": "unsolved", "satisfaction": None}]},
    Action.CLOSE: {
        "evaluations": [{"solved": "solved", "satisfaction": "very"}],
        "revisit_state": RevisitState.EXEMPT,
    },
}
BODIES: Mapping[Kind, Any] = {
    Kind.TEXT: "意见",
    Kind.ORG: str(OTHER_ORG),
    Kind.CATEGORY: "0501",
    Kind.FLAG: True,
}


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody with a role, here or elsewhere, and what they are to the ticket."""

    name: str
    here: bool = True
    reporter: bool = False
    lead: bool = False
    handler: bool = False
    handled: bool = False


CASES = (
    Case("a stranger"),
    Case("somebody whose post is elsewhere", here=False),
    Case("the reporter", reporter=True),
    Case("the reporter whose post is elsewhere", here=False, reporter=True),
    Case("a member of the leading organisation", lead=True),
    Case("a member of the leading organisation who reported", lead=True, reporter=True),
    Case("the handler", lead=True, handler=True, handled=True),
    Case("the handler who reported", lead=True, handler=True, handled=True, reporter=True),
    Case("a handler of an earlier round", handled=True),
    Case("a handler of an earlier round who reported", handled=True, reporter=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("status", Status)
def test_an_action_is_allowed_to_exactly_those_whom_the_owner_named(status: Status, case: Case) -> None:
    for action, role in product(commands.ACTIONS, Role):
        actor, ticket = actor_of(role, case), ticket_at(status, case, FITTING.get(action, {}))
        where = (status, action, role, case.name)
        named = MAY.get((status, action))
        offered = {entry["action"] for entry in actions.allowed(actor, ticket)}
        taken = attempt(actor, ticket, action)
        if named is None:
            assert isinstance(taken, IllegalTransition), where
        elif any(admits(words, actor, ticket, case) for words in named):
            assert isinstance(taken, Transition), (where, taken)
            assert (taken.source, taken.action) == (status, action)
        else:
            assert isinstance(taken, NotYours), where
        assert (action in offered) == isinstance(taken, Transition), where


def test_the_owners_list_and_the_table_name_the_same_actions_of_the_same_states() -> None:
    assert {(row.source, row.action) for row in TABLE if row.source} == MAY.keys()


@pytest.mark.parametrize("role", Role)
def test_exactly_the_roles_of_the_field_report(role: Role) -> None:
    fields = ["grid_worker", "grid_assistant", "grid_leader", "village_admin", "dispatcher", "api_client"]
    assert (role in workflow.REPORTERS) == (role in fields)
    assert [row.to for row in workflow.rows_for(None, Action.REPORT)] == [Status.REPORTED]


def test_whoever_asked_to_decline_does_not_approve_it_in_another_post() -> None:
    case = Case("a dispatcher now", here=True)
    actor = actor_of(Role.DISPATCHER, case)
    ticket = ticket_at(Status.DISPATCHED, case, {"pending_decline": True, "asked_by": ME})
    assert isinstance(attempt(actor, ticket, Action.APPROVE_DECLINE), NotYours)
    assert isinstance(attempt(actor, ticket, Action.DENY_DECLINE), NotYours)


def test_a_third_party_that_may_only_read_is_offered_nothing() -> None:
    case = Case("the reporter", reporter=True)
    writer = actor_of(Role.API_CLIENT, case)
    reader = replace(writer, token_scopes=frozenset({"tickets:read"}))
    ticket = ticket_at(Status.RETURNED, case, {})
    assert {entry["action"] for entry in actions.allowed(writer, ticket)} == {"submit", "withdraw"}
    assert actions.allowed(reader, ticket) == []


def test_every_state_is_reachable_from_the_report() -> None:
    assert reachable(Status.REPORTED) == set(Status)


@pytest.mark.parametrize("status", OPEN)
def test_every_open_state_can_still_reach_closed(status: Status) -> None:
    assert Status.CLOSED in reachable(status)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_terminal_state_has_no_way_out_and_stops_every_clock(status: Status) -> None:
    assert workflow.rows_from(status) == ()
    for row in TABLE:
        if row.to is status:
            assert row.clocks == workflow.Clocks(stops=tuple(ClockKind)), row


def test_every_clock_that_a_row_starts_can_be_stopped_from_where_it_leads() -> None:
    for row in TABLE:
        later = {
            kind
            for status in reachable(row.to)
            for next_ in workflow.rows_from(status)
            for kind in next_.clocks.stops
        }
        assert set(row.clocks.starts) <= later, row
        assert not set(row.clocks.starts) & set(row.clocks.pauses), row


@pytest.mark.parametrize("action", commands.ACTIONS)
def test_a_body_takes_what_the_rows_need_and_requires_what_all_of_them_do(action: Action) -> None:
    model = commands.MODELS[action]
    rows = [row for row in TABLE if row.action is action]
    needed = {need.field for row in rows for need in row.needs}
    assert model.model_fields.keys() == needed | {"action", "occurred_at"}
    for field in needed:
        required = [any(need.field == field and need.required for need in row.needs) for row in rows]
        assert model.model_fields[field].is_required() == all(required), field


def test_the_outcomes_of_an_action_are_told_apart_for_the_same_people() -> None:
    for row in TABLE:
        twins = [
            other
            for other in workflow.rows_for(row.source, row.action)
            if (other.roles, other.relation) == (row.roles, row.relation)
        ]
        assert len({twin.outcome for twin in twins}) == len(twins), row
        assert len(twins) == 1 or None not in {twin.outcome for twin in twins}, row


def test_every_word_of_the_table_has_its_label_and_its_meaning() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for words, told in (
        (Stage, labels.STAGE_ZH),
        (Status, labels.STATUS_ZH),
        (Action, labels.ACTION_ZH),
        (ClockKind, labels.CLOCK_ZH),
        (Role, labels.ROLE_ZH),
    ):
        assert set(words) == set(told)
        assert all(chinese.search(label) for label in told.values())
        assert len(set(told.values())) == len(told)
    assert set(labels.RELATION_ZH) == set(Relation)
    assert set(guards.GUARDS) == set(Guard) == {guard for row in TABLE for guard in row.guards}
    assert set(commands.TYPES) == set(Kind)
    assert set(Outcome) == {row.outcome for row in TABLE if row.outcome}
    assert set(LIMITS) == set(product(ClockKind, Urgency))


def test_every_state_but_the_three_that_end_early_belongs_to_one_of_the_five_steps() -> None:
    assert STAGE_OF.keys() == set(Status)
    assert {status for status, stage in STAGE_OF.items() if stage is None} == TERMINAL - {Status.CLOSED}
    assert {stage for stage in STAGE_OF.values() if stage} == set(Stage)


def test_the_diagram_is_mermaid_that_draws_every_state_and_every_move() -> None:
    head, *lines = workflow_doc.mermaid().splitlines()
    assert head == "stateDiagram-v2"
    states = [match[1] for line in lines if (match := re.fullmatch(r"    (\w+): [^:;#%{}<>]+", line))]
    moves = [
        match for line in lines if (match := re.fullmatch(r"    (\S+) --> (\S+)(?:: [^:;#%{}<>]+)?", line))
    ]
    assert len(states) + len(moves) == len(lines)
    assert states == [status.value for status in Status]
    drawn = {(match[1], match[2]) for match in moves}
    told = {
        (row.source.value if row.source else "[*]", row.to.value) for row in TABLE if row.source is not row.to
    }
    assert drawn == told | {(status.value, "[*]") for status in TERMINAL}


def test_the_document_shows_every_row() -> None:
    shown = re.findall(r"^\| (\d+) \| `(\w+)`", workflow_doc.render(), re.MULTILINE)
    assert shown == [(str(number), row.action.value) for number, row in enumerate(TABLE, start=1)]


def reachable(start: Status) -> set[Status]:
    """The states that some steps lead to from here, this one included."""
    found, todo = {start}, [start]
    while todo:
        new = {row.to for row in workflow.rows_from(todo.pop())} - found
        found |= new
        todo.extend(new)
    return found


def attempt(actor: Actor, ticket: TicketView, action: Action) -> Transition | Problem:
    """The row that the action takes, or why not."""
    body = {"action": action}
    for need in workflow.needs_of(action):
        values = getattr(commands.TYPES[need.kind], "__members__", None)
        body[need.field] = next(iter(values.values())) if values else BODIES[need.kind]
    try:
        return actions.choose(actor, ticket, commands.ADAPTER.validate_python(body), NOW)
    except Problem as refusal:
        return refusal


def admits(words: list[str], actor: Actor, ticket: TicketView, case: Case) -> bool:
    """Whether one entry of the owner's list is about this person and this ticket."""
    who, *conditions = words
    facts = {"reporter": case.reporter, "lead": case.lead, "handler": case.handler, "hand": case.handled}
    held = {role.value for role in guards.roles_on(actor, ticket)}
    return (who == "any" or who in held) and all(
        facts[condition.removeprefix("!")] != condition.startswith("!") for condition in conditions
    )


def actor_of(role: Role, case: Case) -> Actor:
    """Somebody with the role, and with a post in the leading organisation where the case wants it."""
    return Actor(
        id=ME,
        member_id=None if role is Role.API_CLIENT and not case.handled else ME,
        client_id=ME if role is Role.API_CLIENT else None,
        token_scopes=frozenset({"tickets:write"}),
        grants=tuple(_grants(role, case)),
    )


def _grants(role: Role, case: Case) -> Iterator[Grant]:
    tickets = frozenset({Dataset.TICKETS})
    datasets = ROLES[role].datasets if role is not Role.API_CLIENT else tickets
    if ROLES[role].kind is ScopeKind.ORG:
        org = LEAD if case.lead else OTHER_ORG
        yield Grant(role, ScopeKind.ORG, datasets, TOWN, AreaLevel.TOWN, org)
    else:
        place = TOWN if case.here else ELSEWHERE
        yield Grant(role, ROLES[role].kind, datasets, place, AreaLevel.TOWN)
    if case.lead:
        yield Grant(Role.DEPT_HANDLER, ScopeKind.ORG, tickets, TOWN, AreaLevel.TOWN, LEAD)


def ticket_at(status: Status, case: Case, fitting: Mapping[str, Any]) -> TicketView:
    """A ticket in this state, with what the case and the action ask for."""
    now = {"round": 1, "at": NOW.isoformat(), "reached": True}
    row = {
        "id": uuid7(),
        "status": status,
        "urgency": Urgency.NORMAL,
        "source": "grid_patrol",
        "reporter_id": ME if case.reporter else SOMEBODY,
        "client_id": None,
        "lead_org_id": LEAD,
        "handler_id": ME if case.handler else SOMEBODY,
        "area_path": [TOWN],
        "pending_decline": fitting.get("pending_decline", False),
        "decline": {"asked_by": str(fitting["asked_by"])} if "asked_by" in fitting else None,
        "decline_count": 0,
        "rework_count": 0,
        "revisit_state": fitting.get("revisit_state", RevisitState.NEEDED),
        "resolution_type": "solved",
    }
    return TicketView(
        row=row,
        clocks=(),
        revisits=[now | entry for entry in fitting.get("revisits", ())],
        evaluations=[now | entry for entry in fitting.get("evaluations", ())],
        handlers=frozenset({ME} if case.handled else {SOMEBODY}),
    )
