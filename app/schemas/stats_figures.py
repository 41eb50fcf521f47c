"""Wire shapes of figures: values with what they were divided from, trends, rows, ranks.

Every answer says as of when its figures hold and by which version of the definitions. A value is null where
there was nothing to divide by; a row's figures are null where they are withheld.
"""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.models.enums import Stage
from app.models.enums.figure import Behind, Better, Breakdown, Grain, PeriodName, Unit
from app.schemas.stats import Ratio
from app.schemas.types import Output, Ref


class KpiDefinition(Output):
    """What a KPI is called and how it is counted."""

    code: str
    name_zh: str
    name_en: str
    unit: Unit
    better: Better
    cohort: str
    numerator: str
    denominator: str
    excludes: str
    behind: Behind = Field(description="数的背后：工单可下钻（/v1/stats/counted），走访和得分可按区域分列")
    parts: list[str] = Field(description="综合得分由哪些指标加权")


class KpiDefinitions(Output):
    """All KPIs, and the version that every answer names."""

    definition_version: int
    items: list[KpiDefinition]


class Figure(Output):
    """A value; a count has no denominator, a share without anything to divide by has no value."""

    value: float | None
    numerator: int | None = Field(description="被抑制或无从比较时为空")
    denominator: int | None


class PeriodRead(Output):
    """[start, end) of whole days in Asia/Shanghai; `name` where it was asked for by name."""

    name: PeriodName | None = None
    start: datetime
    end: datetime


class AnswerRead(Output):
    """What every answer begins with."""

    as_of: datetime = Field(description="数据截止时间")
    definition_version: int


class ScopeRead(Output):
    """Whose figures these are: the caller's areas or organisations, or the one asked for."""

    areas: list[Ref]
    orgs: list[Ref]


class KpiRead(Figure):
    """A KPI with the period before and the same period a year before.

    `change` and `change_on_year` are differences of the values; null where either has none, and between
    scores of different parts. What is so now, like what is open, has no past: all of that is null.
    """

    code: str
    name: str
    unit: Unit
    better: Better
    previous: Figure
    year_before: Figure
    change: float | None = Field(description="环比：与上一等长时段之差")
    change_on_year: float | None = Field(description="同比：与上年同期之差")


class KpisRead(AnswerRead):
    """KPIs of a period, with the periods they are compared with."""

    scope: ScopeRead
    period: PeriodRead
    previous: PeriodRead
    year_before: PeriodRead
    items: list[KpiRead]


class TrendPoint(Figure):
    """A step of time: its start, and the figure of what happened in it."""

    start: datetime


class TrendLine(Output):
    """One KPI over time."""

    code: str
    name: str
    unit: Unit
    points: list[TrendPoint]


class TrendRead(AnswerRead):
    """KPIs over time, each step with a point."""

    scope: ScopeRead
    period: PeriodRead
    grain: Grain
    lines: list[TrendLine]


class BreakdownRow(Output):
    """One category, area, source, organisation or worker: its figures in the order of `kpis`."""

    key: str = Field(description="类别编码、来源编码，或区域、单位、人员的 id")
    name: str
    figures: list[Figure]


class BreakdownRead(AnswerRead):
    """Figures by something, the largest first by the first KPI."""

    scope: ScopeRead
    period: PeriodRead
    by: Breakdown
    kpis: list[KpiDefinition]
    rows: list[BreakdownRow]


class StageRow(Output):
    """One of the five stages: open now, of them overdue, and what entered it in the period."""

    stage: Stage
    name: str
    open: int
    overdue: int
    entered: int


class FlowRead(AnswerRead):
    """The five stages as a flow, and how many of those reported got how far."""

    scope: ScopeRead
    period: PeriodRead
    stages: list[StageRow]


class Bucket(Output):
    """Open tickets at least `from_days` and less than `to_days` old, or overdue."""

    from_days: int
    to_days: int | None
    count: int


class Responsible(Output):
    """Who has to act on a ticket now: which organisation, in which office, and who it is, where told."""

    org: Ref | None
    role_name: str
    person: str | None = Field(description="看不到工单的人、大屏和第三方为空")


class OverdueTicket(Output):
    """A ticket that is overdue, since when, and who has to act."""

    id: UUID
    no: str
    category: str | None = Field(description="看不到工单的人为空")
    stage: Stage
    status: str
    status_name: str
    area: Ref
    responsible: Responsible
    due_at: datetime


class OverdueRead(AnswerRead):
    """What is open now: by how long it is overdue, and by how long ago it was reported."""

    scope: ScopeRead
    open: int
    overdue: int
    suspended: int
    overdue_by: list[Bucket]
    ages: list[Bucket]
    orgs: list[BreakdownRow] = Field(description="超期最多的承办单位：超期未办结数、在办量")
    longest: list[OverdueTicket] = Field(description="超期最久的工单，保密工单不列")


class RankingRow(Figure):
    """A place in a ranking; null where the denominator is under the least."""

    rank: int | None
    key: str
    name: str


class RankingRead(AnswerRead):
    """Who does best by a KPI; equals share a rank, and who has too little to count has none."""

    period: PeriodRead
    kpi: KpiDefinition
    by: Breakdown
    least: int = Field(description="分母不小于此数的才排名")
    rows: list[RankingRow]


class VisitFiguresRead(AnswerRead):
    """Visits of a period, and how many households were reached."""

    scope: ScopeRead
    period: PeriodRead
    visits: int
    effective: Ratio
    opinions: int
    issues_per_100_visits: Figure
    covered: Ratio = Field(description="期内至少有一次有效走访的户数 ÷ 在册户数（空置户不计）")
    care: Ratio = Field(description="按周期走访到的关爱对象 ÷ 在管关爱对象")


class Freshness(Output):
    """How far behind the rollups are; the figures are exact all the same."""

    folded_at: datetime | None
    waiting: int | None = Field(description="尚未汇总的工单数；不告知接入方")
    checked_on: date | None = Field(description="最近一次自检")
    checked_ok: bool | None
