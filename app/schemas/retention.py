"""Wire shapes of retention rules."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums.retention import RetentionSubject
from app.schemas.patch import Patch, untouched
from app.schemas.types import Output

Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionRulePatch(Patch):
    """The fields of a rule that may change."""

    days: Days = untouched()
    enabled: bool = untouched()


class RetentionRuleRead(Output):
    """A rule, and what its last run forgot."""

    id: UUID
    subject: RetentionSubject
    days: int
    enabled: bool
    last_run_at: datetime | None
    last_count: int | None
    version: int


class RetentionRules(Output):
    """All rules: there is one for each kind of data."""

    items: list[RetentionRuleRead]
