"""The words of the workflow table: relations, kinds of fields, outcomes, guards."""

from enum import StrEnum


class Relation(StrEnum):
    """What the actor must be to this very ticket."""

    ANY = "any"
    REPORTER = "reporter"
    LEAD_ORG = "lead_org"
    HANDLER = "handler"
    NOT_HANDLER = "not_handler"
    REPORTER_NOT_HANDLER = "reporter_not_handler"
    NOT_LEAD_ORG = "not_lead_org"


class Kind(StrEnum):
    """What sort of value a field takes; the wire types are in `commands`."""

    TEXT = "text"
    ORG = "org"
    MEMBER = "member"
    CATEGORY = "category"
    URGENCY = "urgency"
    RETURN_REASON = "return_reason"
    REJECT_REASON = "reject_reason"
    VOID_REASON = "void_reason"
    RESOLUTION = "resolution"
    REVISIT_METHOD = "revisit_method"
    FLAG = "flag"
    SOLVED = "solved"
    SATISFACTION = "satisfaction"
    EVALUATED_BY = "evaluated_by"


class Outcome(StrEnum):
    """Where one action can lead to different states, what decides."""

    WITH_ORG = "with_org"
    WITHOUT_ORG = "without_org"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    UNREACHABLE = "unreachable"
    NEEDS_REVISIT = "needs_revisit"
    EXEMPT = "exempt"


class Guard(StrEnum):
    """A condition on the ticket itself, checked after state, role and relation."""

    NO_PENDING_DECLINE = "no_pending_decline"
    PENDING_DECLINE = "pending_decline"
    DECLINES_LEFT = "declines_left"
    REVISIT_NEEDED = "revisit_needed"
    REVISIT_EXEMPT = "revisit_exempt"
    UNSATISFIED = "unsatisfied"
    REWORKS_LEFT = "reworks_left"
    EVALUATED = "evaluated"
    NOT_EVALUATED = "not_evaluated"
    ANSWER_CLOSABLE = "answer_closable"
