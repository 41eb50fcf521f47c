"""Wire shapes of Open311 GeoReport v2, field by field as its specification names them.

They go out as JSON or XML; ids and codes are texts, times carry an offset. Nothing in them points at a
household or a reporter.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from app.core.clock import BUSINESS_ZONE
from app.schemas.types import Output


def _local(moment: datetime) -> datetime:
    return moment.astimezone(BUSINESS_ZONE).replace(microsecond=0)


Moment = Annotated[datetime, AfterValidator(_local)]


class Open311Endpoint(Output):
    """One address that serves the specification."""

    specification: str
    url: str
    changeset: Moment
    type: str = Field(description="production 或 test")
    formats: list[str]


class Open311Discovery(Output):
    """Where the services are, and whom to ask for a key."""

    changeset: Moment
    contact: str
    key_service: str
    endpoints: list[Open311Endpoint]


class Open311Service(Output):
    """A category that the public may report in."""

    service_code: str
    service_name: str
    description: str
    metadata: bool = Field(description="是否有需要填写的附加项")
    type: str = Field(description="realtime 立即给出编号，batch 受理后给出")
    keywords: str
    group: str


class Open311Value(Output):
    """One of the values that an attribute takes."""

    key: str
    name: str


class Open311Attribute(Output):
    """Something that is asked, or told, of a report in a category."""

    variable: bool = Field(description="false：只是说明，无须填写")
    code: str
    datatype: str
    required: bool
    datatype_description: str | None
    order: int
    description: str
    values: list[Open311Value]


class Open311Definition(Output):
    """What is asked in a category."""

    service_code: str
    attributes: list[Open311Attribute]


class Open311Created(Output):
    """A report that was taken: its id, and a word to whoever reported."""

    service_request_id: str
    service_notice: str
    account_id: str | None = None


class Open311TokenGiven(Output):
    """A report that was taken: what its id can be asked for by later, and a word to whoever reported."""

    token: str
    service_notice: str
    account_id: str | None = None


class Open311Token(Output):
    """What a token stands for; no id yet while nobody has accepted the report."""

    service_request_id: str | None
    token: str


class Open311Note(Output):
    """A step that was taken."""

    datetime: Moment
    description: str
    type: str


class Open311Request(Output):
    """A report as the public may see it."""

    service_request_id: str
    status: str = Field(description="open 或 closed")
    status_notes: str | None
    service_name: str
    service_code: str
    description: str | None
    agency_responsible: str | None
    service_notice: str | None
    requested_datetime: Moment
    updated_datetime: Moment
    expected_datetime: Moment | None
    address: str | None
    address_id: str | None
    zipcode: str | None
    lat: float | None
    long: float | None
    media_url: str | None


class Open311RequestExtended(Open311Request):
    """A report with what was answered and what was done (`extensions=true`)."""

    extended_attributes: dict[str, Any]
    notes: list[Open311Note]


class Open311Update(Output):
    """A step of a report (mySociety's extension)."""

    update_id: str
    service_request_id: str
    status: str
    updated_datetime: Moment
    description: str
    media_url: str | None


class Open311UpdateCreated(Output):
    """An update that was taken."""

    update_id: str


class Open311Error(Output):
    """Why a call was refused."""

    code: int
    description: str
