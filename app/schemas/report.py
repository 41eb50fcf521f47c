"""Wire shapes of reports: which one is wanted, what stands in a list, and a frozen one in full."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from app.models.enums.report import ReportKind
from app.schemas.folding import Day
from app.schemas.stats_screen import ScreenRead
from app.schemas.types import Input, Output, Ref


class ReportCreate(Input):
    """A report of a period that is over, for an area or an organisation."""

    kind: ReportKind
    area_id: UUID | None = None
    org_id: UUID | None = None
    first_on: Day = Field(description="该期的第一天，如 2026-10-01")

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if (self.area_id is None) == (self.org_id is None):
            raise ValueError("area_id 和 org_id 须且只须填写一个 | exactly one of area_id and org_id")
        return self


class ReportBrief(Output):
    """A report in a list."""

    id: UUID
    kind: ReportKind
    title: str
    area: Ref | None
    org: Ref | None
    first_on: date
    last_on: date
    definition_version: int
    as_of: datetime
    created_at: datetime


class ReportRead(ReportBrief):
    """A report with its figures as they were published."""

    content: ScreenRead
