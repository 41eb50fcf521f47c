"""Action bodies, built from the workflow table: one model for each action, a union by `action`.

The router and the sync push use the same union. A field's wire type follows from its kind; whether it is
required from the table. `report` is not among them: it has no ticket yet and a body of its own.
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from app.models.enums import (
    Action,
    EvaluatedBy,
    Kind,
    RejectReason,
    ResolutionType,
    ReturnReason,
    RevisitMethod,
    Satisfaction,
    Solved,
    Urgency,
    VoidReason,
)
from app.schemas.types import LeafCategory, LongText, PastTime
from app.services.tickets import workflow

TYPES: Mapping[Kind, Any] = MappingProxyType(
    {
        Kind.TEXT: LongText,
        Kind.ORG: UUID,
        Kind.MEMBER: UUID,
        Kind.CATEGORY: LeafCategory,
        Kind.URGENCY: Urgency,
        Kind.RETURN_REASON: ReturnReason,
        Kind.REJECT_REASON: RejectReason,
        Kind.VOID_REASON: VoidReason,
        Kind.RESOLUTION: ResolutionType,
        Kind.REVISIT_METHOD: RevisitMethod,
        Kind.FLAG: bool,
        Kind.SOLVED: Solved,
        Kind.SATISFACTION: Satisfaction,
        Kind.EVALUATED_BY: EvaluatedBy,
    }
)


class Command(BaseModel):
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


ACTIONS: tuple[Action, ...] = tuple(dict.fromkeys(row.action for row in workflow.TABLE if row.source))
MODELS: Mapping[Action, type[Command]] = MappingProxyType({action: _model(action) for action in ACTIONS})
_Union: Any = reduce(or_, MODELS.values())
ActionBody: Any = Annotated[_Union, Field(discriminator="action")]
ADAPTER: TypeAdapter[Command] = TypeAdapter(ActionBody)
