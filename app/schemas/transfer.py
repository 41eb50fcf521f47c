"""Wire shapes of transfers: somebody moves into an area that is in other hands; names masked."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import model_validator

from app.models.enums import LinkReason
from app.models.enums.transfer import TransferRefusal, TransferState
from app.schemas.folding import Code, Day
from app.schemas.life import Home, HouseholdMove, Moved, Registration
from app.schemas.types import Input, Output, Ref


class TransferCreate(Input):
    """A household with everybody, or one person, for the area with a code (村、社区或网格)."""

    resident_id: UUID | None = None
    household_id: UUID | None = None
    to_code: Code
    reason: Moved = LinkReason.MOVED

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.resident_id is None) == (self.household_id is None):
            raise ValueError("居民和住户须选且只选一个 | needs a resident or a household")
        return self


class ResidentPlace(Input):
    """Where a person belongs and lives from now on; who names a household only lives there, too."""

    on: Day | None = None
    household: Registration | None = None
    home: Home | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.household is None and self.home is None:
            raise ValueError("请填写迁入的户或新的住处 | needs a household or a home")
        return self


class TransferAccept(Input):
    """Where the receiving side puts what it takes over: a household, or a person."""

    household: HouseholdMove | None = None
    resident: ResidentPlace | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.household is None) == (self.resident is None):
            raise ValueError("须填写住户或居民的去处 | needs a place for the household or the resident")
        return self


class TransferRefuse(Input):
    """Why the receiving side does not take it over."""

    refusal: TransferRefusal


class TransferRead(Output):
    """A transfer; whom it is about is named while it is open, and to those who see them anyway.

    `people` is how many move: the members of a household, or one.
    """

    id: UUID
    state: TransferState
    reason: LinkReason
    refusal: TransferRefusal | None
    resident: Ref | None
    household: Ref | None
    people: int
    from_area: Ref
    to_area: Ref
    created_at: datetime
    created_by: UUID | None
    decided_at: datetime | None
    decided_by: UUID | None
    version: int
