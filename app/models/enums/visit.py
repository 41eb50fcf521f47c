"""How people are visited: programmes, kinds and modes of a visit, what came of it."""

from enum import StrEnum


class VisitProgramme(StrEnum):
    """What a plan of visits belongs to."""

    ONE_HEART = "one_heart"
    STATIONED = "stationed"
    GRID = "grid"
    PARTY_CONTACT = "party_contact"
    SPECIAL = "special"


class PlanScope(StrEnum):
    """How a plan names its households: all of an area, those of some care levels or tags, or a list."""

    AREA = "area"
    CARE = "care"
    TAG = "tag"
    LIST = "list"


class VisitType(StrEnum):
    """What a visit is for."""

    ROUTINE = "routine"
    CARE = "care"
    CONTACT = "contact"
    PARTY_CONTACT = "party_contact"
    HOME_RETURN = "home_return"
    VILLAGE_STAY = "village_stay"
    GRID_ENTRY = "grid_entry"
    FESTIVAL = "festival"
    POLICY = "policy"
    DISPUTE = "dispute"
    SAFETY_CHECK = "safety_check"
    INFO_VERIFY = "info_verify"
    REVISIT = "revisit"
    AGENCY = "agency"
    ENTERPRISE = "enterprise"
    EMERGENCY = "emergency"


class VisitMode(StrEnum):
    """How the visitor got in touch."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"
    WECHAT = "wechat"
    ENTRUSTED = "entrusted"


class VisitResult(StrEnum):
    """Whether somebody was met."""

    MET = "met"
    NOT_MET = "not_met"
    REFUSED = "refused"
    MOVED = "moved"
    VACANT = "vacant"
    UNREACHABLE = "unreachable"


class VisitLack(StrEnum):
    """What a visit lacks to count as an effective one by rule."""

    MET = "met"
    TIME_OR_CONTENT = "time_or_content"
    PLACE = "place"
    NEARNESS = "nearness"
    PRESENCE = "presence"


class OpinionOutcome(StrEnum):
    """What becomes of something heard on a visit."""

    TICKET = "ticket"
    SETTLED = "settled"
    NOTED = "noted"
