"""Wire shapes of time limits: rules and their administration, which limit applies and why, the preview."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.texts import compact
from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.schemas.folding import folded
from app.schemas.patch import Patch, untouched
from app.schemas.types import AnyTime, CategoryCode, Input, Output, Ref, ShortText

# Ten years in minutes; what a unit leads beyond that is refused where the deadline is computed.
MOST = 5_270_400

OrgLevel = Literal[AreaLevel.VILLAGE, AreaLevel.TOWN, AreaLevel.CITY]
CodeOrId = Annotated[str, folded(compact), StringConstraints(pattern=r"^[0-9A-Za-z-]{1,36}$")]
Amount = Annotated[int, Field(ge=1, le=MOST)]


class Why(StrEnum):
    """What became of a rule: it won, a more specific one did, or the first criterion that is not met."""

    WON = "won"
    OUTRANKED = "outranked"
    CATEGORY = "category"
    AREA = "area"
    ORG_LEVEL = "org_level"
    URGENCY = "urgency"


class SlaPreviewAsk(Input):
    """A limit that begins at a moment; `calendar` is the code or the id of one, the default without it."""

    start: AnyTime
    unit: SlaUnit
    amount: Annotated[int, Field(ge=0, le=MOST)]
    calendar: CodeOrId | None = None


class SlaPreviewRead(Output):
    """When it ends; `provisional` while that rests on a year whose calendar has not been published."""

    due: datetime
    provisional: bool


class SlaPolicyCreate(Input):
    """A new rule; a criterion that is left out is met by every ticket, a class by all its categories."""

    clock: ClockKind
    category_code: CategoryCode | None = None
    urgency: Urgency | None = None
    area_id: UUID | None = None
    org_level: OrgLevel | None = None
    unit: SlaUnit
    amount: Amount
    note: ShortText | None = None


class SlaPolicyPatch(Patch):
    """What may change of a rule; what it asks for stays: end it and make another."""

    unit: SlaUnit = untouched()
    amount: Amount = untouched()
    note: ShortText | None = None


class SlaPolicyRead(Output):
    """A rule with the names that people read; `ended_at` is set once it does not count any more.

    What the deployment began with was created by nobody.
    """

    id: UUID
    clock: ClockKind
    category_code: str | None
    category_label: str | None
    urgency: Urgency | None
    area: Ref | None
    org_level: AreaLevel | None
    unit: SlaUnit
    amount: int
    note: str | None
    ended_at: datetime | None
    version: int
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None


class SlaPolicyWrite(Output):
    """A write to a rule: the version that it made, by whom and when, and the values before and after."""

    version: int
    action: str
    at: datetime
    by: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]


class SlaPolicyHistory(Output):
    """All writes to one rule, newest first."""

    items: list[SlaPolicyWrite]


class TriedPolicy(Output):
    """A rule that was tried, whether it applies, and what became of it."""

    policy: SlaPolicyRead
    matched: bool
    why: Why
    text: str


class StageLimit(Output):
    """A stage's limit within an overall deadline, and the rule that it comes from."""

    clock: ClockKind
    unit: SlaUnit
    amount: int
    policy_id: UUID | None


class SlaLimitRead(Output):
    """The limit of a clock and why: `policy` won; without one it is from the default table.

    An overall clock without a rule has no amount: its deadline is that of the `stages`, each from where the
    one before it ends. `tried` has the clock's rules, those that apply first, the most specific at the top;
    `left_off` of those that do not apply are not listed.
    """

    clock: ClockKind
    unit: SlaUnit | None
    amount: int | None
    policy: SlaPolicyRead | None
    stages: list[StageLimit] | None
    text: str
    tried: list[TriedPolicy]
    left_off: int
