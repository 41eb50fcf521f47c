"""What people say of a ticket: reasons, results, revisits and evaluations."""

from enum import StrEnum


class ResolutionType(StrEnum):
    """What the handler says came of it."""

    SOLVED = "solved"
    PARTLY = "partly"
    EXPLAINED = "explained"
    PLANNED = "planned"
    OUT_OF_SCOPE = "out_of_scope"
    DUPLICATE = "duplicate"
    UNTRUE = "untrue"
    UNREACHABLE = "unreachable"
    SELF_WITHDRAWN = "self_withdrawn"


class ReturnReason(StrEnum):
    """Why a ticket is sent back or declined."""

    WRONG_AREA = "wrong_area"
    WRONG_DUTY = "wrong_duty"
    UNCLEAR_OWNER = "unclear_owner"
    INCOMPLETE = "incomplete"
    DUPLICATE = "duplicate"
    ALREADY_HANDLED = "already_handled"
    LEGAL_ROUTE = "legal_route"
    OTHER = "other"


class RejectReason(StrEnum):
    """Why a ticket is not accepted at all."""

    NOT_OURS = "not_ours"
    LITIGATION = "litigation"
    NO_SUBSTANCE = "no_substance"
    DUPLICATE = "duplicate"
    FALSE = "false"
    ILLEGAL_CONTENT = "illegal_content"
    STATE_SECRET = "state_secret"  # noqa: S105 - a reason, not a password


class VoidReason(StrEnum):
    """Why a ticket is taken out of the figures."""

    TEST_DATA = "test_data"
    FALSE_DATA = "false_data"
    MISTAKE = "mistake"


class RevisitMethod(StrEnum):
    """How the person who complained was asked."""

    PHONE = "phone"
    IN_PERSON = "in_person"
    LINK = "link"


class Solved(StrEnum):
    """Whether the person who complained says it is solved."""

    SOLVED = "solved"
    BASICALLY = "basically"
    UNSOLVED = "unsolved"


class Satisfaction(StrEnum):
    """How content the person is; the last two are no answers."""

    VERY = "very"
    SATISFIED = "satisfied"
    BASICALLY = "basically"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dis"
    UNEVALUATED = "unevaluated"
    UNREACHABLE = "unreachable"


class EvaluatedBy(StrEnum):
    """Whose evaluation it is."""

    RESIDENT = "resident"
    REPORTER = "reporter"
    SUPERIOR = "superior"
    THIRD_PARTY = "third_party"
    SYSTEM = "system"


class EscalateReason(StrEnum):
    """Why a ticket goes to the next level."""

    BEYOND_POWERS = "beyond_powers"
    NEEDS_FUNDS = "needs_funds"
    CROSS_AREA = "cross_area"
    UNCLEAR_OWNER = "unclear_owner"
    OVERDUE = "overdue"
    OTHER = "other"


class SuspendReason(StrEnum):
    """Why work has to wait, or needs longer."""

    FUNDS = "funds"
    SEASON = "season"
    APPRAISAL = "appraisal"
    JUDICIAL = "judicial"
    PARTY_ABSENT = "party_absent"
    FORCE_MAJEURE = "force_majeure"
    WORKLOAD = "workload"


class Decision(StrEnum):
    """What the upper level decides of a ticket that was escalated to it."""

    TAKE_OVER = "take_over"
    SEND_BACK = "send_back"
    ROUTE_ANEW = "route_anew"
    SUSPEND = "suspend"


class SuperviseLevel(StrEnum):
    """How hard somebody is pressed; cards count in the assessment."""

    NONE = "none"
    NORMAL = "normal"
    YELLOW = "yellow"
    RED = "red"


class AttachmentPurpose(StrEnum):
    """What a picture shows."""

    BEFORE = "before"
    AFTER = "after"
    EVIDENCE = "evidence"
    OTHER = "other"
