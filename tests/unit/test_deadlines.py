"""How long a clock runs: by whose calendar, with which limit, and when it turns yellow."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.models.enums import AreaLevel, ClockKind, DayKind, SlaUnit, Urgency
from app.services.platform import worktime
from app.services.platform.calendar_seed import seed_days
from app.services.platform.calendars import Calendars, Office
from app.services.platform.worktime import WORKING_KINDS, Calendar
from app.services.tickets import deadlines
from app.services.tickets.deadlines import Deadlines, Holder, Subject, warn_at
from app.services.tickets.limits import Limit, half
from app.services.tickets.sla import Policy

WALL, MINUTES, DAYS = SlaUnit.WALL_MINUTES, SlaUnit.WORK_MINUTES, SlaUnit.WORK_DAYS
SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFAULT, OWN, MUSEUM, CENTRE = (UUID(int=number) for number in range(1, 5))
PUBLISHED = {row.day: row.kind in WORKING_KINDS for row in seed_days()}
EARLY_HOURS = ((time(7), time(11)), (time(12), time(15)))
OFFICES = (
    Office(DEFAULT, "default", is_default=True, days=PUBLISHED),
    Office(OWN, "early", segments=EARLY_HOURS, days={date(2026, 3, 9): False}),
)
HELD = Deadlines(
    Calendars.of(OFFICES),
    (Policy(UUID(int=9), ClockKind.SIGN, Limit(MINUTES, 60), org_level=AreaLevel.VILLAGE),),
    {MUSEUM: Holder(AreaLevel.VILLAGE, OWN), CENTRE: Holder(AreaLevel.TOWN, None)},
)
ORDINARY = Subject("0501", Urgency.NORMAL)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def unwarned() -> Iterator[None]:
    """No year has been warned of in this process yet."""
    before = set(deadlines._told)
    deadlines._told.clear()
    yield
    deadlines._told.clear()
    deadlines._told.update(before)


def test_a_clock_runs_by_the_calendar_of_the_organisation_that_holds_it() -> None:
    start = at("2026-03-06T10:00")
    ends = [
        HELD.due(ClockKind.HANDLE, ORDINARY, start=start, org_id=org).due_at for org in (None, CENTRE, MUSEUM)
    ]
    # The museum closes at three and is shut on Monday the 9th; the rest of its days are the default's.
    assert ends == [at("2026-03-13T17:30"), at("2026-03-13T17:30"), at("2026-03-16T15:00")]


def test_a_limit_may_depend_on_the_level_of_the_organisation() -> None:
    start = at("2026-03-06T08:30")
    signed = [HELD.due(ClockKind.SIGN, ORDINARY, start=start, org_id=org) for org in (MUSEUM, CENTRE)]
    assert [(term.unit, term.amount) for term in signed] == [(MINUTES, 60), (MINUTES, 240)]


def test_an_organisation_that_is_not_known_yet_works_by_the_default_calendar() -> None:
    term = HELD.due(ClockKind.SIGN, ORDINARY, start=at("2026-03-06T08:30"), org_id=UUID(int=77))
    assert term.due_at == at("2026-03-06T14:30")


def test_a_rework_has_half_the_limit() -> None:
    start = at("2026-03-06T10:00")
    term = HELD.due(ClockKind.HANDLE, ORDINARY, start=start, halved=True)
    assert (term.unit, term.amount, term.due_at) == (DAYS, 3, at("2026-03-11T17:30"))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Limit(DAYS, 5), Limit(DAYS, 3)),
        (Limit(DAYS, 1), Limit(DAYS, 1)),
        (Limit(WALL, 1440), Limit(WALL, 720)),
        (Limit(WALL, 90), Limit(WALL, 60)),
        (Limit(WALL, 15), Limit(WALL, 60)),
        (Limit(MINUTES, 241), Limit(MINUTES, 121)),
    ],
)
def test_half_rounds_up_to_whole_days_and_is_an_hour_at_least_on_the_wall(
    limit: Limit, expected: Limit
) -> None:
    assert half(limit) == expected


def test_the_overall_deadline_runs_through_the_limits_of_the_stages_one_after_the_other() -> None:
    start = end = at("2026-03-04T09:00")
    for unit, amount in ((MINUTES, 240), (MINUTES, 240), (DAYS, 5), (DAYS, 2), (DAYS, 2)):
        end = worktime.due(HELD.calendar(), end, unit, amount).due
    term = HELD.due(ClockKind.OVERALL, ORDINARY, start=start)
    assert term.due_at == end == at("2026-03-18T17:30")
    assert (term.unit, timedelta(minutes=term.amount)) == (WALL, end - start)


def test_a_rule_may_set_the_overall_limit_at_once() -> None:
    rule = Policy(UUID(int=5), ClockKind.OVERALL, Limit(DAYS, 30))
    term = Deadlines(HELD.calendars, (rule,)).due(ClockKind.OVERALL, ORDINARY, start=at("2026-03-04T09:00"))
    assert (term.unit, term.amount, term.due_at) == (DAYS, 30, at("2026-04-16T17:30"))


@pytest.mark.parametrize(
    ("unit", "amount", "start", "expected"),
    [
        (WALL, 15, "2026-03-04T09:00", "2026-03-04T09:12"),
        (WALL, 1440, "2026-03-06T09:00", "2026-03-07T04:12"),
        (MINUTES, 240, "2026-03-04T09:00", "2026-03-04T14:12"),
        (DAYS, 1, "2026-03-04T09:00", "2026-03-05T16:06"),
        (DAYS, 5, "2026-03-04T09:00", "2026-03-10T17:30"),
        (DAYS, 15, "2026-03-04T09:00", "2026-03-20T17:30"),
    ],
)
def test_a_clock_turns_yellow_when_a_fifth_of_it_is_left(
    unit: SlaUnit, amount: int, start: str, expected: str
) -> None:
    assert HELD.term(Limit(unit, amount), start=at(start)).warn_at == at(expected)


@given(
    st.datetimes(datetime(2026, 1, 5), datetime(2026, 9, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 600),
    st.sampled_from([WALL, MINUTES]),
)
def test_when_it_turns_yellow_four_fifths_have_run(start: datetime, fifths: int, unit: SlaUnit) -> None:
    start = start.replace(second=0, microsecond=0)
    term = HELD.term(Limit(unit, fifths * 5), start=start)
    assert term.warn_at == worktime.due(HELD.calendar(), start, unit, fifths * 4).due


def test_a_pause_moves_the_yellow_point_along_with_the_deadline() -> None:
    calendar, start = HELD.calendar(), at("2026-03-04T09:00")
    paused, resumed = at("2026-03-04T10:00"), at("2026-03-05T10:00")
    left = worktime.remaining(calendar, paused, at("2026-03-04T14:30"), MINUTES)
    end = worktime.due(calendar, resumed, MINUTES, left).due
    warned = warn_at(calendar, started_at=start, due_at=end, unit=MINUTES, amount=240)
    assert (
        worktime.elapsed(calendar, start, paused, MINUTES)
        + worktime.elapsed(calendar, resumed, warned, MINUTES)
        == left + 60 - 48
    )


def test_a_clock_does_not_turn_yellow_before_it_started() -> None:
    late = warn_at(
        HELD.calendar(), started_at=at("2026-03-04T09:00"), due_at=at("2026-03-04T09:30"), unit=DAYS, amount=9
    )
    assert late == at("2026-03-04T09:00")


@pytest.mark.usefixtures("unwarned")
def test_an_unpublished_year_makes_a_deadline_provisional_and_is_logged_once() -> None:
    eve = at("2026-12-31T16:00")
    with structlog.testing.capture_logs() as logs:
        terms = [HELD.due(kind, ORDINARY, start=eve) for kind in (ClockKind.HANDLE, ClockKind.OVERALL)]
        terms += [HELD.due(ClockKind.ACCEPT, ORDINARY, start=eve)]
    assert [term.provisional for term in terms] == [True] * 3
    assert [(entry["event"], entry["year"]) for entry in logs] == [("calendar_year_not_published", 2027)]


def test_what_a_year_was_before_can_be_asked_for() -> None:
    kinds = {date(2027, 1, day): DayKind.HOLIDAY for day in range(1, 11)}
    other = HELD.with_year(DEFAULT, 2027, kinds)
    start = at("2026-12-31T09:00")
    assert HELD.term(Limit(DAYS, 1), start=start).due_at == at("2027-01-04T17:30")
    assert other.term(Limit(DAYS, 1), start=start).due_at == at("2027-01-11T17:30")
    assert other.term(Limit(DAYS, 1), start=start, org_id=MUSEUM).due_at == at("2027-01-11T15:00")


def test_a_calendar_is_found_by_its_code_and_by_its_id() -> None:
    named = HELD.calendars.named
    assert named("early") is named(str(OWN)) is HELD.calendar(MUSEUM)
    assert named("nowhere") is None
    assert isinstance(named("default"), Calendar)


def test_without_a_default_calendar_there_are_no_deadlines() -> None:
    with pytest.raises(LookupError, match="wangge migrate"):
        Calendars.of([Office(OWN, "early")])
