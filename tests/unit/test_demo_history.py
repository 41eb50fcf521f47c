"""The pace of the demo's past: office hours, moments of reporting, and how far tickets come."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product

from app.core.clock import BUSINESS_ZONE
from app.core.ids import uuid7
from app.demo.content.tables import seeded
from app.demo.history.almanac import Almanac
from app.demo.history.fates import fates
from app.demo.history.office import Office, instant, moments
from app.demo.history.pace import Pace
from app.models.enums import ClockKind, DayKind, SlaUnit, Status, Urgency
from app.services.platform import calendars
from app.services.platform.calendar_seed import seed_days
from app.services.platform.calendars import Calendars
from app.services.platform.worktime import WORKING_KINDS, Calendar, due
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.limits import Limit
from app.services.tickets.workflow import TERMINAL

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
CALENDAR = Calendar.from_kinds((row.day, DayKind(row.kind)) for row in seed_days())
OPEN_STATUSES = set(Status) - TERMINAL


def drawn(count: int) -> list[float]:
    return moments(seeded("moments"), CALENDAR, count, NOW)


def test_work_ends_where_the_products_calendar_says() -> None:
    office = Office(CALENDAR, NOW)
    for moment in drawn(500):
        for minutes in (1, 209, 431, 2087):
            said = due(CALENDAR, instant(moment), SlaUnit.WORK_MINUTES, minutes).due
            found = instant(office.after(moment, minutes * 60))
            assert abs(found - said) < timedelta(seconds=1)


def test_remembered_deadlines_are_the_tickets_wings_own() -> None:
    days = {row.day: DayKind(row.kind) in WORKING_KINDS for row in seed_days()}
    plain = Deadlines(Calendars.of([calendars.Office(uuid7(), "default", is_default=True, days=days)]))
    almanac = Almanac(plain.calendars)
    for moment in drawn(500):
        for kind, urgency in product(ClockKind, Urgency):
            subject, start = Subject(None, urgency), instant(moment)
            for halved in (False, kind is ClockKind.HANDLE):
                told = almanac.due(kind, subject, start=start, halved=halved)
                assert told == plain.due(kind, subject, start=start, halved=halved)


def test_people_report_within_the_year_and_mostly_in_office_hours() -> None:
    found = drawn(5000)
    assert found == sorted(found)
    assert NOW - timedelta(days=365) <= instant(found[0])
    assert instant(found[-1]) < NOW
    hours = Counter(instant(moment).astimezone(BUSINESS_ZONE).hour for moment in found)
    assert sum(hours[hour] for hour in (8, 9, 10, 11, 14, 15, 16, 17)) > 0.6 * len(found)


def test_a_small_demo_has_a_ticket_of_every_fate() -> None:
    assert set(fates(seeded("fates"), drawn(400), NOW.timestamp())) == set(Status)


def test_open_tickets_are_young_and_every_day_has_closed_ones() -> None:
    found = drawn(30_000)
    dealt = fates(seeded("fates"), found, NOW.timestamp())
    opened = [moment for moment, status in zip(found, dealt, strict=True) if status in OPEN_STATUSES]
    assert 0.02 < len(opened) / len(found) < 0.05
    assert min(opened) > (NOW - timedelta(days=25)).timestamp()
    closed = {
        instant(moment).date()
        for moment, status in zip(found, dealt, strict=True)
        if status is Status.CLOSED and moment > (NOW - timedelta(days=20)).timestamp()
    }
    assert len(closed) >= 20


def test_no_step_comes_after_now_or_before_the_one_before() -> None:
    office, rng, last = Office(CALENDAR, NOW), seeded("pace"), NOW - timedelta(hours=30)
    pace = Pace(office, NOW.timestamp())
    for _ in range(30):
        following = pace.within(rng, last, Limit(SlaUnit.WORK_MINUTES, 240), 0.05, 0.85)
        assert last < following < NOW
        last = following
