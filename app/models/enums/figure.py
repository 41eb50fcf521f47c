"""The words of figures: units, directions, periods, steps of time, and what a figure can be divided by."""

from enum import StrEnum


class Unit(StrEnum):
    """What a value is.

    A number of things, a share from 0 to 1, so many a hundred, minutes, the upper end of a class of working
    minutes, points of a hundred.
    """

    COUNT = "count"
    SHARE = "share"
    A_HUNDRED = "a_hundred"
    MINUTES = "minutes"
    CLASS = "class"
    SCORE = "score"


class Better(StrEnum):
    """Which way is better; more work is neither."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Behind(StrEnum):
    """What stands behind a figure: tickets, visits, or the other figures that it is weighed from."""

    TICKETS = "tickets"
    VISITS = "visits"
    FIGURES = "figures"


class PeriodName(StrEnum):
    """Periods of whole days in Asia/Shanghai by name, up to today; weeks start on Monday."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    LAST_WEEK = "last_week"
    LAST_7_DAYS = "last_7_days"
    MONTH = "month"
    LAST_MONTH = "last_month"
    LAST_30_DAYS = "last_30_days"
    QUARTER = "quarter"
    LAST_QUARTER = "last_quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class Grain(StrEnum):
    """The steps of a trend; hours reach back a week."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Breakdown(StrEnum):
    """What figures can be divided by: areas are those one level below."""

    CATEGORY = "category"
    AREA = "area"
    SOURCE = "source"
    ORG = "org"
    WORKER = "worker"
