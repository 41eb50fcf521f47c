"""What a caller asks of the lists, out of a query's texts: an empty parameter counts as absent.

Times are W3C's; without an offset they are Asia/Shanghai's, and a plus sign that a client forgot to encode is
mended. Spans have 90 days at most and default to the last 90.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.core import clock
from app.core.clock import BUSINESS_ZONE
from app.core.errors import invalid_field
from app.schemas.types import EARLIEST
from app.services.exchange.open311.states import STATES

SPAN = timedelta(days=90)
MOST, LAST_PAGE = 1000, 1_000_000
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """From and until when, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of requests; None is no filter. Where there are `ids`, nothing else narrows it."""

    extended: bool
    ids: tuple[UUID, ...] | None = None
    reported: Span | None = None
    updated: Span | None = None
    codes: tuple[str, ...] | None = None
    states: tuple[str, ...] = STATES
    page: int = 1
    size: int = MOST


def requests(query: Query) -> Asked:
    """What is asked of the list of requests; `Invalid` names the parameter. Ids override all else."""
    extended = one(query, "extensions") == "true"
    if ids := _listed(query, "service_request_id"):
        return Asked(ids=tuple(_known(ids)), extended=extended)
    states = _listed(query, "status")
    reported = span(query, "start_date", "end_date")
    updated = span(query, "updated_after", "updated_before")
    if set(states) - set(STATES):
        raise invalid_field("status", "只能是 open 或 closed", "must be open or closed")
    return Asked(
        reported=reported or (None if updated else lately()),
        updated=updated,
        codes=tuple(_listed(query, "service_code")) or None,
        states=tuple(states) or STATES,
        page=_number(query, "page", 1, LAST_PAGE),
        size=min(_number(query, "page_size", MOST, LAST_PAGE), MOST),
        extended=extended,
    )


def lately() -> Span:
    """The last 90 days."""
    now = clock.now()
    return Span(now - SPAN, now)


def span(query: Query, first: str, last: str) -> Span | None:
    """The span that two parameters name; of one of them alone, 90 days from or to it."""
    start, end = _moment(query, first), _moment(query, last)
    if start is None:
        return None if end is None else Span(end - SPAN, end)
    end = end or start + SPAN
    if end < start:
        raise invalid_field(last, f"不能早于 {first}", f"must not be before {first}")
    if end - start > SPAN:
        raise invalid_field(last, "时间跨度最多 90 天", "The span may have at most 90 days")
    return Span(start, end)


def one(query: Query, name: str) -> str | None:
    """A parameter's last value; None where it is absent or empty."""
    given = [value for value in query.get(name, ()) if value.strip()]
    return given[-1].strip() if given else None


def _listed(query: Query, name: str) -> list[str]:
    parts = (part.strip() for value in query.get(name, ()) for part in value.split(","))
    return [part for part in parts if part][:MOST]


def _known(ids: Sequence[str]) -> list[UUID]:
    found = []
    for text in ids:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _number(query: Query, name: str, default: int, most: int) -> int:
    text = one(query, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= most and len(text) <= len(str(most))):
        raise invalid_field(name, "应为正整数", "must be a positive whole number")
    return int(text)


def _moment(query: Query, name: str) -> datetime | None:
    text = one(query, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=BUSINESS_ZONE)
        plausible = EARLIEST <= moment <= clock.now() + timedelta(days=3660)
    except (ValueError, OverflowError):
        plausible = False
    if not plausible:
        raise invalid_field(
            name,
            "时间格式不对，应如 2026-01-31T08:30:00+08:00",
            "must be a W3C time such as 2026-01-31T00:30:00Z",
        )
    return moment
