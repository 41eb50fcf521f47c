"""Wire shapes of the category list and of its administration."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.schemas.folding import Label
from app.schemas.patch import Patch, untouched
from app.schemas.types import CategoryCode, Input, Output

Percent = Annotated[int, Field(ge=0, le=100, description="自办自结的工单抽取回访的百分比")]


class CategoryRead(Output):
    """A class (two digits, no parent) or a category that tickets carry (four digits).

    `auto_dispatch`: its tickets go to the organisation of the routing rule right after acceptance.
    `self_handled`: who found it may mend it on the spot (立行立改); of these tickets `revisit_percent` of a
    hundred are drawn for a revisit.
    """

    code: str
    parent_code: str | None
    label_zh: str
    label_en: str
    enabled: bool
    auto_dispatch: bool
    self_handled: bool
    revisit_percent: int


class CategoryList(Output):
    """The whole list: it is short, and apps keep it."""

    items: list[CategoryRead]


class CategoryCreate(Input):
    """A new class, or with four digits a category of the class that its code begins with."""

    code: CategoryCode
    label_zh: Label
    label_en: Label
    auto_dispatch: bool = False
    self_handled: bool = False
    revisit_percent: Percent = 20


class CategoryPatch(Patch):
    """What may change of a category; its code stays."""

    label_zh: Label = untouched()
    label_en: Label = untouched()
    enabled: bool = untouched()
    auto_dispatch: bool = untouched()
    self_handled: bool = untouched()
    revisit_percent: Percent = untouched()


class CategoryRevisionRead(Output):
    """The category as it was from a version on; without a time, as the deployment began."""

    version: int
    label_zh: str
    label_en: str
    enabled: bool
    auto_dispatch: bool
    self_handled: bool
    revisit_percent: int
    changed_at: datetime | None
    changed_by: UUID | None


class CategoryDetail(CategoryRead):
    """A category with its versions, the newest first; none while nobody has changed it."""

    version: int
    revisions: list[CategoryRevisionRead]
