"""Where a ticket stands and what is done to it: statuses, actions, clocks, sources, urgency."""

from enum import StrEnum


class Stage(StrEnum):
    """The five steps of the loop."""

    REPORT = "report"
    ROUTE = "route"
    HANDLE = "handle"
    REVISIT = "revisit"
    CLOSE = "close"


class Status(StrEnum):
    """Where a ticket stands. Joint, extended, pending and the like are flags, not statuses."""

    DRAFT = "draft"
    REPORTED = "reported"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    PROCESSING = "processing"
    SUSPENDED = "suspended"
    ESCALATING = "escalating"
    RESOLVED = "resolved"
    EVALUATING = "evaluating"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"
    MERGED = "merged"


class Action(StrEnum):
    """What somebody does to a ticket."""

    SAVE_DRAFT = "save_draft"
    REPORT = "report"
    SUBMIT = "submit"
    SELF_RESOLVE = "self_resolve"
    WITHDRAW = "withdraw"
    REQUEST_WITHDRAW = "request_withdraw"
    APPROVE_WITHDRAW = "approve_withdraw"
    DENY_WITHDRAW = "deny_withdraw"
    ACCEPT = "accept"
    RETURN_FOR_INFO = "return_for_info"
    REJECT = "reject"
    APPEAL = "appeal"
    MERGE = "merge"
    UNMERGE = "unmerge"
    DISPATCH = "dispatch"
    SIGN = "sign"
    CONTACT = "contact"
    DECLINE = "decline"
    APPROVE_DECLINE = "approve_decline"
    DENY_DECLINE = "deny_decline"
    REROUTE = "reroute"
    TRANSFER_DOWN = "transfer_down"
    REQUEST_JOINT = "request_joint"
    FINISH_JOINT = "finish_joint"
    ESCALATE = "escalate"
    DECIDE = "decide"
    REQUEST_EXTENSION = "request_extension"
    APPROVE_EXTENSION = "approve_extension"
    DENY_EXTENSION = "deny_extension"
    REQUEST_SUSPEND = "request_suspend"
    APPROVE_SUSPEND = "approve_suspend"
    DENY_SUSPEND = "deny_suspend"
    RESUME = "resume"
    REVIEW_SUSPENSION = "review_suspension"
    PROGRESS = "progress"
    URGE = "urge"
    SUPERVISE = "supervise"
    REPLY_SUPERVISION = "reply_supervision"
    LIFT_SUPERVISION = "lift_supervision"
    INSTRUCT = "instruct"
    CHANGE = "change"
    RESOLVE = "resolve"
    REJECT_RESOLUTION = "reject_resolution"
    REVISIT = "revisit"
    REWORK = "rework"
    EVALUATE = "evaluate"
    LAPSE = "lapse"
    CLOSE = "close"
    REQUEST_REVIEW = "request_review"
    APPROVE_REVIEW = "approve_review"
    DENY_REVIEW = "deny_review"
    CANCEL_REQUEST = "cancel_request"
    REOPEN = "reopen"
    VOID = "void"
    ARCHIVE = "archive"
    COMMENT = "comment"


class ClockKind(StrEnum):
    """What a clock measures; one open clock of a kind on a ticket."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    SIGN = "sign"
    CONTACT = "contact"
    HANDLE = "handle"
    REVISIT = "revisit"
    CLOSE = "close"
    OVERALL = "overall"


class SlaUnit(StrEnum):
    """Three units of a limit that never mix."""

    WALL_MINUTES = "wall_minutes"
    WORK_MINUTES = "work_minutes"
    WORK_DAYS = "work_days"


class DayKind(StrEnum):
    """What a published calendar says of a day."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP_WORKDAY = "makeup_workday"


class EventSource(StrEnum):
    """How a report came in."""

    GRID_PATROL = "grid_patrol"
    VISIT = "visit"
    CONTACT_TEAM = "contact_team"
    LEADER_WALK = "leader_walk"
    RESIDENT_APP = "resident_app"
    PHONE = "phone"
    HOTLINE_12345 = "hotline_12345"
    UPPER_ASSIGN = "upper_assign"
    DEPT_TRANSFER = "dept_transfer"
    MEDIA = "media"
    PETITION = "petition"
    IOT = "iot"
    VIDEO = "video"
    THIRD_PARTY = "third_party"
    CALLUP = "callup"
    INSPECTION = "inspection"


class Urgency(StrEnum):
    """How fast it must go; the limits depend on it."""

    CRITICAL = "critical"
    URGENT = "urgent"
    NORMAL = "normal"
    COMPLEX = "complex"


class RevisitState(StrEnum):
    """Whether this ticket needs a revisit, had one, or a policy let it off."""

    NEEDED = "needed"
    DONE = "done"
    EXEMPT = "exempt"


class RequestState(StrEnum):
    """A request that waits for somebody's approval."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    CANCELLED = "cancelled"
