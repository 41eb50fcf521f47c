"""Wire shapes of figures: a ratio never travels without its numerator and denominator."""

from datetime import datetime

from pydantic import Field

from app.models.enums import Stage
from app.schemas.types import Output


class Ratio(Output):
    """A share; `rate` is null where the denominator is 0, never 0 or 1."""

    numerator: int
    denominator: int
    rate: float | None


class OverviewRead(Output):
    """The caller's scope at a glance."""

    as_of: datetime
    period_start: datetime
    period_end: datetime
    stages: dict[Stage, int] = Field(description="各环节未结工单数")
    open: int
    overdue: int
    reported: int
    closed: int
    satisfaction: Ratio = Field(description="群众评价为基本满意及以上 ÷ 已评价（无法回访、未评价不计）")
