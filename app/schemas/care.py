"""Wire shapes of care: tags of people, care objects with their visit cycle, reviews; names masked.

Tags that disclose health, disability or minors (P3), and what is done for somebody, are left out for those
who only help out.
"""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from app.models.enums import CareLevel, CareTag
from app.schemas.folding import Day, Label
from app.schemas.history import ChangeRead
from app.schemas.patch import Patch
from app.schemas.types import Input, LongText, Output, Ref, StaffRef


class TagCreate(Input):
    """A tag for a person, from today unless said."""

    code: CareTag
    on: Day | None = None
    source: Label | None = None


class OnDay(Input):
    """The day on which something happens: today unless said."""

    on: Day | None = None


class TagRead(Output):
    """A tag; counts on days with valid_from <= day < valid_to."""

    id: UUID
    code: CareTag
    source: str | None
    valid_from: date
    valid_to: date | None
    version: int


class CareCreate(Input):
    """Somebody to look after: a person or a household, why, and how urgently."""

    resident_id: UUID | None = None
    household_id: UUID | None = None
    category: CareTag
    care_level: CareLevel
    responsible_id: UUID | None = None
    measures: LongText | None = Field(default=None, repr=False)
    on: Day | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.resident_id is None) == (self.household_id is None):
            raise ValueError("居民和住户须选且只选一个 | needs a resident or a household")
        return self


class CarePatch(Patch):
    """What may change of a care object beside its level."""

    responsible_id: UUID | None = None
    measures: LongText | None = Field(default=None, repr=False)


class CareReviewCreate(Input):
    """Another level, or the same one confirmed."""

    care_level: CareLevel
    on: Day | None = None
    note: LongText | None = Field(default=None, repr=False)


class CareRead(Output):
    """A care object; `category` is null for those who may not know it."""

    id: UUID
    resident: Ref | None
    household: Ref | None
    category: CareTag | None
    care_level: CareLevel
    cycle_days: int
    responsible: StaffRef | None
    area: Ref
    opened_on: date
    last_visit_on: date | None
    next_visit_due: date
    is_overdue: bool
    ended_on: date | None
    version: int


class CareDetail(CareRead):
    """A care object with what is done; null for those who may not know it."""

    measures: str | None


class ReviewRead(Output):
    """A decision on the level."""

    id: UUID
    reviewed_on: date
    level_before: CareLevel | None
    level_after: CareLevel
    note: str | None


class CareHistory(Output):
    """The reviews of a care object, the latest first, and who wrote what."""

    reviews: list[ReviewRead]
    changes: list[ChangeRead]
