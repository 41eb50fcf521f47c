"""Wire shapes of questions about figures: each alone in an address, or several at once as a screen's.

A question is the same whether it is asked alone or as a part of a screen, where it has a name besides.
"""

from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.core.paging import DEFAULT_LIMIT, MAX_CURSOR_LENGTH, MAX_LIMIT
from app.models.enums.figure import Breakdown, Grain, PeriodName
from app.models.enums.measure import Measure
from app.schemas.folding import Day
from app.schemas.stats_figures import (
    AnswerRead,
    BreakdownRead,
    FlowRead,
    KpisRead,
    OverdueRead,
    RankingRead,
    TrendRead,
    VisitFiguresRead,
)
from app.schemas.stats_shown import LiveRead, MapRead
from app.schemas.types import Input

MOST = 16
KpiCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class Narrowed(Input):
    """Whose figures: all of the caller's, or those of one area, one organisation, or one in the other."""

    in_query: ClassVar[bool] = True

    area_id: UUID | None = None
    org_id: UUID | None = None


class Timed(Narrowed):
    """Whose figures, and of when: a period by name (this month), or its first and last day."""

    period: PeriodName | None = None
    first: Day | None = Field(default=None, description="自定时段的第一天，与 last 同用，不与 period 同用")
    last: Day | None = None


class KpisQuery(Timed):
    """KPIs with comparisons; all of them unless some are named."""

    kpis: list[KpiCode] = Field(default_factory=list, max_length=60)


class TrendQuery(Timed):
    """KPIs over time."""

    kpis: list[KpiCode] = Field(default=["reports", "closed"], min_length=1, max_length=8)
    grain: Grain = Grain.DAY


class BreakdownQuery(Timed):
    """Figures by something."""

    by: Breakdown = Breakdown.CATEGORY
    kpis: list[KpiCode] = Field(default=["reports", "closed"], min_length=1, max_length=12)
    limit: int = Field(default=20, ge=1, le=100)


class FlowQuery(Timed):
    """The five stages."""


class OverdueQuery(Narrowed):
    """What is overdue, and how old what is open is."""

    limit: int = Field(default=20, ge=1, le=100, description="列出多少件超期最久的")


class RankingQuery(Timed):
    """A ranking."""

    by: Breakdown = Breakdown.AREA
    kpi: KpiCode = "composite"
    least: int = Field(default=5, ge=1, le=10_000, description="分母不小于此数的才排名")
    rows: int = Field(default=100, ge=1, le=1000, description="至多多少行，名次在先")


class MapQuery(Timed):
    """The map; without geometries for one who has them already."""

    geometry: bool = Field(default=True, description="false 时只带数，边界另取 /v1/stats/shapes")


class VisitsQuery(Timed):
    """Visits and coverage."""


class LiveQuery(Narrowed):
    """The last steps."""

    limit: int = Field(default=20, ge=1, le=100)


class Named(Input):
    """What a question of a screen is called; its answer has the same name."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class KpisAsked(KpisQuery, Named):
    """KPIs with comparisons."""

    kind: Literal["kpis"]


class TrendAsked(TrendQuery, Named):
    """KPIs over time."""

    kind: Literal["trend"]


class BreakdownAsked(BreakdownQuery, Named):
    """Figures by something."""

    kind: Literal["breakdown"]


class FlowAsked(FlowQuery, Named):
    """The five stages."""

    kind: Literal["flow"]


class OverdueAsked(OverdueQuery, Named):
    """What is overdue, and how old what is open is."""

    kind: Literal["overdue"]


class RankingAsked(RankingQuery, Named):
    """A ranking."""

    kind: Literal["ranking"]


class MapAsked(MapQuery, Named):
    """The map."""

    kind: Literal["map"]


class VisitsAsked(VisitsQuery, Named):
    """Visits and coverage."""

    kind: Literal["visits"]


class LiveAsked(LiveQuery, Named):
    """The last steps."""

    kind: Literal["live"]


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

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if len({question.name for question in self.questions}) < len(self.questions):
            raise ValueError("问题的名称不能重复 | the names must differ")
        return self


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
    """The answers by the names of their questions, all as of the same minute."""

    answers: dict[str, ScreenAnswer]


class CountedQuery(Timed):
    """Which figure's tickets: its KPI, which side of it, and the row of a breakdown where it was one."""

    kpi: KpiCode = "open"
    measure: Measure | None = Field(default=None, description="单项计数，如 open_route；填写时不看 kpi")
    less: Measure | None = Field(
        default=None, description="与 measure 同用：其中又计入此项的除外，如超期 1 天以上而不到 3 天的"
    )
    part: Literal["numerator", "denominator", "rest"] = Field(
        default="numerator", description="分子、分母，或分母中不在分子的"
    )
    by: Breakdown | None = None
    key: Annotated[str, Field(pattern=r"^[0-9a-zA-Z_-]{1,40}$")] | None = Field(
        default=None, description="by 所分的那一行"
    )
    cursor: str | None = Field(
        default=None, max_length=MAX_CURSOR_LENGTH, description="上一页返回的 next_cursor"
    )
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="每页条数，1–100")
