"""The register of field classes: which field of which answer is public, internal, personal or sensitive.

Every shape that goes out stands here once. Of a shape with personal fields these are named, with how they
leave; its other fields are internal, and it has those of the shape that it extends. Who may see a class is
the business of the wing that owns the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel

from app.models.enums.privacy import FieldClass, Leaves
from app.models.enums.third_party import ClientField


@dataclass(frozen=True, slots=True)
class Kept:
    """The class of a field, and how it leaves."""

    cls: FieldClass
    leaves: Leaves


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MASKED_2 = Kept(FieldClass.P2, Leaves.MASKED)
_MASKED_3 = Kept(FieldClass.P3, Leaves.MASKED)
_WITHHELD_2 = Kept(FieldClass.P2, Leaves.WITHHELD)
_WITHHELD_3 = Kept(FieldClass.P3, Leaves.WITHHELD)
_SEEN_2 = Kept(FieldClass.P2, Leaves.SEEN)
_SEEN_3 = Kept(FieldClass.P3, Leaves.SEEN)
_LOGGED_2 = Kept(FieldClass.P2, Leaves.LOGGED)
_LOGGED_3 = Kept(FieldClass.P3, Leaves.LOGGED)
_PUBLIC, _INTERNAL = Kept(FieldClass.P0, Leaves.SEEN), Kept(FieldClass.P1, Leaves.SEEN)

# Areas, organisations, workers with their posts, rules, calendars: public by regulation or without anybody.
PUBLIC = _names(
    """
    AreaRead AreaDetail AreaRef AreaEventRead PointRead LocateRead BoundaryFinding BoundaryReport
    OrgRead MemberPost StaffRef PostRead RoleRead Ratio Words StatusRead FieldRead RuleRead WorkflowRead
    CategoryRead CategoryDetail CategoryList CategoryRevisionRead
    SegmentRead SeasonRead YearBrief YearRead CalendarBrief CalendarRead DayRead
    SlaPreviewRead SlaPolicyRead SlaPolicyWrite SlaPolicyHistory TriedPolicy StageLimit SlaLimitRead
    RoutingRuleRead RoutingFacts TriedRule DeskRead RoutingPreviewRead
    PublicGrid PublicMember TeamRead TeamDetail TeamMemberRead
    AreaItem CategoryItem CodeList
    Open311Discovery Open311Endpoint Open311Service Open311Value Open311Attribute Open311Definition
    Open311Created Open311TokenGiven Open311Token Open311Note Open311Request Open311RequestExtended
    Open311Update Open311UpdateCreated Open311Error PublicationRead
    ServiceValueRead ServiceAttributeRead PublicServiceRead PublicServiceList
    """
)
# What describes records and work without pointing at a resident: codes, counts, times, addresses, ids.
INTERNAL = _names(
    """
    ChangeRead AreaHistory MemberHistory BuildingRead StayRead Span MembershipRead ResidentHistory
    HouseholdHistory Warned AccountRead InitialPassword ApiTokenRead ApiTokenShown ApiTokenFound ApiTokenList
    TokenRead
    MeRead AttachmentRead TicketAttachmentRead AwaitedAttachmentRead UploadRead AwaitedRead AwaitedList
    FileLinkRead AuditRead CareHistory DuplicateList
    ImportSheet ImportFailure ImportRead ImportDetail ExportRead DataRequestRead CopiedAccess
    RetentionRuleRead RetentionRules OverviewRead NeedRead AllowedAction ClockRead LocationRead
    HelperRead SupervisionRead RevisitRead EvaluationRead
    ContactLinkRead ContactQuotaRead TypeCoverage CoverageRead CareTagCount CareTagsRead
    VisitPlanRead VisitPlanDetail PlanProgress FunnelRead VisitBrief LogVisit DailyLogRead AttendanceRead
    NotificationRead ReadCount Badge TodoRead EscalationRuleRead EscalationRules DeliveryRead
    DeviceSessionRead DeviceSessionList ScreenTokenRead ScreenTokenShown
    ReportBrief ReportRead
    KpiDefinition KpiDefinitions Figure PeriodRead AnswerRead ScopeRead KpiRead KpisRead
    TrendPoint TrendLine TrendRead BreakdownRow BreakdownRead StageRow FlowRead Bucket OverdueRead
    Responsible OverdueTicket
    RankingRow RankingRead MapFigures MapFeature MapRead Shape ShapesRead VisitFiguresRead LiveItem LiveRead
    CountedRead Freshness ScreenRead
    ClientUse DayUse OperationUse AllowanceRead OwnToken ClientSelf ApiCallRead
    WebhookRead WebhookShown WebhookDeliveryRead EventTypeRead EventTypes
    Told PingMessage PingData TicketMessage
    PostItem PullRead PushRead ResultRead
    PublicReportTaken FollowedStep FollowRead AnswerAsked AnswerTaken AnswerLinkRead
    IntakeBrief IntakeResult IntakeBatchRead WithdrawalRead CategoryPairRead IntakeProfileRead
    DispatchRead DispatchNews
    """
)
# As what a client is given a personal field; one that is not here it never has.
GIVEN_AS: Mapping[str, ClientField] = MappingProxyType(
    {field.value: field for field in ClientField}
    | {"reason": ClientField.OPINION, "basis": ClientField.OPINION}
)
PERSONAL: Mapping[str, Mapping[str, Kept]] = MappingProxyType(
    {
        "MemberRead": {"phone": _MASKED_2},
        "MemberDetail": {},
        "MailAddressRead": {"address": _MASKED_2},
        "ResidentRead": {"name": _MASKED_2, "phone": _MASKED_2, "id_number": _MASKED_3},
        "ResidentDetail": {"hukou_place": _MASKED_2, "workplace": _MASKED_2},
        "ResidentWritten": {},
        "HomeRead": {"address": _MASKED_2},
        "ResidenceRead": {"address": _MASKED_2},
        "KinRead": {"resident": _MASKED_2},
        "HouseholdRead": {"head_name": _MASKED_2},
        "HouseholdDetail": {},
        "HouseholdCreated": {},
        "HouseholdPerson": {"name": _MASKED_2, "phone": _MASKED_2, "id_number": _MASKED_3},
        "RoomRead": {"owner_name": _MASKED_2, "owner_phone": _MASKED_2},
        "PlaceRead": {"contact_name": _MASKED_2, "contact_phone": _MASKED_2},
        "TransferRead": {"resident": _MASKED_2},
        "Found": {"name": _MASKED_2, "phone": _MASKED_2, "id_number": _MASKED_3},
        "DueRead": {"head_name": _MASKED_2},
        "VisitRead": {
            "resident_name": _MASKED_2,
            "content": _SEEN_2,
            "needs": _SEEN_2,
            "answers": _SEEN_2,
        },
        "VisitItem": {"content": _SEEN_2, "needs": _SEEN_2},
        "HouseholdItem": {"head_name": _MASKED_2},
        "CareItem": {"resident": _MASKED_2, "category": _WITHHELD_3},
        "TicketItem": {"title": _SEEN_2, "content": _SEEN_2, "address": _SEEN_2},
        "OpinionRead": {"content": _SEEN_2},
        # Where a worker checked in and out: their own, and nobody else's to see.
        "team.PlaceRead": {"lng": _SEEN_3, "lat": _SEEN_3},
        "TagRead": {"code": _WITHHELD_3, "source": _WITHHELD_3},
        "CareRead": {"resident": _MASKED_2, "category": _WITHHELD_3},
        "CareDetail": {"measures": _WITHHELD_3},
        "ReviewRead": {"note": _WITHHELD_3},
        "TicketBrief": {"title": _SEEN_2},
        "TicketRead": {
            "content": _SEEN_2,
            "address": _SEEN_2,
            "location": _SEEN_2,
            "reporter_id": _WITHHELD_2,
            "reporter_name": _WITHHELD_2,
            "source_ref": _WITHHELD_2,
        },
        "TicketStepRead": {},
        "CountedTicket": {"title": _SEEN_2},
        "MessageTicket": {
            "title": _SEEN_2,
            "content": _SEEN_2,
            "address": _SEEN_2,
            "location": _SEEN_2,
            "measures": _SEEN_2,
            "public_reply": _SEEN_2,
        },
        "IntakeRead": {"public_reply": _SEEN_2},
        "MessageStep": {"opinion": _SEEN_2},
        "MessageLocation": {"lng": _SEEN_2, "lat": _SEEN_2},
        "ContactRead": {"name": _MASKED_2, "phone": _MASKED_2},
        "EventRead": {"opinion": _SEEN_2, "actor_id": _WITHHELD_2, "actor_name": _WITHHELD_2},
        "RequestRead": {"reason": _SEEN_2, "basis": _SEEN_2},
        "OutcomeRead": {"measures": _SEEN_2, "public_reply": _SEEN_2},
        "DuplicateRead": {"title": _SEEN_2, "address": _SEEN_2},
        "ImportFault": {"shown": _MASKED_3},
        "ClientRead": {"contact": _SEEN_2},
        "PiiAccessRead": {"note": _SEEN_2},
        "Unmasked": {"values": _LOGGED_3},
        "CopiedPerson": {
            "name": _LOGGED_2,
            "phone": _LOGGED_2,
            "id_number": _LOGGED_3,
            "birth_on": _LOGGED_3,
            "hukou_place": _LOGGED_2,
            "workplace": _LOGGED_2,
        },
        "CopiedHome": {"address": _LOGGED_2},
        "CopiedTag": {"code": _LOGGED_3, "source": _LOGGED_3},
        "CopiedCare": {"category": _LOGGED_3, "measures": _LOGGED_3, "notes": _LOGGED_3},
        "CopiedHousehold": {"address": _LOGGED_2},
        "CopiedVisit": {
            "content": _LOGGED_2,
            "needs": _LOGGED_2,
            "answers": _LOGGED_2,
            "opinions": _LOGGED_2,
        },
        "CopiedTicket": {"title": _LOGGED_2, "content": _LOGGED_2, "replies": _LOGGED_2},
        "DataCopy": {},
    }
)


def kept(shape: type[BaseModel], field: str) -> Kept:
    """The class of a field of an answer, and how it leaves; `KeyError` for a shape that is not here."""
    for name in (entry(base) for base in shape.__mro__ if issubclass(base, BaseModel)):
        if field in PERSONAL.get(name, ()):
            return PERSONAL[name][field]
    name = entry(shape)
    if name in PUBLIC:
        return _PUBLIC
    if name in INTERNAL or name in PERSONAL:
        return _INTERNAL
    raise KeyError(name)


def entry(shape: type[BaseModel]) -> str:
    """What a shape is called here: its name, with its module where the register tells two apart."""
    qualified = f"{shape.__module__.rsplit('.', 1)[-1]}.{shape.__name__}"
    return qualified if qualified in PERSONAL else shape.__name__
