"""Wire shapes for people without an account: a report, how it stands, and their answer about the outcome."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.models.enums import Satisfaction, Solved
from app.schemas.folding import PersonPhone
from app.schemas.types import Input, LeafCategory, LongText, Name, Output, Point, ShortText

MAX_ANSWERS = 20
Typed = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z -]{1,40}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]


class PublicReportCreate(Input):
    """What somebody saw, where, and perhaps whom to call back; a point or an area says where."""

    attempt: UUID | None = Field(
        default=None,
        description="由客户端生成的编号；没收到答复时原样再提交，得到同一查询号和查询码",
    )
    service_code: LeafCategory = Field(
        description="服务类别，见 /open311/v2/services.json", examples=["0501"]
    )
    description: LongText
    location: Point | None = None
    area_id: UUID | None = Field(default=None, description="所在网格，见网格公示")
    address: ShortText | None = None
    name: Name | None = None
    phone: PersonPhone | None = Field(
        default=None, description="手机号，或带区号的固定电话；便于回访，可不填", examples=["13800000000"]
    )
    confidential: bool = Field(default=False, description="保密：承办单位看不到是谁反映的，也不公开")
    answers: dict[Code, list[ShortText]] = Field(
        default_factory=dict, max_length=MAX_ANSWERS, description="附加项的填写，按代码"
    )


class PublicReportTaken(Output):
    """What to follow the report by; the code is shown this once."""

    number: str
    code: str
    notice: str


class Follow(Input):
    """What a report is followed by, as it was shown or typed."""

    number: Typed
    code: Typed


class FollowedStep(Output):
    """A change of the report's state."""

    at: datetime
    label: str


class FollowRead(Output):
    """How a report stands, for whoever made it; `answer` is where to say whether it is solved."""

    number: str
    service_name: str
    state: str = Field(description="open 或 closed")
    label: str
    agency: str | None
    reported_at: datetime
    expected_at: datetime | None
    public_reply: str | None
    steps: list[FollowedStep]
    answer: str | None = Field(description="评价链接的末段；暂时不需评价时为空")


class AnswerAsked(Output):
    """What is asked about an outcome, and until when."""

    number: str | None
    service_name: str
    public_reply: str | None
    resolved_at: datetime | None
    expires_at: datetime


class AnswerCreate(Input):
    """Whether it is solved, how content they are, and why."""

    solved: Solved
    satisfaction: Satisfaction = Field(description="very、satisfied、basically、dissatisfied、very_dis 之一")
    opinion: LongText | None = None


class AnswerTaken(Output):
    """The answer was taken."""

    label: str


class AnswerLinkCreate(Input):
    """Make a link for the person who complained; `send`: as a text message to their phone."""

    send: bool = False


class AnswerLinkRead(Output):
    """The link, to be read to or sent to the person; `sent`: a text message is on its way."""

    url: str
    expires_at: datetime
    sent: bool
