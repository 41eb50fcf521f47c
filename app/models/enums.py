"""The closed vocabularies: every code that the program itself decides on.

Lists that a town may extend (categories, calendars) are tables, not enums. Standard library only, so
that the workflow table can import it and nothing else. Chinese labels live beside the code
(`LABELS_ZH`) because documents, the app's buttons and error texts all print them.
Source of the values: the field's code lists (event sources, urgency, satisfaction, roles).
"""

from enum import StrEnum


class AreaLevel(StrEnum):
    """Levels of the area tree, top first; a deployment may leave levels out (Dongguan has no county)."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    GRID = "grid"
    MICRO_GRID = "micro_grid"


class AreaKind(StrEnum):
    """What an area is called in law or in custom."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    STREET = "street"
    TOWNSHIP = "township"
    ZONE = "zone"
    COMMUNITY = "community"
    VILLAGE = "village"
    BASE_GRID = "base_grid"
    EXCLUSIVE_GRID = "exclusive_grid"
    MICRO_GRID = "micro_grid"
    PARTY_GRID = "party_grid"


class CoordType(StrEnum):
    """Datum of a point as the phone sent it; never guessed."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    CGCS2000 = "cgcs2000"


class OrgKind(StrEnum):
    """Kinds of organisation that a ticket can be sent to or a person can work for."""

    COMMAND_CENTRE = "command_centre"
    DEPARTMENT = "department"
    STATION = "station"
    VILLAGE_COMMITTEE = "village_committee"
    PARTY = "party"
    SOCIAL = "social"
    PROPERTY = "property"
    SERVICE_TEAM = "service_team"


class Employment(StrEnum):
    """How a member of the grid team is employed."""

    FULL_TIME = "full_time"
    PART_TIME = "part_time"
    VOLUNTEER = "volunteer"
    OFFICIAL = "official"


class Role(StrEnum):
    """Roles that a post carries; each has one data scope (`app/services/access/roles.py`)."""

    GRID_WORKER = "grid_worker"
    GRID_ASSISTANT = "grid_assistant"
    GRID_LEADER = "grid_leader"
    VILLAGE_ADMIN = "village_admin"
    DISPATCHER = "dispatcher"
    DEPT_HANDLER = "dept_handler"
    DEPT_HEAD = "dept_head"
    REVISIT_AGENT = "revisit_agent"
    SUPERVISOR = "supervisor"
    LEADER_VIEWER = "leader_viewer"
    STATISTICIAN = "statistician"
    SYSTEM_ADMIN = "system_admin"
    AUDITOR = "auditor"
    API_CLIENT = "api_client"


class AccountStatus(StrEnum):
    """Whether an account may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Gender(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


class HouseholdType(StrEnum):
    """How a household lives at its address."""

    RESIDENT = "resident"
    RENTAL = "rental"
    SEPARATED = "separated"
    VACANT = "vacant"
    COLLECTIVE = "collective"
    SHOP_HOUSE = "shop_house"


class ResidenceStatus(StrEnum):
    """Where the registered people really are."""

    SAME = "same"
    HOUSEHOLD_ONLY = "household_only"
    PERSON_ONLY = "person_only"
    EMPTY = "empty"
    LODGING = "lodging"


class PopulationType(StrEnum):
    """Registered, floating, left behind or from abroad."""

    HUKOU = "hukou"
    FLOATING = "floating"
    LEFT_BEHIND = "left_behind"
    OVERSEAS = "overseas"


class DayKind(StrEnum):
    """What a published calendar says of a day."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP_WORKDAY = "makeup_workday"


class SlaUnit(StrEnum):
    """Three units of a limit that never mix."""

    WALL_MINUTES = "wall_minutes"
    WORK_MINUTES = "work_minutes"
    WORK_DAYS = "work_days"


class Stage(StrEnum):
    """The five steps of the loop."""

    REPORT = "report"
    ROUTE = "route"
    HANDLE = "handle"
    REVISIT = "revisit"
    CLOSE = "close"


class Status(StrEnum):
    """Where a ticket stands. Joint, extended, pending and the like are flags, not statuses."""

    REPORTED = "reported"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    PROCESSING = "processing"
    RESOLVED = "resolved"
    EVALUATING = "evaluating"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"


class Action(StrEnum):
    """What somebody does to a ticket."""

    REPORT = "report"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    RETURN_FOR_INFO = "return_for_info"
    REJECT = "reject"
    DISPATCH = "dispatch"
    SIGN = "sign"
    DECLINE = "decline"
    APPROVE_DECLINE = "approve_decline"
    DENY_DECLINE = "deny_decline"
    REROUTE = "reroute"
    RESOLVE = "resolve"
    REVISIT = "revisit"
    REWORK = "rework"
    EVALUATE = "evaluate"
    CLOSE = "close"
    VOID = "void"


class ClockKind(StrEnum):
    """What a clock measures; one open clock of a kind on a ticket."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    SIGN = "sign"
    HANDLE = "handle"
    REVISIT = "revisit"
    CLOSE = "close"


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
    STATE_SECRET = "state_secret"


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
