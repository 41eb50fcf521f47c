"""The kinds of reports: a month, a quarter, half a year, and a round of rankings, which is two months."""

from enum import StrEnum


class ReportKind(StrEnum):
    """What a report is of; each begins where the year is divided so."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    ROUND = "round"


MONTHS = {
    ReportKind.MONTHLY: 1,
    ReportKind.QUARTERLY: 3,
    ReportKind.HALF_YEARLY: 6,
    ReportKind.ROUND: 2,
}
