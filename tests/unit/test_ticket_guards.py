"""Guards and relations one by one: what each looks at, on both sides of its border."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.ids import uuid7
from app.models.enums import Action, ClockKind, Guard, Outcome, Relation, Role, Status, Urgency
from app.services.tickets import answers, commands, relations
from app.services.tickets.guards import GUARDS
from app.services.tickets.guards import Case as Looked
from tests.support.paper import ME, NOW, OTHER_ORG, SOMEBODY, STRANGER, TOWN, Case, actor_of, clock, ticket_at
from tests.support.terms import DEADLINES

Facts = Mapping[str, Any]
G, A = Guard, Action
HANDLE = ClockKind.HANDLE
YESTERDAY = NOW - timedelta(hours=24)
TWO_DAYS_AGO = NOW - timedelta(hours=48)
PHOTOS = [{"id": str(uuid7()), "purpose": purpose} for purpose in ("before", "after")]
UNSOLVED = {"revisits": [{"solved": "unsolved"}]}
ANSWERED = {"supervision": {"replied_at": NOW.isoformat()}}


def named(value: object) -> str:
    """A parameter in a test's name: the same in every process."""
    if isinstance(value, Guard):
        return value.value
    return value.name if isinstance(value, Case) else "facts"


# A guard; facts of a ticket on which it holds; facts on which it refuses.
BY_FACTS: tuple[tuple[Guard, Facts, Facts], ...] = (
    (G.COMPLETE, {"address": "沙龙路"}, {"address": ""}),
    (G.COMPLETE, {"address": "", "raw_lng": 113.0}, {"address": "", "raw_lng": None}),
    (G.SELF_HANDLED, {"self_handled": True}, {"self_handled": False}),
    (G.NOTHING_PENDING, {}, {"pending": "decline"}),
    (G.SOMETHING_PENDING, {"pending": "decline"}, {}),
    (G.PENDING_WITHDRAW, {"pending": "withdraw"}, {"pending": "decline"}),
    (G.PENDING_DECLINE, {"pending": "decline"}, {"pending": "review"}),
    (G.PENDING_EXTENSION, {"pending": "extension"}, {"pending": None}),
    (G.PENDING_SUSPEND, {"pending": "suspend"}, {"pending": "extension"}),
    (G.PENDING_REVIEW, {"pending": "review"}, {"pending": "suspend"}),
    (G.NOT_ASKER, {"asked_by": SOMEBODY}, {"asked_by": ME}),
    (G.APPEALS_LEFT, {"appeal_count": 0}, {"appeal_count": 1}),
    (G.NOT_FOR_ANOTHER, {"handler_id": None}, {"handler_id": SOMEBODY}),
    (G.NOT_FOR_ANOTHER, {"handler_id": ME}, {"handler_id": SOMEBODY}),
    (G.NO_HANDLER, {"handler_id": None}, {"handler_id": ME}),
    (G.NO_HANDLER, {"handler_id": None}, {"handler_id": None, "handler_client_id": SOMEBODY}),
    (G.NO_FOLLOWERS, {"followers": []}, {"followers": [SOMEBODY]}),
    (G.HELPED, {"helper_done_at": None}, {"helper_done_at": NOW.isoformat()}),
    (G.NO_REWORKS_LEFT, {"rework_count": 2}, {"rework_count": 1}),
    (G.SATISFIED, {}, UNSOLVED),
    (G.CONTACT_DUE, {"clocks": [clock(ClockKind.CONTACT)]}, {"clocks": [clock(HANDLE)]}),
    (G.DECLINES_LEFT, {"decline_count": 1}, {"decline_count": 2}),
    (
        G.DECLINE_IN_TIME,
        {"clocks": [clock(HANDLE, started_at=YESTERDAY)]},
        {"clocks": [clock(HANDLE, started_at=TWO_DAYS_AGO)]},
    ),
    (G.DECLINE_IN_TIME, {"clocks": [clock(HANDLE)]}, {"clocks": []}),
    (G.LEVEL_LEFT, {"handling_level": 2}, {"handling_level": 3}),
    (G.HAS_HANDLER, {"handler_id": SOMEBODY}, {"handler_id": None}),
    (G.HAS_HANDLER, {"handler_id": None, "handler_client_id": SOMEBODY}, {"handler_id": None}),
    (G.BEFORE_DUE, {"clocks": [clock(HANDLE, hours=0)]}, {"clocks": [clock(HANDLE, hours=-1)]}),
    (G.BEFORE_DUE, {"clocks": [clock(HANDLE)]}, {"clocks": []}),
    (
        G.EXTENSIONS_LEFT,
        {"urgency": Urgency.URGENT, "extension_count": 0},
        {"urgency": Urgency.URGENT, "extension_count": 1},
    ),
    (
        G.EXTENSIONS_LEFT,
        {"urgency": Urgency.COMPLEX, "extension_count": 1},
        {"urgency": Urgency.NORMAL, "extension_count": 2},
    ),
    (G.EXTENSIONS_LEFT, {"urgency": Urgency.NORMAL}, {"urgency": Urgency.CRITICAL}),
    (G.FIRST_EXTENSION, {"extension_count": 0}, {"extension_count": 1}),
    (G.AFTER_DRAFT, {"status": Status.REPORTED}, {"status": Status.DRAFT}),
    (G.RAISES_LEVEL, {"supervise_level": "yellow"}, {"supervise_level": "red"}),
    (G.SUPERVISED, {"supervise_level": "normal"}, {"supervise_level": "none"}),
    (G.SUPERVISION_ANSWERED, ANSWERED, {"supervision": {"replied_at": None}}),
    (G.SUPERVISION_ANSWERED, ANSWERED, {"supervision": None}),
    (G.HELPERS_DONE, {"helper_done_at": NOW.isoformat()}, {"helper_done_at": None}),
    (G.REVISIT_NEEDED, {"revisit_state": "needed"}, {"revisit_state": "exempt"}),
    (G.REVISIT_EXEMPT, {"revisit_state": "exempt"}, {"revisit_state": "done"}),
    (G.UNSATISFIED, UNSOLVED, {"revisits": [{"solved": "basically"}]}),
    (
        G.UNSATISFIED,
        {"evaluations": [{"satisfaction": "very_dis"}]},
        {"evaluations": [{"satisfaction": "unevaluated"}]},
    ),
    (G.UNSATISFIED, UNSOLVED, {**UNSOLVED, "rework_count": 1}),
    (G.REWORKS_LEFT, {"rework_count": 1}, {"rework_count": 2}),
    (G.EVALUATED, {"evaluations": [{}]}, {"evaluations": []}),
    (G.EVALUATED, {"evaluations": [{}]}, {"evaluations": [{}], "reopen_count": 1}),
    (G.NOT_EVALUATED, {"evaluations": []}, {"evaluations": [{}]}),
    (G.ANSWER_CLOSABLE, {}, {**UNSOLVED, "resolution_type": "solved"}),
    (G.ANSWER_CLOSABLE, {**UNSOLVED, "resolution_type": "explained"}, UNSOLVED),
    (G.ANSWER_CLOSABLE, {**UNSOLVED, "resolution_type": "out_of_scope"}, UNSOLVED),
    (
        G.ANSWER_CLOSABLE,
        {"revisits": [{"solved": "unsolved", "round": 3}], "rework_count": 2},
        {"revisits": [{"solved": "unsolved", "round": 2}], "rework_count": 1},
    ),
    (G.NOT_ARCHIVED, {"archived_at": None}, {"archived_at": NOW}),
    (G.REOPENS_LEFT, {"reopen_count": 1}, {"reopen_count": 2}),
    (
        G.REOPEN_IN_TIME,
        {"closed_at": NOW - timedelta(days=30)},
        {"closed_at": NOW - timedelta(days=30, seconds=1)},
    ),
    (G.REOPEN_IN_TIME, {"closed_at": NOW}, {"closed_at": None}),
)
# A guard that looks at the body too: facts, a body that passes, one that does not.
BY_BODY: tuple[tuple[Guard, Facts, Facts, Facts], ...] = (
    (
        G.BEFORE_AND_AFTER,
        {},
        {"action": A.SELF_RESOLVE, "measures": "清理", "attachments": PHOTOS},
        {"action": A.SELF_RESOLVE, "measures": "清理", "attachments": PHOTOS[:1]},
    ),
    (
        G.RAISES_LEVEL,
        {"supervise_level": "normal"},
        {"action": A.SUPERVISE, "level": "yellow"},
        {"action": A.SUPERVISE, "level": "normal"},
    ),
    (
        G.CHANGES_SOMETHING,
        {"urgency": Urgency.NORMAL},
        {"action": A.CHANGE, "opinion": "提级", "urgency": "urgent"},
        {"action": A.CHANGE, "opinion": "提级", "urgency": "normal", "category_code": "0501"},
    ),
    (
        G.CHANGES_SOMETHING,
        {},
        {"action": A.CHANGE, "opinion": "换网格", "area_id": str(OTHER_ORG)},
        {"action": A.CHANGE, "opinion": "换网格", "area_id": str(TOWN)},
    ),
)


@pytest.mark.parametrize(("guard", "holds", "refuses"), BY_FACTS, ids=named)
def test_a_guard_holds_on_one_side_of_its_border_and_refuses_on_the_other(
    guard: Guard, holds: Facts, refuses: Facts
) -> None:
    assert passes(guard, holds)
    assert not passes(guard, refuses)


@pytest.mark.parametrize(("guard", "facts", "good", "bad"), BY_BODY, ids=named)
def test_a_guard_that_looks_at_the_body_lets_the_button_be_drawn(
    guard: Guard, facts: Facts, good: Facts, bad: Facts
) -> None:
    assert passes(guard, facts)
    assert passes(guard, facts, good)
    assert not passes(guard, facts, bad)


def test_every_guard_has_a_case_here_and_refuses_in_two_languages() -> None:
    assert {row[0] for row in (*BY_FACTS, *BY_BODY)} == set(Guard) == set(GUARDS)
    for _check, (zh, en) in GUARDS.values():
        assert zh
        assert en.isascii()


@pytest.mark.parametrize(
    ("case", "held"),
    [
        (STRANGER, {Relation.NOT_HANDLER, Relation.NOT_LEAD_ORG}),
        (
            Case("reporter", reporter=True),
            {Relation.REPORTER, Relation.REPORTER_NOT_HANDLER, Relation.NOT_HANDLER, Relation.NOT_LEAD_ORG},
        ),
        (Case("lead", lead=True), {Relation.LEAD_ORG, Relation.NOT_HANDLER}),
        (Case("handler", lead=True, handler=True, handled=True), {Relation.LEAD_ORG, Relation.HANDLER}),
        (Case("handled before", handled=True), {Relation.NOT_LEAD_ORG}),
        (Case("handled, reported", handled=True, reporter=True), {Relation.REPORTER, Relation.NOT_LEAD_ORG}),
        (Case("helper", helper=True), {Relation.HELPER_ORG, Relation.NOT_HANDLER, Relation.NOT_LEAD_ORG}),
        (Case("asker", asker=True), {Relation.ASKER, Relation.NOT_HANDLER, Relation.NOT_LEAD_ORG}),
    ],
    ids=named,
)
def test_what_somebody_is_to_a_ticket(case: Case, held: set[Relation]) -> None:
    ticket = ticket_at(Status.PROCESSING, case, helper_done_at=None)
    actor = actor_of(Role.DISPATCHER, case)
    assert relations.relations(actor, ticket) == held | {Relation.ANY}


def test_a_helper_that_has_finished_is_a_helper_no_more_but_keeps_its_role() -> None:
    case = Case("helper", helper=True)
    ticket, actor = ticket_at(Status.PROCESSING, case), actor_of(Role.DEPT_HEAD, case)
    assert Relation.HELPER_ORG not in relations.relations(actor, ticket)
    assert Role.DEPT_HEAD in relations.roles_on(actor, ticket)


def test_a_role_counts_only_on_the_tickets_that_its_post_covers() -> None:
    ticket = ticket_at(Status.REPORTED)
    assert relations.roles_on(actor_of(Role.DISPATCHER, STRANGER), ticket) == {Role.DISPATCHER}
    assert relations.roles_on(actor_of(Role.DISPATCHER, Case("elsewhere", here=False)), ticket) == frozenset()
    assert relations.roles_on(actor_of(Role.DEPT_HEAD, STRANGER), ticket) == frozenset()
    assert relations.roles_on(actor_of(Role.STATISTICIAN, STRANGER), ticket) == frozenset()
    assert relations.roles_on(actor_of(Role.SYSTEM, STRANGER), ticket) == {Role.SYSTEM}


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("2026-03-04T02:00Z", "2026-03-04T03:59Z", Outcome.NOT_REACHED),
        ("2026-03-04T02:00Z", "2026-03-04T04:00Z", Outcome.UNREACHABLE),
        ("2026-03-04T04:00Z", "2026-03-04T15:59Z", Outcome.NOT_REACHED),
        ("2026-03-04T15:59Z", "2026-03-04T16:00Z", Outcome.UNREACHABLE),
        ("2026-03-04T02:00Z", "2026-03-05T02:00Z", Outcome.UNREACHABLE),
    ],
)
def test_two_failed_attempts_on_different_half_days_in_shanghai_make_a_person_unreachable(
    first: str, second: str, outcome: Outcome
) -> None:
    tried = [{"at": first.replace("Z", "+00:00"), "reached": False}]
    ticket = ticket_at(Status.RESOLVED, revisits=tried)
    now = datetime.fromisoformat(second).astimezone(UTC)
    assert answers.missed(ticket, now) is outcome
    assert answers.missed(ticket_at(Status.RESOLVED), now) is Outcome.NOT_REACHED
    before = ticket_at(Status.RESOLVED, revisits=tried, rework_count=1)
    assert answers.missed(before, now) is Outcome.NOT_REACHED, "an attempt of an earlier round"


def passes(guard: Guard, facts: Facts, body: Facts | None = None) -> bool:
    """Whether a guard lets somebody through on a ticket with these facts, perhaps with a body."""
    told = dict(facts)
    ticket = ticket_at(told.pop("status", Status.PROCESSING), STRANGER, **told)
    command = None if body is None else commands.ADAPTER.validate_python(dict(body))
    case = Looked(actor_of(Role.DISPATCHER, STRANGER), ticket, command, NOW, DEADLINES)
    return GUARDS[guard][0](case)
