"""People and tickets on paper, for tests of pure rules: nothing here is stored anywhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.ids import uuid7
from app.models.enums import AreaLevel, ClockKind, RevisitState, Role, Status, Urgency
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import TERMINAL

NOW = datetime(2026, 3, 4, 2, tzinfo=UTC)
TOWN, ELSEWHERE, LEAD, HELPER, OTHER_ORG, ME, SOMEBODY = (uuid7() for _ in range(7))
_TICKETS = frozenset({Dataset.TICKETS})


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody with a role, here or elsewhere, and what they are to the ticket."""

    name: str
    here: bool = True
    reporter: bool = False
    lead: bool = False
    handler: bool = False
    handled: bool = False
    helper: bool = False
    asker: bool = False


STRANGER = Case("a stranger")
CASES = (
    STRANGER,
    Case("somebody whose post is elsewhere", here=False),
    Case("the reporter", reporter=True),
    Case("the reporter whose post is elsewhere", here=False, reporter=True),
    Case("a member of the leading organisation", lead=True),
    Case("a member of the leading organisation who reported", lead=True, reporter=True),
    Case("the handler", lead=True, handler=True, handled=True),
    Case("the handler who reported", lead=True, handler=True, handled=True, reporter=True),
    Case("a handler of an earlier round", handled=True),
    Case("a handler of an earlier round who reported", handled=True, reporter=True),
    Case("a member of a helping organisation", helper=True),
    Case("who asked for something", asker=True),
)


def actor_of(role: Role, case: Case) -> Actor:
    """Somebody with the role, and with a post in the ticket's organisations where the case wants it."""
    return Actor(
        id=ME,
        member_id=None if role is Role.API_CLIENT and not case.handled else ME,
        client_id=ME if role is Role.API_CLIENT else None,
        token_scopes=frozenset({"tickets:write"}),
        grants=tuple(_grants(role, case)),
    )


def _grants(role: Role, case: Case) -> Iterator[Grant]:
    datasets = ROLES[role].datasets if role is not Role.API_CLIENT else _TICKETS
    if ROLES[role].kind is ScopeKind.ORG:
        org = LEAD if case.lead else HELPER if case.helper else OTHER_ORG
        yield Grant(role, ScopeKind.ORG, datasets, TOWN, AreaLevel.TOWN, org)
    else:
        place = TOWN if case.here else ELSEWHERE
        yield Grant(role, ROLES[role].kind, datasets, place, AreaLevel.TOWN)
    for wanted, org in ((case.lead, LEAD), (case.helper, HELPER)):
        if wanted:
            yield Grant(Role.DEPT_HANDLER, ScopeKind.ORG, _TICKETS, TOWN, AreaLevel.TOWN, org)


def ticket_at(status: Status, case: Case = STRANGER, **facts: Any) -> TicketView:
    """A ticket in this state with what the case asks for; facts are its columns, or parts of the view."""
    now = {"round": 1, "at": NOW.isoformat(), "reached": True, "solved": None, "satisfaction": None}
    helper = {"org_id": str(HELPER), "done_at": facts.pop("helper_done_at", NOW.isoformat())}
    asked_by = facts.pop("asked_by", ME if case.asker else SOMEBODY)
    return TicketView(
        clocks=facts.pop("clocks", [clock(ClockKind.CONTACT), clock(ClockKind.HANDLE)]),
        revisits=[now | entry for entry in facts.pop("revisits", ())],
        evaluations=[now | entry for entry in facts.pop("evaluations", ())],
        helpers=[helper],
        request={"kind": facts.get("pending"), "asked_by": str(asked_by)},
        handlers=frozenset({ME} if case.handled else {SOMEBODY}),
        row={**_row(status, case), **facts},
    )


def clock(kind: ClockKind, *, started_at: datetime = NOW, hours: int = 40) -> Mapping[str, Any]:
    """A running clock as the view reads it."""
    return {
        "kind": kind,
        "unit": "work_days",
        "amount": 5,
        "round": 1,
        "halved": False,
        "given": False,
        "started_at": started_at.isoformat(),
        "due_at": (started_at + timedelta(hours=hours)).isoformat(),
        "provisional": False,
        "next_at": None,
        "level": 0,
        "org_id": None,
        "paused_at": None,
        "stopped_at": None,
    }


def _row(status: Status, case: Case) -> dict[str, Any]:
    counts = ("decline", "rework", "reopen", "appeal", "extension", "dispatch")
    return {
        "id": uuid7(),
        "status": status,
        "urgency": Urgency.NORMAL,
        "source": "grid_patrol",
        "category_code": "0501",
        "self_handled": True,
        "revisit_percent": 20,
        "auto_dispatch": False,
        "followers": [],
        "area_id": TOWN,
        "area_path": [TOWN],
        "address": "沙龙路 12 号",
        "raw_lng": None,
        "reporter_id": ME if case.reporter else SOMEBODY,
        "client_id": None,
        "lead_org_id": LEAD,
        "handler_id": ME if case.handler else SOMEBODY,
        "handler_client_id": None,
        "pending": None,
        "supervise_level": "none",
        "supervision": None,
        "handling_level": 1,
        "revisit_state": RevisitState.NEEDED,
        "resolution_type": "solved",
        "merged_from": "accepted" if status is Status.MERGED else None,
        "closed_at": NOW if status in TERMINAL else None,
        "archived_at": None,
        **{f"{name}_count": 0 for name in counts},
    }
