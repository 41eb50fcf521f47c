"""Wire shapes of likely duplicates: the tickets that may tell of the same thing, and why."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.models.enums import Status
from app.schemas.types import Input, LongText, Output

MOST_AT_ONCE = 20


class DuplicateRead(Output):
    """A ticket that may be the same; `score` and `similarity` of the texts are 0 to 1.

    `distance_m` is null where one of the two has no point; `age_hours` lie between the two reports.
    """

    id: UUID
    no: str
    title: str
    category_code: str
    status: Status
    area_id: UUID
    address: str
    reported_at: datetime
    score: float
    distance_m: float | None
    age_hours: float
    similarity: float


class DuplicateList(Output):
    """The likeliest first."""

    items: list[DuplicateRead]


class DuplicateMerge(Input):
    """The tickets to merge into one."""

    ticket_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE)]
    opinion: LongText | None = None
