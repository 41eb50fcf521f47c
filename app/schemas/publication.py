"""Wire shapes of moderation: what a dispatcher makes public of a ticket, in words of their own."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.texts import numbers_of_people
from app.schemas.types import Input, LongText, Output, ShortText

MAX_PHOTOS = 3


def _impersonal(text: str) -> str:
    if numbers_of_people(text):
        raise ValueError("公开内容里不能有手机号或身份证号 | must hold no phone or identity number")
    return text


PublicText = Annotated[LongText, AfterValidator(_impersonal)]
PublicLine = Annotated[ShortText, AfterValidator(_impersonal)]


class PublicationWrite(Input):
    """What goes public; what is left out does not, whatever the ticket says."""

    description: PublicText | None = Field(default=None, description="公开的情况说明")
    address: PublicLine | None = Field(default=None, description="公开的地点，写到路段或楼栋为止")
    reply: PublicText | None = Field(default=None, description="公开的答复")
    with_point: bool = Field(default=False, description="公开定位；涉及住户的工单从不公开定位")
    photo_ids: list[UUID] = Field(default_factory=list, max_length=MAX_PHOTOS, description="公开的照片")


class PublicationRead(Output):
    """What is public of a ticket."""

    ticket_id: UUID
    description: str | None = None
    address: str | None = None
    reply: str | None = None
    with_point: bool = False
    photo_ids: list[UUID] = Field(default_factory=list)
    version: int = Field(description="0：没有公开")
    published_at: datetime | None = None
    updated_at: datetime | None = None
    updated_by: UUID | None = None
