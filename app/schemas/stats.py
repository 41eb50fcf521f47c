"""Wire shapes of figures: a ratio never travels without its numerator and denominator."""

from datetime import datetime

from pydantic import Field

from app.models.enums import CareTag, Stage
from app.schemas.types import Output, Ref


class Ratio(Output):
    """A share; `rate` is null where the denominator is 0, never 0 or 1."""

    numerator: int
    denominator: int
    rate: float | None


class CareTagCount(Output):
    """People with a tag now; null is withheld, `parts` stand in the order of the table's."""

    tag: CareTag
    count: int | None
    parts: list[int | None]


class CareTagsRead(Output):
    """Care tags of an area and its parts; people may have several tags."""

    area: Ref
    exact: bool = Field(description="本人负责走访的区域为准确数；其他为抑制后的数")
    least: int = Field(description="小于此数的格不公布，连同使其可被减出的格")
    parts: list[Ref]
    tags: list[CareTagCount]


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
