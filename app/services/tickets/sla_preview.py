"""A deadline without a ticket: what the calendars make of a limit that begins at some moment."""

from app.core.errors import invalid_field
from app.schemas.sla import SlaPreviewAsk, SlaPreviewRead
from app.services.platform.worktime import OutOfReachError
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.limits import Limit


def preview(deadlines: Deadlines, *, asked: SlaPreviewAsk) -> SlaPreviewRead:
    """When the limit ends, in UTC; `Invalid` for an unknown calendar or more than ten years."""
    calendar = deadlines.calendars.named(asked.calendar) if asked.calendar else deadlines.calendar()
    if calendar is None:
        raise invalid_field("body.calendar", "没有这个工作日历", "No such working calendar")
    try:
        end = deadlines.end(calendar, start=asked.start, limit=Limit(asked.unit, asked.amount))
    except OutOfReachError as far:
        raise invalid_field("body.amount", "时限超过十年", "Leads more than ten years ahead") from far
    return SlaPreviewRead(due=end.due, provisional=end.provisional)
