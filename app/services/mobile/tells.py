"""Who is told what of the news: a table, asked by the reader of the outbox.

A line says which kind of message the people of an audience get for a topic. A task is told only while the
ticket still stands where the news left it, and nobody is told of their own step. What the sweep does to a
ticket it tells by notices of its own, so its steps are left out here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.models.enums import Role, Status


class Audience(StrEnum):
    """Who is meant; the people are found by `people`."""

    DESK = "desk"
    LEAD = "lead"
    HELPERS = "helpers"
    APPROVERS = "approvers"
    DECIDERS = "deciders"
    REVISITERS = "revisiters"
    LEADERS = "leaders"
    REPORTER = "reporter"
    ASKER = "asker"
    PRESSER = "presser"
    NAMED = "named"
    TAKERS = "takers"
    MAKER = "maker"
    ASSIGNEES = "assignees"
    ADMINISTRATORS = "administrators"


@dataclass(frozen=True, slots=True)
class Tell:
    """A kind of message for an audience; `to` is the status that the step must have led to.

    `by` is the role that the step must have been taken in.
    """

    kind: str
    audience: Audience
    to: Status | None = None
    by: Role | None = None


_A = Audience
_TO_LEAD = (
    Tell("to_sign", _A.LEAD, Status.DISPATCHED),
    Tell("to_help", _A.HELPERS),
    Tell("to_route", _A.DESK, Status.ACCEPTED),
)
_AGAIN = (*_TO_LEAD, Tell("to_redo", _A.LEAD, Status.PROCESSING))
_ASKED = (Tell("to_approve", _A.APPROVERS),)
_GRANTED, _DENIED = (Tell("approved", _A.ASKER),), (Tell("denied", _A.ASKER),)
_REVISITED = (Tell("to_revisit", _A.REVISITERS, Status.RESOLVED),)
TABLE: Mapping[str, tuple[Tell, ...]] = MappingProxyType(
    {
        "ticket.report": (Tell("to_accept", _A.DESK, Status.REPORTED),),
        "ticket.submit": (Tell("to_accept", _A.DESK, Status.REPORTED),),
        "ticket.appeal": (Tell("to_accept", _A.DESK, Status.REPORTED),),
        "ticket.return_for_info": (Tell("to_supplement", _A.REPORTER, Status.RETURNED),),
        "ticket.dispatch": _TO_LEAD,
        "ticket.reroute": _TO_LEAD,
        "ticket.transfer_down": _TO_LEAD,
        "ticket.approve_decline": (*_TO_LEAD, *_GRANTED),
        "ticket.decide": (*_TO_LEAD, Tell("to_handle", _A.LEAD, Status.PROCESSING)),
        "ticket.resume": (Tell("to_handle", _A.LEAD, Status.PROCESSING),),
        "ticket.rework": _AGAIN,
        "ticket.reject_resolution": _AGAIN,
        "ticket.reopen": _AGAIN,
        "ticket.request_joint": (Tell("to_help", _A.HELPERS),),
        "ticket.decline": _ASKED,
        "ticket.request_extension": _ASKED,
        "ticket.request_suspend": _ASKED,
        "ticket.request_withdraw": _ASKED,
        "ticket.request_review": _ASKED,
        "ticket.approve_extension": _GRANTED,
        "ticket.approve_suspend": _GRANTED,
        "ticket.approve_withdraw": _GRANTED,
        "ticket.approve_review": _GRANTED,
        "ticket.deny_decline": _DENIED,
        "ticket.deny_extension": _DENIED,
        "ticket.deny_suspend": _DENIED,
        "ticket.deny_withdraw": _DENIED,
        "ticket.deny_review": _DENIED,
        "ticket.comment": (
            Tell("supplemented", _A.LEAD, by=Role.API_CLIENT),
            Tell("supplemented", _A.DESK, Status.CLOSED, by=Role.API_CLIENT),
        ),
        "ticket.escalate": (Tell("to_decide", _A.DECIDERS, Status.ESCALATING),),
        "ticket.resolve": _REVISITED,
        "ticket.self_resolve": _REVISITED,
        "ticket.urge": (Tell("urged", _A.LEAD),),
        "ticket.supervise": (Tell("supervised", _A.LEAD),),
        "ticket.reply_supervision": (Tell("card.answered", _A.PRESSER),),
        "ticket.instruct": (Tell("instructed", _A.LEAD), Tell("instructed", _A.DESK)),
        "transfer.create": (Tell("transfer.create", _A.TAKERS),),
        "transfer.accept": (Tell("transfer.accept", _A.MAKER),),
        "transfer.refuse": (Tell("transfer.refuse", _A.MAKER),),
        "visit_plan.create": (Tell("visit_plan.create", _A.ASSIGNEES),),
        "webhook.disable": (Tell("webhook.disable", _A.ADMINISTRATORS),),
    }
)
NOTICES = MappingProxyType(
    {"notice.reporter": _A.REPORTER, "notice.holder": _A.NAMED, "notice.leaders": _A.LEADERS}
)
OF_THE_SWEEP = frozenset({"notice.holder", "notice.leaders"})
BY_NOTICE = frozenset({"ticket.urge", "ticket.supervise"})
"""What the sweep also does, and then tells as a notice."""


def of(topic: str, data: Mapping[str, Any], *, role: str | None) -> Iterator[Tell]:
    """What is told of a row of the outbox, if anything; `role` is that in which its step was taken."""
    if audience := NOTICES.get(topic):
        prefix = "reporter." if audience is Audience.REPORTER else ""
        yield Tell(prefix + str(data["notice"]), audience)
    elif not (role == Role.SYSTEM and topic in BY_NOTICE):
        found = (tell for tell in TABLE.get(topic, ()) if tell.to in {None, data.get("to")})
        yield from (tell for tell in found if tell.by in {None, role})


def concerns(topic: str) -> bool:
    """Whether a topic is told at all."""
    return topic in TABLE or topic in NOTICES
