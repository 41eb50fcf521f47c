"""Wire shapes of a whole screen: several questions in one call, each answered under the name it was given."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.models.enums.figure import Breakdown, Grain, PeriodName
from app.schemas.stats_figures import (
    AnswerRead,
    BreakdownRead,
    FlowRead,
    KpisRead,
    LiveRead,
    MapRead,
    OverdueRead,
    RankingRead,
    TrendRead,
    VisitFiguresRead,
)
from app.schemas.types import Input

MOST = 16


class Asked(Input):
    """What most questions have in common: whose figures, and of when."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    area_id: UUID | None = None
    org_id: UUID | None = None
    period: PeriodName | None = None
    first: date | None = Field(default=None, description="自定时段的第一天，与 last 同用，不与 period 同用")
    last: date | None = None


class KpisAsked(Asked):
    """KPIs with comparisons; all of them unless some are named."""

    kind: Literal["kpis"]
    kpis: list[str] = Field(default_factory=list, max_length=60)


class TrendAsked(Asked):
    """KPIs over time."""

    kind: Literal["trend"]
    kpis: list[str] = Field(min_length=1, max_length=8)
    grain: Grain = Grain.DAY


class BreakdownAsked(Asked):
    """Figures by something."""

    kind: Literal["breakdown"]
    by: Breakdown
    kpis: list[str] = Field(min_length=1, max_length=12)
    limit: int = Field(default=20, ge=1, le=500)


class FlowAsked(Asked):
    """The five stages."""

    kind: Literal["flow"]


class OverdueAsked(Asked):
    """What is overdue, and how old what is open is."""

    kind: Literal["overdue"]


class RankingAsked(Asked):
    """A ranking."""

    kind: Literal["ranking"]
    by: Breakdown
    kpi: str = "composite"
    least: int = Field(default=5, ge=1, le=10_000)


class MapAsked(Asked):
    """The map; without geometries for one who has them already."""

    kind: Literal["map"]
    geometry: bool = True


class VisitsAsked(Asked):
    """Visits and coverage."""

    kind: Literal["visits"]


class LiveAsked(Asked):
    """The last steps."""

    kind: Literal["live"]
    limit: int = Field(default=20, ge=1, le=100)


Question = Annotated[
    KpisAsked
    | TrendAsked
    | BreakdownAsked
    | FlowAsked
    | OverdueAsked
    | RankingAsked
    | MapAsked
    | VisitsAsked
    | LiveAsked,
    Field(discriminator="kind"),
]


class ScreenAsked(Input):
    """The questions of a screen; names are unique."""

    questions: list[Question] = Field(min_length=1, max_length=MOST)


ScreenAnswer = (
    KpisRead
    | TrendRead
    | BreakdownRead
    | FlowRead
    | OverdueRead
    | RankingRead
    | MapRead
    | VisitFiguresRead
    | LiveRead
)


class ScreenRead(AnswerRead):
    """The answers by the names of their questions, all as of the same moment."""

    answers: dict[str, ScreenAnswer]
