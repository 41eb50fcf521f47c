"""Wire shapes of visit plans, their progress, and of the funnel from visits to what was solved."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from app.models.enums import CareLevel, CareTag
from app.models.enums.visit import PlanScope, VisitProgramme
from app.schemas.folding import Day, Label
from app.schemas.json_texts import JsonObject
from app.schemas.patch import Patch, untouched
from app.schemas.stats import Ratio
from app.schemas.types import Input, Output, Ref

MAX_LISTED = 5_000
MAX_QUOTA = 1_000_000


class VisitPlanCreate(Input):
    """A plan: all households of an area, those of some care levels or tags, or the listed ones within it."""

    id: UUID | None = None
    title: Label
    programme: VisitProgramme
    scope: PlanScope = PlanScope.AREA
    area_id: UUID
    care_levels: list[CareLevel] = Field(default_factory=list, max_length=len(CareLevel))
    tags: list[CareTag] = Field(
        default_factory=list, max_length=len(CareTag), description="住有其中任一标签人员的住户"
    )
    household_ids: list[UUID] = Field(default_factory=list, max_length=MAX_LISTED)
    starts_on: Day
    due_on: Day
    quota: int | None = Field(default=None, ge=1, le=MAX_QUOTA, description="目标户数，不填为全部")
    assignee_ids: list[UUID] = Field(default_factory=list, max_length=200)
    questionnaire: JsonObject | None = Field(default=None, description="JSON Schema（2020-12）")

    @model_validator(mode="after")
    def _agree(self) -> "VisitPlanCreate":
        if self.due_on < self.starts_on:
            raise ValueError("截止日期早于开始日期 | ends before it begins")
        if (self.scope is PlanScope.CARE) != bool(self.care_levels):
            raise ValueError("按关爱等级时须且仅须填写 care_levels | care_levels belong to that scope")
        if (self.scope is PlanScope.TAG) != bool(self.tags):
            raise ValueError("按标签时须且仅须填写 tags | tags belong to that scope")
        if (self.scope is PlanScope.LIST) != bool(self.household_ids):
            raise ValueError("按名单时须且仅须填写 household_ids | household_ids belong to that scope")
        return self


class VisitPlanPatch(Patch):
    """What may change while a plan runs; its households stay, so that its progress means one thing."""

    title: Label = untouched()
    due_on: Day = untouched()
    quota: int | None = Field(default=None, ge=1, le=MAX_QUOTA)
    assignee_ids: Annotated[list[UUID], Field(max_length=200)] = untouched()


class VisitPlanRead(Output):
    """A plan in a list."""

    id: UUID
    title: str
    programme: VisitProgramme
    scope: PlanScope
    area: Ref
    care_levels: list[CareLevel]
    tags: list[CareTag]
    starts_on: date
    due_on: date
    quota: int | None
    ended_at: datetime | None
    version: int


class PlanProgress(Output):
    """How far a plan has come; `done` counts effective visits, each household once."""

    households: int
    visited: int
    effective: int
    done: Ratio = Field(description="已有效走访户数 ÷ 目标户数")


class VisitPlanDetail(VisitPlanRead):
    """A plan with its people, questionnaire and progress."""

    assignees: list[Ref]
    questionnaire: dict[str, Any] | None
    progress: PlanProgress


class FunnelRead(Output):
    """From visits to what was solved, within [start, end) and the caller's scope.

    Each opinion is in exactly one of: settled, noted, undecided, refused, withdrawn, open, solved, unsolved.
    """

    start: datetime
    end: datetime
    visits: int
    effective_visits: int
    visits_with_opinion: int
    opinions: int
    settled: int = Field(description="当场解决")
    noted: int = Field(description="仅记录，未转工单")
    reported: int = Field(description="转为工单")
    undecided: int = Field(description="待受理")
    refused: int = Field(description="不予受理")
    withdrawn: int = Field(description="撤回或作废，不计入各比率")
    accepted: int = Field(description="已受理（含办理中与已结案）")
    open: int = Field(description="已受理未结案")
    solved: int = Field(description="已结案且解决或基本解决")
    unsolved: int = Field(description="已结案未解决，或未得到答复")
    report_rate: Ratio = Field(description="转为工单 ÷ 意见（不含撤回作废）")
    acceptance_rate: Ratio = Field(description="已受理 ÷（已受理＋不予受理）")
    solved_rate: Ratio = Field(description="解决 ÷ 已结案")
    opinions_a_hundred_visits: Ratio = Field(description="意见 ÷ 走访")
