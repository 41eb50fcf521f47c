"""The closed vocabularies: every code that the program itself decides on.

Lists that a town may extend (categories, calendars) are tables, not enums. Standard library only, so that
the workflow table can import it and nothing else. Source of the values: the field's code lists.
"""

from app.models.enums.care import CYCLE_DAYS, ORDINARY_CYCLE_DAYS, SENSITIVE, CareLevel, CareTag
from app.models.enums.home import BuildingKind, FireLevel, IdType, LinkReason, NoIdReason, RoomUse
from app.models.enums.outcome import (
    AttachmentPurpose,
    Decision,
    EscalateReason,
    EvaluatedBy,
    RejectReason,
    ResolutionType,
    ReturnReason,
    RevisitMethod,
    Satisfaction,
    Solved,
    SuperviseLevel,
    SuspendReason,
    VoidReason,
)
from app.models.enums.people import (
    AccountStatus,
    Employment,
    Gender,
    HouseholdType,
    OrgKind,
    PopulationType,
    ResidenceStatus,
    Role,
)
from app.models.enums.place import AreaKind, AreaLevel, CoordType
from app.models.enums.rule import Guard, Kind, Outcome, Relation
from app.models.enums.ticket import (
    Action,
    ClockKind,
    DayKind,
    EventSource,
    RequestState,
    RevisitState,
    SlaUnit,
    Stage,
    Status,
    Urgency,
)

__all__ = [
    "CYCLE_DAYS",
    "ORDINARY_CYCLE_DAYS",
    "SENSITIVE",
    "AccountStatus",
    "Action",
    "AreaKind",
    "AreaLevel",
    "AttachmentPurpose",
    "BuildingKind",
    "CareLevel",
    "CareTag",
    "ClockKind",
    "CoordType",
    "DayKind",
    "Decision",
    "Employment",
    "EscalateReason",
    "EvaluatedBy",
    "EventSource",
    "FireLevel",
    "Gender",
    "Guard",
    "HouseholdType",
    "IdType",
    "Kind",
    "LinkReason",
    "NoIdReason",
    "OrgKind",
    "Outcome",
    "PopulationType",
    "RejectReason",
    "Relation",
    "RequestState",
    "ResidenceStatus",
    "ResolutionType",
    "ReturnReason",
    "RevisitMethod",
    "RevisitState",
    "Role",
    "RoomUse",
    "Satisfaction",
    "SlaUnit",
    "Solved",
    "Stage",
    "Status",
    "SuperviseLevel",
    "SuspendReason",
    "Urgency",
    "VoidReason",
]
