"""Who people are: organisations, employment, roles, accounts, residents and households."""

from enum import StrEnum


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
    RESIDENT = "resident"
    API_CLIENT = "api_client"
    SYSTEM = "system"


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
