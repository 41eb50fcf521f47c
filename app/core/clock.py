"""The clock: the only caller of the system's clock, and the business time zone.

Everything is stored in UTC and thought of in Asia/Shanghai. It owns no working calendar.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date where the business lives."""
    return now().astimezone(BUSINESS_ZONE).date()


def day_start(day: date) -> datetime:
    """The instant at which a business day begins, in UTC."""
    return datetime.combine(day, time(), BUSINESS_ZONE).astimezone(UTC)


def day_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """[start, end) in UTC of the business days from first to last, both included."""
    return day_start(first), day_start(last + timedelta(days=1))
