"""The periods of reports: whole months, quarters, halves of a year, and rounds of two months."""

from calendar import monthrange
from datetime import date, timedelta

from app.core import clock
from app.core.errors import Conflict, invalid_field
from app.models.enums.report import MONTHS, ReportKind

_DAY = timedelta(days=1)


class PeriodNotOver(Conflict):
    """The period is not over: its figures would change after they were published."""

    code = "period_not_over"
    title_zh, title_en = "该期尚未结束，不能出报告", "The period is not over yet"


def last_day(kind: ReportKind, first: date) -> date:
    """The last day of the period; `Invalid` where none of the kind begins on that day."""
    months = MONTHS[kind]
    if first.day != 1 or (first.month - 1) % months:
        raise invalid_field("body.first_on", "不是该期的第一天", "No period of this kind begins on that day")
    month = first.month + months - 1
    return date(first.year, month, monthrange(first.year, month)[1])


def require_over(last: date) -> None:
    """Raise `PeriodNotOver` while the last day lasts."""
    if last >= clock.today():
        raise PeriodNotOver


def latest(kind: ReportKind) -> date:
    """The first day of the period that was over last."""
    today, months = clock.today(), MONTHS[kind]
    begun = today.replace(month=(today.month - 1) // months * months + 1, day=1)
    before = begun - _DAY
    return before.replace(month=(before.month - 1) // months * months + 1, day=1)


def title(kind: ReportKind, first: date, last: date) -> str:
    """What the period's report is called."""
    year, number = first.year, (first.month - 1) // MONTHS[kind] + 1
    return {
        ReportKind.MONTHLY: f"{year}年{first.month}月研判月报",
        ReportKind.QUARTERLY: f"{year}年第{number}季度分析",
        ReportKind.HALF_YEARLY: f"{year}年{'上' if number == 1 else '下'}半年总结",
        ReportKind.ROUND: f"{year}年第{number}轮打擂排名（{first.month}—{last.month}月）",
    }[kind]
