"""Action bodies, built from the workflow table: one model for each action, a union by `action`.

The router and the sync push use the same union. A field's wire type follows from its kind; whether it is
required from the table. `report` is not among them: it has no ticket yet and a body of its own.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, create_model

from app.core import clock
from app.models.enums import (
    Action,
    Decision,
    EscalateReason,
    EvaluatedBy,
    Kind,
    RejectReason,
    ResolutionType,
    ReturnReason,
    RevisitMethod,
    Role,
    Satisfaction,
    Solved,
    SuperviseLevel,
    SuspendReason,
    Urgency,
    VoidReason,
)
from app.schemas.attachment import AttachmentNames
from app.schemas.types import LeafCategory, LongText, PastTime, Sent
from app.services.tickets import workflow

MAX_HELPERS, MAX_EXTENSION, MAX_SUSPENSION = 10, 15 * 1440, timedelta(days=366)


def _ahead(day: date) -> date:
    if not clock.today() < day <= clock.today() + MAX_SUSPENSION:
        raise ValueError("应为一年之内的将来日期 | must be a day within the coming year")
    return day


Orgs = Annotated[list[UUID], Field(min_length=1, max_length=MAX_HELPERS)]
Amount = Annotated[int, Field(ge=1, le=MAX_EXTENSION, description="延期数量，单位与办理时限相同")]
Ahead = Annotated[date, AfterValidator(_ahead)]
Pressed = Literal[SuperviseLevel.NORMAL, SuperviseLevel.YELLOW, SuperviseLevel.RED]

TYPES: Mapping[Kind, Any] = MappingProxyType(
    {
        Kind.TEXT: LongText,
        Kind.ORG: UUID,
        Kind.MEMBER: UUID,
        Kind.ORGS: Orgs,
        Kind.TICKET: UUID,
        Kind.AREA: UUID,
        Kind.DAY: Ahead,
        Kind.AMOUNT: Amount,
        Kind.ATTACHMENTS: AttachmentNames,
        Kind.CATEGORY: LeafCategory,
        Kind.URGENCY: Urgency,
        Kind.RETURN_REASON: ReturnReason,
        Kind.REJECT_REASON: RejectReason,
        Kind.VOID_REASON: VoidReason,
        Kind.ESCALATE_REASON: EscalateReason,
        Kind.SUSPEND_REASON: SuspendReason,
        Kind.DECISION: Decision,
        Kind.SUPERVISE_LEVEL: Pressed,
        Kind.RESOLUTION: ResolutionType,
        Kind.REVISIT_METHOD: RevisitMethod,
        Kind.FLAG: bool,
        Kind.SOLVED: Solved,
        Kind.SATISFACTION: Satisfaction,
        Kind.EVALUATED_BY: EvaluatedBy,
    }
)


def values_of(kind: Kind) -> list[str] | None:
    """The codes that a field of this kind takes; None where there is no list."""
    values = (
        get_args(TYPES[kind]) if kind is Kind.SUPERVISE_LEVEL else getattr(TYPES[kind], "__members__", {})
    )
    return [code.value for code in (values.values() if isinstance(values, Mapping) else values)] or None


class Command(Sent):
    """What every action's body has; the fields of each come from the table."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    occurred_at: PastTime | None = None

    def value(self, field: str) -> Any:
        """A field's value, or None where this action has no such field."""
        return getattr(self, field, None)


def _model(action: Action) -> type[Command]:
    fields: dict[str, Any] = {"action": (Literal[action], ...)}
    for need in workflow.needs_of(action):
        kind = TYPES[need.kind]
        fields[need.field] = (kind, ...) if need.required else (kind | None, None)
    name = "".join(part.capitalize() for part in action.value.split("_")) + "Action"
    return create_model(name, __base__=Command, **fields)


_ONLY_SYSTEM = frozenset({Role.SYSTEM})
ACTIONS: tuple[Action, ...] = tuple(
    dict.fromkeys(row.action for row in workflow.TABLE if row.source and row.roles != _ONLY_SYSTEM)
)
MODELS: Mapping[Action, type[Command]] = MappingProxyType({action: _model(action) for action in ACTIONS})
_Union: Any = reduce(or_, MODELS.values())
ActionBody: Any = Annotated[_Union, Field(discriminator="action")]
ADAPTER: TypeAdapter[Command] = TypeAdapter(ActionBody)
