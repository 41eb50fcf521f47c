"""The workflow as a table: who may do what to a ticket, from where to where, and what it needs.

Pure data and pure questions about it; no database, no clock. The service, the action bodies, the buttons
of the app (`allowed_actions`), `docs/workflow.md` and the tests read this one table: to add a step is to
add a line. Alternatives (a second kind of actor, a second outcome) are lines of their own. Source of the
lines: the field's transition table.

A line reads: from | action | to | who | relation | needs | guards | clocks.
- from: statuses; `-` for a ticket that does not exist yet; `open`, `terminal` and `any` are sets of them.
- to: a status, `=` for no change, `~` for the one that a merge left; `@outcome` tells alternatives apart.
- who: role groups (`GROUPS`); `*` for anybody related; `system` for the sweep.
- needs: field:kind, the kind left out where it is the field's name; `?` marks what may be left out.
- clocks: `-` stops, `+` starts (unless one of the kind is open), `‖` pauses, `~` resumes; or `all`.
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
    """One row. `source` None: no ticket yet; `to` None: the status that a merge left; no roles: anybody."""

    source: Status | None
    action: Action
    to: Status | None
    roles: frozenset[Role]
    relation: Relation = Relation.ANY
    needs: tuple[Need, ...] = ()
    guards: tuple[Guard, ...] = ()
    clocks: Clocks = Clocks()
    outcome: Outcome | None = None


S = Status
STAGE_OF: Mapping[Status, Stage | None] = MappingProxyType(
    {
        S.DRAFT: Stage.REPORT,
        S.REPORTED: Stage.REPORT,
        S.RETURNED: Stage.REPORT,
        S.ACCEPTED: Stage.ROUTE,
        S.DISPATCHED: Stage.ROUTE,
        S.PROCESSING: Stage.HANDLE,
        S.SUSPENDED: Stage.HANDLE,
        S.ESCALATING: Stage.HANDLE,
        S.RESOLVED: Stage.REVISIT,
        S.EVALUATING: Stage.CLOSE,
        S.CLOSED: Stage.CLOSE,
        S.NOT_ACCEPTED: None,
        S.WITHDRAWN: None,
        S.VOIDED: None,
        S.MERGED: None,
    }
)
TERMINAL: frozenset[Status] = frozenset({S.CLOSED, S.NOT_ACCEPTED, S.WITHDRAWN, S.VOIDED, S.MERGED})
OPEN: tuple[Status, ...] = tuple(status for status in Status if status not in TERMINAL)
SETS: Mapping[str, tuple[Status, ...]] = MappingProxyType(
    {"open": OPEN, "terminal": tuple(s for s in Status if s in TERMINAL), "any": tuple(Status)}
)
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "reporters": "grid_worker grid_assistant grid_leader village_admin dispatcher api_client",
        "workers": "grid_worker grid_leader",
        "routers": "dispatcher village_admin",
        "handlers": "dept_handler dept_head",
        "callers": "revisit_agent dispatcher",
        "evaluators": "revisit_agent dispatcher supervisor",
        "overseers": "supervisor leader_viewer",
        "pushers": "dispatcher supervisor leader_viewer system",
        "everybody": "grid_worker grid_assistant grid_leader village_admin dispatcher dept_handler dept_head "
        "revisit_agent supervisor leader_viewer",
    }
)
# What each clock measures is done by these; whatever else stops it, it measures no more.
MET_BY: Mapping[ClockKind, frozenset[Action]] = MappingProxyType(
    {
        ClockKind.ACCEPT: frozenset({Action.ACCEPT, Action.REJECT, Action.SELF_RESOLVE}),
        ClockKind.DISPATCH: frozenset({Action.DISPATCH}),
        ClockKind.SIGN: frozenset({Action.SIGN}),
        ClockKind.CONTACT: frozenset({Action.CONTACT}),
        ClockKind.HANDLE: frozenset({Action.RESOLVE}),
        ClockKind.REVISIT: frozenset({Action.REVISIT}),
        ClockKind.CLOSE: frozenset({Action.CLOSE}),
        ClockKind.OVERALL: frozenset({Action.CLOSE}),
    }
)
MAX_LEVEL, MAX_DECLINES, MAX_REWORKS, MAX_REOPENS, MAX_APPEALS = 3, 2, 2, 2, 1

LINES = """
- | save_draft | draft | reporters | | | |
- | report | reported | reporters resident | | | | +accept +overall
draft | submit | reported | * | reporter | opinion:text? | complete | +accept +overall
returned | submit | reported | * | reporter | opinion:text attachments? | | ~accept +accept
draft reported | self_resolve | resolved@needs_revisit | workers | reporter | measures:text public_reply:text? attachments | self_handled before_and_after | -accept +overall +revisit
draft reported | self_resolve | resolved@exempt | workers | reporter | measures:text public_reply:text? attachments | self_handled before_and_after | -accept +overall +close
draft reported returned | withdraw | withdrawn | * | reporter | opinion:text? | no_followers | -all
accepted | request_withdraw | = | * | reporter | opinion:text | nothing_pending |
accepted | approve_withdraw | withdrawn | dispatcher | | opinion:text? | pending_withdraw not_asker no_followers | -all
accepted | deny_withdraw | = | dispatcher | | opinion:text | pending_withdraw not_asker |
reported | accept | accepted | routers | | category_code:category? urgency? opinion:text? | | -accept +dispatch
reported accepted | return_for_info | returned | routers | | reason:return_reason opinion:text | nothing_pending | -dispatch ‖accept
reported accepted | reject | not_accepted | dispatcher | | reason:reject_reason opinion:text | | -all
not_accepted | appeal | reported | * | reporter | opinion:text | appeals_left not_archived | +accept +overall
reported returned accepted dispatched processing suspended escalating | merge | merged | dispatcher | | master_id:ticket opinion:text? | nothing_pending | ‖all
merged | unmerge | ~ | dispatcher | | opinion:text | not_archived | ~all
accepted | dispatch | dispatched | routers system | | org_id:org member_id:member? helper_org_ids:orgs? opinion:text? | nothing_pending | -dispatch -sign -contact -handle +sign +contact +handle
dispatched | sign | processing | handlers | lead_org | opinion:text? | nothing_pending not_for_another | -sign
dispatched | sign | processing | system | | | | -sign
processing | sign | = | handlers | lead_org | opinion:text? | nothing_pending no_handler |
dispatched processing suspended | contact | = | handlers | lead_org | method:revisit_method opinion:text | contact_due | -contact
dispatched processing | decline | = | handlers | lead_org | reason:return_reason basis:text proposed_org_id:org | nothing_pending declines_left decline_in_time |
dispatched processing | approve_decline | dispatched@with_org | dispatcher | not_lead_org | org_id:org? opinion:text? | pending_decline not_asker | -dispatch -sign -contact -handle +sign +contact +handle
dispatched processing | approve_decline | accepted@without_org | dispatcher | not_lead_org | org_id:org? opinion:text? | pending_decline not_asker | -sign -contact -handle +dispatch
dispatched processing | deny_decline | = | dispatcher | not_lead_org | opinion:text | pending_decline not_asker |
dispatched processing | reroute | dispatched | dispatcher | | org_id:org opinion:text | nothing_pending | -dispatch -sign -contact -handle +sign +contact +handle
processing | transfer_down | dispatched | dept_head | lead_org | org_id:org? member_id:member? opinion:text? | nothing_pending | -sign +sign
processing | request_joint | = | dispatcher | | helper_org_ids:orgs opinion:text | |
processing | request_joint | = | handlers | handler | helper_org_ids:orgs opinion:text | |
dispatched processing suspended escalating | finish_joint | = | handlers | helper_org | opinion:text | |
dispatched processing suspended escalating | finish_joint | = | dispatcher | | opinion:text | helped |
accepted dispatched | escalate | escalating | dispatcher | | reason:escalate_reason opinion:text | level_left nothing_pending | ‖handle
processing | escalate | escalating | dispatcher | | reason:escalate_reason opinion:text | level_left nothing_pending | ‖handle
processing | escalate | escalating | dept_head | lead_org | reason:escalate_reason opinion:text | level_left nothing_pending | ‖handle
dispatched processing | escalate | escalating | system | | | level_left nothing_pending | ‖handle
evaluating | escalate | escalating | dispatcher | | reason:escalate_reason opinion:text | unsatisfied no_reworks_left level_left nothing_pending | -revisit -close
escalating | decide | dispatched@take_over | dispatcher supervisor | | decision org_id:org? resume_on:day? opinion:text | | -dispatch -sign -contact -handle +sign +contact +handle
escalating | decide | processing@send_back | dispatcher supervisor | | decision org_id:org? resume_on:day? opinion:text | has_handler | -sign -handle +handle
escalating | decide | accepted@route_anew | dispatcher supervisor | | decision org_id:org? resume_on:day? opinion:text | | -sign -contact -handle +dispatch
escalating | decide | suspended@suspend | dispatcher supervisor | | decision org_id:org? resume_on:day? opinion:text | has_handler | -sign +handle ‖handle
dispatched processing | request_extension | = | handlers | lead_org | amount reason:suspend_reason opinion:text | nothing_pending before_due extensions_left |
dispatched processing | approve_extension | = | dispatcher | not_lead_org | opinion:text? | pending_extension not_asker first_extension |
dispatched processing | approve_extension | = | leader_viewer supervisor | not_lead_org | opinion:text? | pending_extension not_asker |
dispatched processing | deny_extension | = | dispatcher leader_viewer supervisor | not_lead_org | opinion:text | pending_extension not_asker |
processing | request_suspend | = | handlers | lead_org | reason:suspend_reason resume_on:day opinion:text | nothing_pending |
processing | approve_suspend | suspended | dispatcher | not_lead_org | opinion:text? | pending_suspend not_asker | ‖handle
processing | deny_suspend | = | dispatcher | not_lead_org | opinion:text | pending_suspend not_asker |
suspended | resume | processing | handlers | lead_org | opinion:text? | | ~handle
suspended | resume | processing | dispatcher system | | opinion:text? | | ~handle
suspended | review_suspension | = | dispatcher | | resume_on:day opinion:text | |
processing suspended escalating | progress | = | handlers | handler | opinion:text attachments? | |
open | urge | = | pushers | | opinion:text? | after_draft |
open | supervise | = | overseers dispatcher system | | level:supervise_level opinion:text? | after_draft raises_level |
open | reply_supervision | = | handlers | lead_org | opinion:text | supervised |
reported returned accepted | reply_supervision | = | routers | | opinion:text | supervised |
open | lift_supervision | = | overseers dispatcher | | opinion:text | supervised supervision_answered |
open | instruct | = | leader_viewer | | opinion:text urgency? | after_draft |
reported accepted dispatched processing suspended escalating | change | = | dispatcher | | category_code:category? urgency? area_id:area? opinion:text | changes_something |
processing | resolve | resolved@needs_revisit | handlers | handler | resolution_type:resolution measures:text public_reply:text? attachments? | nothing_pending helpers_done | -sign -contact -handle +revisit
processing | resolve | resolved@exempt | handlers | handler | resolution_type:resolution measures:text public_reply:text? attachments? | nothing_pending helpers_done | -sign -contact -handle +close
resolved | reject_resolution | processing@keep | dispatcher | | opinion:text | reworks_left | -revisit -close +handle
resolved | reject_resolution | accepted@route_anew | dispatcher | | opinion:text | reworks_left | -revisit -close +dispatch
resolved | reject_resolution | processing@keep | workers | reporter_not_handler | opinion:text | reworks_left | -revisit -close +handle
resolved | reject_resolution | accepted@route_anew | workers | reporter_not_handler | opinion:text | reworks_left | -revisit -close +dispatch
resolved | revisit | evaluating@reached | revisit_agent | not_handler | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed | -revisit
resolved | revisit | =@not_reached | revisit_agent | not_handler | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed |
resolved | revisit | evaluating@unreachable | revisit_agent | not_handler | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed | -revisit
resolved | revisit | evaluating@reached | workers | reporter_not_handler | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed | -revisit
resolved | revisit | =@not_reached | workers | reporter_not_handler | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed |
resolved | revisit | evaluating@unreachable | workers | reporter_not_handler | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed | -revisit
resolved | revisit | evaluating@reached | resident | | method:revisit_method reached:flag solved? satisfaction? opinion:text? | revisit_needed | -revisit
evaluating | rework | processing@without_org | callers | not_handler | org_id:org? opinion:text | unsatisfied reworks_left nothing_pending | -revisit -close +handle
evaluating | rework | dispatched@with_org | callers | not_handler | org_id:org? opinion:text | unsatisfied reworks_left nothing_pending | -revisit -close +sign +contact +handle
evaluating | evaluate | = | evaluators | not_handler | evaluated_by satisfaction solved opinion:text? | not_evaluated | +close
evaluating | evaluate | = | resident | | evaluated_by satisfaction solved opinion:text? | not_evaluated | +close
evaluating | evaluate | = | * | reporter_not_handler | evaluated_by satisfaction solved opinion:text? | not_evaluated | +close
evaluating | lapse | = | system | | | not_evaluated | +close
evaluating | close | closed | dispatcher | | opinion:text? | evaluated answer_closable nothing_pending | -all
evaluating | close | closed | system | | opinion:text? | evaluated satisfied nothing_pending | -all
resolved | close | closed | dispatcher system | | opinion:text? | revisit_exempt nothing_pending | -all
evaluating closed | request_review | = | handlers | lead_org | opinion:text | nothing_pending not_archived |
evaluating closed | approve_review | = | dispatcher | not_lead_org | opinion:text? | pending_review not_asker |
evaluating closed | deny_review | = | dispatcher | not_lead_org | opinion:text | pending_review not_asker |
open closed | cancel_request | = | * | asker | opinion:text? | something_pending |
closed | reopen | processing@keep | dispatcher | | to_handler:flag opinion:text | reopens_left reopen_in_time nothing_pending | +handle +overall
closed | reopen | accepted@route_anew | dispatcher | | to_handler:flag opinion:text | reopens_left reopen_in_time nothing_pending | +dispatch +overall
draft reported returned accepted | void | voided | dispatcher | | reason:void_reason opinion:text | no_followers | -all
dispatched processing suspended escalating resolved evaluating | void | voided | supervisor | | reason:void_reason opinion:text | no_followers | -all
terminal | archive | = | system | | | not_archived |
any | comment | = | everybody | | opinion:text attachments? | after_draft not_archived |
any | comment | = | api_client | reporter | opinion:text attachments? | after_draft not_archived |
"""  # noqa: E501 - a row is a line


def _row(line: str) -> Iterator[Transition]:
    sources, action, target, who, relation, needs, guards, clocks = (cell.strip() for cell in line.split("|"))
    to, _, outcome = target.partition("@")
    for source in _sources(sources):
        yield Transition(
            source=source,
            action=Action(action),
            to=source if to == "=" else None if to == "~" else Status(to),
            roles=_roles(who),
            relation=Relation(relation or "any"),
            needs=tuple(_need(word) for word in needs.split()),
            guards=tuple(Guard(word) for word in guards.split()),
            clocks=_clocks(clocks.split()),
            outcome=Outcome(outcome) if outcome else None,
        )


def _sources(cell: str) -> Iterator[Status | None]:
    for word in cell.split():
        yield from (None,) if word == "-" else SETS.get(word) or (Status(word),)


def _roles(cell: str) -> frozenset[Role]:
    words = cell.replace("*", "").split()
    return frozenset(Role(code) for word in words for code in GROUPS.get(word, word).split())


def _need(word: str) -> Need:
    named, required = word.removesuffix("?"), not word.endswith("?")
    field, _, kind = named.partition(":")
    return Need(field, Kind(kind or field), required)


def _clocks(words: Collection[str]) -> Clocks:
    return Clocks(*(tuple(_kinds(words, mark)) for mark in "-+‖~"))


def _kinds(words: Collection[str], mark: str) -> Iterator[ClockKind]:
    for word in words:
        if word[0] == mark:
            yield from tuple(ClockKind) if word[1:] == "all" else (ClockKind(word[1:]),)


TABLE: tuple[Transition, ...] = tuple(row for line in LINES.strip().splitlines() for row in _row(line))


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
    rows = [row for row in TABLE if row.action is action and row.roles != {Role.SYSTEM}]
    kinds = {need.field: need.kind for row in rows for need in row.needs}
    everywhere = {
        field: all(any(need.field == field and need.required for need in row.needs) for row in rows)
        for field in kinds
    }
    return tuple(Need(field, kind, everywhere[field]) for field, kind in kinds.items())
