"""The workflow table: what it says of every state, action, role and relation, and what follows from it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from app.core import clock
from app.core.errors import Problem
from app.core.ids import uuid7
from app.models.enums import (
    Action,
    ClockKind,
    Decision,
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
from app.services.platform.actor import Actor
from app.services.tickets import (
    actions,
    commands,
    guards,
    labels,
    relations,
    workflow,
    workflow_doc,
    workflow_read,
)
from app.services.tickets.limits import LIMITS
from app.services.tickets.problems import GuardRefused, IllegalTransition, NotYours, OwnRequest
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import OPEN, STAGE_OF, TABLE, TERMINAL, Clocks, Transition
from tests.support.owners_list import MAY
from tests.support.paper import CASES, NOW, OTHER_ORG, STRANGER, Case, actor_of, ticket_at
from tests.support.terms import DEADLINES

UNSOLVED = {"revisits": [{"solved": "unsolved"}]}
# A ticket on which the conditions of an action hold; any other action finds them on any ticket.
FITTING: Mapping[str, dict[str, Any]] = {
    **{
        f"{answer}_{kind}": {"pending": kind}
        for answer in ("approve", "deny")
        for kind in ("withdraw", "decline", "extension", "suspend", "review")
    },
    "cancel_request": {"pending": "suspend"},
    "sign": {"handler_id": None},
    "finish_joint": {"helper_done_at": None},
    "reply_supervision": {"supervise_level": "yellow"},
    "lift_supervision": {"supervise_level": "red", "supervision": {"replied_at": NOW.isoformat()}},
    "rework": UNSOLVED,
    "escalate": {"revisits": [{"solved": "unsolved", "round": 3}], "rework_count": 2},
    "close": {
        "evaluations": [{"solved": "solved", "satisfaction": "very"}],
        "revisit_state": RevisitState.EXEMPT,
    },
}
PHOTOS = [{"id": str(uuid7()), "purpose": purpose} for purpose in ("before", "after")]
BODIES: Mapping[Kind, Any] = {
    Kind.TEXT: "意见",
    Kind.CATEGORY: "0502",
    Kind.FLAG: True,
    Kind.AMOUNT: 3,
    Kind.DAY: str(clock.today() + timedelta(days=9)),
    Kind.SUPERVISE_LEVEL: "red",
    Kind.ATTACHMENTS: PHOTOS,
    Kind.ORGS: [str(OTHER_ORG)],
    **dict.fromkeys((Kind.ORG, Kind.MEMBER, Kind.TICKET, Kind.AREA), str(OTHER_ORG)),
}
LEAVING = {Action.APPEAL, Action.UNMERGE, Action.REOPEN}
SWEEPS_OWN = {Action.LAPSE, Action.ARCHIVE}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("status", Status)
def test_an_action_is_allowed_to_exactly_those_whom_the_owner_named(status: Status, case: Case) -> None:
    for (state, name), named in MAY.items():
        if state != status:
            continue
        for role in Role:
            actor, ticket = actor_of(role, case), ticket_at(status, case, **FITTING.get(name, {}))
            where = (status, name, role, case.name)
            admitted = any(admits(words, actor, ticket, case) for words in named)
            taken = attempt(actor, ticket, Action(name))
            offered = name in offers(actor, ticket)
            if admitted and not stopped_by_a_guard(name, status, case):
                assert isinstance(taken, Transition), (where, taken)
                assert (taken.source, taken.action) == (status, name)
                assert offered, where
            else:
                own = case.asker and name.startswith(("approve_", "deny_"))
                refusal = NotYours if not admitted else OwnRequest if own else GuardRefused
                assert isinstance(taken, refusal), (where, taken)
                assert not offered, where


@pytest.mark.parametrize("status", Status)
def test_what_the_owner_did_not_name_is_refused_by_the_state_itself(status: Status) -> None:
    for action, role in product(commands.ACTIONS, (Role.DISPATCHER, Role.GRID_WORKER)):
        if (status, action) not in MAY:
            refused = attempt(actor_of(role, STRANGER), ticket_at(status), action)
            assert isinstance(refused, IllegalTransition), (status, action)


def test_the_owners_list_and_the_table_name_the_same_actions_of_the_same_states() -> None:
    table = {(row.source, row.action) for row in TABLE if row.source and row.action not in SWEEPS_OWN}
    assert table == MAY.keys()
    assert {row.source for row in TABLE if row.action is Action.ARCHIVE} == TERMINAL
    assert {row.source for row in TABLE if row.action is Action.LAPSE} == {Status.EVALUATING}


def test_what_only_the_sweep_does_is_not_on_the_wire() -> None:
    only_system = {row.action for row in TABLE} - {row.action for row in TABLE if row.roles != {Role.SYSTEM}}
    assert only_system == SWEEPS_OWN
    assert set(commands.ACTIONS) == set(Action) - SWEEPS_OWN - {Action.REPORT, Action.SAVE_DRAFT}
    assert commands.MODELS.keys() == set(commands.ACTIONS)


@pytest.mark.parametrize("role", Role)
def test_exactly_the_roles_of_the_field_report(role: Role) -> None:
    fields = ["grid_worker", "grid_assistant", "grid_leader", "village_admin", "dispatcher", "api_client"]
    (reported,), (drafted,) = (workflow.rows_for(None, how) for how in (Action.REPORT, Action.SAVE_DRAFT))
    assert ((role in reported.roles), reported.to) == (role in [*fields, "resident"], Status.REPORTED)
    assert ((role in drafted.roles), drafted.to) == (role in fields, Status.DRAFT)


@pytest.mark.parametrize("kind", ["withdraw", "decline", "extension", "suspend", "review"])
def test_whoever_asked_does_not_decide_in_another_post(kind: str) -> None:
    for answer in ("approve", "deny"):
        action = Action(f"{answer}_{kind}")
        for status in {row.source for row in TABLE if row.action is action and row.source}:
            ticket = ticket_at(status, Case("a dispatcher now", asker=True), pending=kind)
            actor = actor_of(Role.DISPATCHER, STRANGER)
            assert isinstance(attempt(actor, ticket, action), OwnRequest), (status, action)
            assert action not in offers(actor, ticket)


def test_a_third_party_that_may_only_read_is_offered_nothing() -> None:
    case = Case("the reporter", reporter=True)
    writer = actor_of(Role.API_CLIENT, case)
    reader = replace(writer, token_scopes=frozenset({"tickets:read"}))
    ticket = ticket_at(Status.RETURNED, case)
    assert offers(writer, ticket) == {"submit", "withdraw", "comment"}
    assert offers(reader, ticket) == set()


def test_every_state_is_reachable_from_the_report() -> None:
    assert reachable(Status.REPORTED) == set(Status) - {Status.DRAFT}
    assert reachable(Status.DRAFT) == set(Status)


@pytest.mark.parametrize("status", Status)
def test_every_open_state_can_still_reach_closed(status: Status) -> None:
    ends = {Status.WITHDRAWN, Status.VOIDED}
    assert (Status.CLOSED in reachable(status)) == (status not in ends)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_terminal_state_runs_no_clock_and_is_left_by_appeal_unmerge_or_reopening_alone(
    status: Status,
) -> None:
    for row in workflow.rows_from(status):
        assert row.to is status or row.action in LEAVING, row
        assert row.action in LEAVING or row.clocks == Clocks(), row
    still = Clocks(pauses=tuple(ClockKind)) if status is Status.MERGED else Clocks(stops=tuple(ClockKind))
    entries = [row for row in TABLE if row.to is status and row.source is not status]
    assert entries
    assert {row.clocks for row in entries} == {still}


def test_a_merged_ticket_comes_back_to_any_state_that_can_be_merged_and_runs_on() -> None:
    (back,) = workflow.rows_for(Status.MERGED, Action.UNMERGE)
    assert (back.to, back.clocks) == (None, Clocks(resumes=tuple(ClockKind)))
    assert {row.action for row in TABLE if row.to is None} == {Action.UNMERGE}
    assert not mergeable() & (TERMINAL | {Status.DRAFT, Status.RESOLVED, Status.EVALUATING})


def test_every_clock_that_a_row_starts_or_pauses_can_be_stopped_from_where_it_leads() -> None:
    for row in TABLE:
        ahead = reachable(row.to) if row.to else set(OPEN)
        later = {
            kind for status in ahead for next_ in workflow.rows_from(status) for kind in next_.clocks.stops
        }
        assert {*row.clocks.starts, *row.clocks.pauses} <= later, row
        assert not set(row.clocks.stops) & {*row.clocks.pauses, *row.clocks.resumes}, row


@pytest.mark.parametrize("action", commands.ACTIONS)
def test_a_body_takes_what_the_rows_need_and_requires_what_all_of_them_do(action: Action) -> None:
    model = commands.MODELS[action]
    rows = [row for row in TABLE if row.action is action and row.roles != {Role.SYSTEM}]
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
    decided = {row.outcome for row in workflow.rows_for(Status.ESCALATING, Action.DECIDE)}
    assert decided == {Outcome(decision.value) for decision in Decision}


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
    assert set(commands.TYPES) == set(Kind) == {need.kind for row in TABLE for need in row.needs}
    assert set(Outcome) == {row.outcome for row in TABLE if row.outcome}
    assert set(LIMITS) == set(product(set(ClockKind) - {ClockKind.OVERALL}, Urgency))


def test_the_readable_table_is_the_table_with_words_in_both_languages() -> None:
    told = workflow_read.describe()
    assert [(row.from_status, row.action, row.to) for row in told.rows] == [
        (row.source, row.action, row.to) for row in TABLE
    ]
    assert [state.status for state in told.states] == list(Status)
    assert told.actions.keys() == set(Action)
    assert told.guards.keys() == set(Guard)
    assert told.roles.keys() == set(Role)
    assert told.clocks.keys() == set(ClockKind)
    tables = (told.stages, told.actions, told.roles, told.guards, told.clocks)
    words = [*(state.label for state in told.states), *(word for table in tables for word in table.values())]
    assert all(word.zh and word.en and word.en.isascii() for word in words)
    assert told.mermaid == workflow_doc.mermaid()


def test_every_state_but_the_four_that_end_early_belongs_to_one_of_the_five_steps() -> None:
    assert STAGE_OF.keys() == set(Status) == {*OPEN, *TERMINAL}
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
    told = {(drawn_as(row.source), drawn_as(row.to)) for row in TABLE if row.source is not row.to}
    assert drawn == told | {(status.value, "[*]") for status in TERMINAL}


def test_the_document_shows_every_row() -> None:
    shown = re.findall(r"^\| (\d+) \| `(\w+)`", workflow_doc.render(), re.MULTILINE)
    assert shown == [(str(number), row.action.value) for number, row in enumerate(TABLE, start=1)]


def drawn_as(status: Status | None) -> str:
    """A state's name in the diagram; before the report and after a merge there is none."""
    return status.value if status else "[*]"


def mergeable() -> set[Status]:
    """The states that a merge leaves."""
    return {row.source for row in TABLE if row.action is Action.MERGE and row.source}


def reachable(start: Status) -> set[Status]:
    """The states that some steps lead to from here, this one included."""
    found, todo = {start}, [start]
    while todo:
        rows = workflow.rows_from(todo.pop())
        # A merge is undone to where it came from, so that it leads nowhere new.
        new = {row.to for row in rows if row.to} - found
        if any(row.to is None for row in rows):
            new |= mergeable() - found
        found |= new
        todo.extend(new)
    return found


def offers(actor: Actor, ticket: TicketView) -> set[str]:
    """The actions that the app would show."""
    return {entry["action"] for entry in actions.allowed(actor, ticket, NOW, DEADLINES)}


def attempt(actor: Actor, ticket: TicketView, action: Action) -> Transition | Problem:
    """The row that the action takes, or why not."""
    body = {"action": action}
    for need in workflow.needs_of(action):
        values = getattr(commands.TYPES[need.kind], "__members__", None)
        body[need.field] = next(iter(values.values())) if values else BODIES[need.kind]
    command = commands.ADAPTER.validate_python(body)
    try:
        return actions.choose(guards.Case(actor, ticket, command, NOW, DEADLINES))
    except Problem as refusal:
        return refusal


def stopped_by_a_guard(name: str, status: Status, case: Case) -> bool:
    """Where the ticket itself, not the person, is in the way: one's own request, a draft."""
    decides = name.startswith(("approve_", "deny_"))
    pressed = name in {"urge", "supervise", "instruct", "comment"}
    return (decides and case.asker) or (pressed and status is Status.DRAFT)


def admits(words: list[str], actor: Actor, ticket: TicketView, case: Case) -> bool:
    """Whether one entry of the owner's list is about this person and this ticket."""
    who, *conditions = words
    facts = {
        "reporter": case.reporter,
        "lead": case.lead,
        "handler": case.handler,
        "hand": case.handled,
        "helper": case.helper,
        "asker": case.asker,
    }
    held = {role.value for role in relations.roles_on(actor, ticket)}
    return (who == "any" or who in held) and all(
        facts[condition.removeprefix("!")] != condition.startswith("!") for condition in conditions
    )
