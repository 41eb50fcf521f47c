"""The table of KPIs and its arithmetic: shares of nothing, classes of time, the score; and periods."""

from datetime import date

import pytest

from app.core import clock
from app.core.errors import Invalid
from app.models.enums.figure import Better, Grain, PeriodName, Unit
from app.models.enums.measure import Measure
from app.schemas.stats_figures import Figure
from app.services.stats import board, kpis, periods
from app.services.stats.kpis import CLASSES, KPIS, WEIGHTS, Value, value
from app.services.stats.periods import Span


def test_every_share_has_a_denominator_and_a_direction_that_is_none_or_said() -> None:
    for kpi in KPIS.values():
        assert bool(kpi.below) == (kpi.unit not in {Unit.COUNT, Unit.SCORE}), kpi.code
        assert kpi.cohort
        assert kpi.numerator
        assert bool(kpi.denominator) == (kpi.unit is not Unit.COUNT), kpi.code
        assert (
            kpi.unit is Unit.COUNT or kpi.better is not Better.NEITHER or kpi.code == "issue_per_100_visits"
        )


@pytest.mark.parametrize("code", [code for code, kpi in KPIS.items() if kpi.unit is not Unit.COUNT])
def test_without_anything_to_divide_by_there_is_no_value(code: str) -> None:
    assert value(KPIS[code], {}) == Value(None, 0, 0)


def test_a_dispatch_that_went_wrong_is_taken_off_what_went_right() -> None:
    sums = {Measure.DISPATCHED: 8, Measure.MISROUTED: 2}
    assert value(KPIS["dispatch_accuracy"], sums) == Value(0.75, 6, 8)


def test_a_percentile_is_the_first_class_that_holds_so_many() -> None:
    sums = {Measure.HANDLED: 10, Measure.WITHIN_1H: 4, Measure.WITHIN_2H: 5, Measure.WITHIN_4H: 9}
    assert value(KPIS["handle_time_p50"], sums).value == CLASSES[Measure.WITHIN_2H]
    assert value(KPIS["handle_time_p90"], sums).value == CLASSES[Measure.WITHIN_4H]
    assert value(KPIS["handle_time_p90"], {**sums, Measure.HANDLED: 11}).value is None


def test_the_score_is_of_a_hundred_and_leaves_out_what_has_no_value() -> None:
    best = {name: 5 for kpi in KPIS.values() for name in (*kpi.above, *kpi.below)} | {Measure.REWORKED: 0}
    assert sum(WEIGHTS.values()) == 100
    assert value(KPIS["composite"], best).value == 100
    assert value(KPIS["composite"], {Measure.HANDLE_DUE: 4, Measure.HANDLE_MET: 1}) == Value(25.0, 6, 25)
    assert value(KPIS["composite"], {Measure.RESOLVED: 4, Measure.REWORKED: 1}).value == 75


def test_trap_15_a_score_is_placed_where_each_of_its_parts_has_enough() -> None:
    score, share = KPIS["composite"], KPIS["on_time_rate"]
    assert not kpis.enough(score, {}, 5)
    assert not kpis.enough(score, {Measure.HANDLE_DUE: 1, Measure.HANDLE_MET: 1}, 5)
    assert kpis.enough(score, {Measure.HANDLE_DUE: 5}, 5)
    assert not kpis.enough(score, {Measure.HANDLE_DUE: 50, Measure.REACHED: 4}, 5)
    assert [kpis.enough(share, {Measure.HANDLE_DUE: due}, 5) for due in (0, 4, 5)] == [False, False, True]
    assert kpis.enough(KPIS["closed"], {}, 5)


def test_a_score_is_compared_only_with_one_of_the_same_parts() -> None:
    score, share = KPIS["composite"], KPIS["on_time_rate"]
    whole, part = (Figure(value=value, numerator=1, denominator=of) for value, of in ((90, 100), (80, 25)))
    assert board.difference(score, whole, whole) == 0
    assert board.difference(score, whole, part) is None
    assert board.difference(share, whole, part) == 10


def test_more_work_earns_nothing_in_the_score() -> None:
    counts = {kpi.code for kpi in KPIS.values() if kpi.unit is Unit.COUNT}
    assert not counts & WEIGHTS.keys()
    assert kpis.measures(KPIS["composite"])


@pytest.mark.parametrize(
    ("name", "first", "last", "before", "year"),
    [
        ("today", "2026-03-31", "2026-03-31", ("2026-03-30", "2026-03-30"), ("2025-03-31", "2025-03-31")),
        ("week", "2026-03-30", "2026-03-31", ("2026-03-23", "2026-03-24"), ("2025-03-30", "2025-03-31")),
        ("month", "2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
        ("last_month", "2026-02-01", "2026-02-28", ("2026-01-01", "2026-01-31"),
         ("2025-02-01", "2025-02-28")),
        ("quarter", "2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31"), ("2025-01-01", "2025-03-31")),
        ("half_year", "2026-01-01", "2026-03-31", ("2025-07-01", "2025-09-30"), ("2025-01-01", "2025-03-31")),
        ("yesterday", "2026-03-30", "2026-03-30", ("2026-03-29", "2026-03-29"), ("2025-03-30", "2025-03-30")),
    ],
)  # fmt: skip
def test_a_period_stands_against_the_one_before_and_the_same_of_the_year_before(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    first: str,
    last: str,
    before: tuple[str, str],
    year: tuple[str, str],
) -> None:
    monkeypatch.setattr(clock, "today", lambda: date(2026, 3, 31))
    span = periods.named(PeriodName(name))
    found = [(each.first, each.last) for each in (span, periods.before(span), periods.year_before(span))]
    assert [tuple(map(str, each)) for each in found] == [(first, last), before, year]


def test_a_month_so_far_stands_against_the_same_days_of_the_month_before() -> None:
    so_far = Span(date(2026, 3, 1), date(2026, 3, 22), PeriodName.MONTH, 1)
    assert periods.before(so_far).last == date(2026, 2, 22)


def test_a_leap_day_stands_against_the_last_of_february() -> None:
    assert periods.year_before(Span(date(2028, 2, 29), date(2028, 2, 29))).first == date(2027, 2, 28)


@pytest.mark.parametrize(("first", "last"), [("2026-03-02", "2026-03-01"), ("2020-01-01", "2026-01-01")])
def test_a_period_that_runs_backwards_or_too_long_is_refused(first: str, last: str) -> None:
    with pytest.raises(Invalid):
        periods.between(date.fromisoformat(first), date.fromisoformat(last))


def test_weeks_of_a_trend_begin_on_mondays_and_hours_reach_back_a_week(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "today", lambda: date(2026, 3, 31))
    steps = periods.steps(Span(date(2026, 3, 4), date(2026, 3, 17)), Grain.WEEK)
    local = [step.astimezone(clock.BUSINESS_ZONE).date().isoformat() for step in steps]
    assert local == ["2026-03-04", "2026-03-09", "2026-03-16"]
    assert len(periods.steps(Span(date(2026, 3, 30), date(2026, 3, 31)), Grain.HOUR)) == 48
    with pytest.raises(Invalid):
        periods.steps(Span(date(2026, 3, 1), date(2026, 3, 31)), Grain.HOUR)
