"""Clocks that pause, resume, are extended, halved and given other limits, beside somebody who counts.

Any office's hours and holidays; the organisation that holds the clock works by them, not by the default.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.services.platform.calendars import Calendars, Office
from app.services.platform.worktime import Calendar
from app.services.tickets import clocks
from app.services.tickets.clocks import Clock, Terms
from app.services.tickets.deadlines import Deadlines, Holder, Subject
from app.services.tickets.limits import Limit
from app.services.tickets.sla import Policy
from app.services.tickets.thresholds import Level
from app.services.tickets.workflow import Clocks
from tests.support.counting import DAY, EAST_8, MINUTE, cases, minutes_of_a_day, works_at, works_on

HANDLE = (ClockKind.HANDLE,)
START, PAUSE, RESUME, NOTHING = Clocks(starts=HANDLE), Clocks(pauses=HANDLE), Clocks(resumes=HANDLE), Clocks()
DEFAULT, OWN, ORG = UUID(int=1), UUID(int=2), UUID(int=3)
BEFORE, AFTER = Urgency.NORMAL, Urgency.COMPLEX
WALL, MINUTES, DAYS = SlaUnit.WALL_MINUTES, SlaUnit.WORK_MINUTES, SlaUnit.WORK_DAYS
some_units = st.sampled_from(SlaUnit)


def ticks(calendar: Calendar, unit: SlaUnit, begin: datetime, end: datetime) -> int:
    """Count the units between two whole minutes one by one."""
    if unit is WALL:
        return (end - begin) // MINUTE
    if unit is MINUTES:
        return sum(works_at(calendar, begin + n * MINUTE) for n in range((end - begin) // MINUTE))
    first, last = begin.astimezone(EAST_8).date(), end.astimezone(EAST_8).date()
    return sum(works_on(calendar, first + n * DAY) for n in range(1, (last - first).days + 1))


@dataclass
class Story:
    """A handle clock of an organisation with a calendar of its own, and when it stood still."""

    calendar: Calendar
    limits: dict[Urgency, Limit]
    started: datetime
    halved: bool = False
    extended: int = 0
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    now: datetime = field(init=False)
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        hours, seasons, days = self.calendar.segments, self.calendar.seasons, self.calendar.days
        own = Office(OWN, "own", segments=hours, seasons=seasons, days=days)
        calendars = Calendars.of((Office(DEFAULT, "default", is_default=True), own))
        policies = [
            Policy(UUID(int=9 + number), ClockKind.HANDLE, limit, urgency=urgency)
            for number, (urgency, limit) in enumerate(self.limits.items())
        ]
        self.held = Deadlines(calendars, policies, {ORG: Holder(AreaLevel.TOWN, OWN)})
        self.now = self.started
        made = clocks.change(
            START, open_clocks=(), terms=self.terms(BEFORE), now=self.started, halved=self.halved
        )
        (self.clock,) = made.started

    def terms(self, urgency: Urgency, before: Urgency | None = None) -> Terms:
        """What the ticket is, and what it was."""
        was = Subject("0501", before) if before else None
        return Terms(self.held, Subject("0501", urgency), ORG, was)

    def turn(self, effect: Clocks, terms: Terms | None = None, **more: Any) -> None:
        """Let something happen to the clock."""
        terms = terms or self.terms(BEFORE)
        made = clocks.change(effect, open_clocks=(self.clock,), terms=terms, now=self.now, **more)
        self.clock = (*made.paused, *made.resumed, *made.moved, self.clock)[0]

    def change(self, urgency: Urgency, before: Urgency) -> None:
        """Change what the ticket is."""
        self.turn(NOTHING, self.terms(urgency, before))

    def pause(self, minutes: int) -> None:
        """Stand still for so long."""
        paused = self.now
        self.turn(PAUSE)
        self.now += minutes * MINUTE
        self.turn(RESUME)
        self.pauses.append((paused, self.now))

    def extend(self, amount: int) -> None:
        """Get some more of its units."""
        self.turn(NOTHING, extended=amount)
        self.extended += amount

    def ran(self, until: datetime) -> int:
        """How many of its units it has run for, counted one by one."""
        unit = self.clock.unit
        stood = sum(ticks(self.calendar, unit, *pause) for pause in self.pauses)
        return ticks(self.calendar, unit, self.started, until) - stood


def amounts(calendar: Calendar, unit: SlaUnit) -> st.SearchStrategy[int]:
    """Limits of a few days at most, in fives."""
    most = {WALL: 3000, MINUTES: 2 * minutes_of_a_day(calendar), DAYS: 10}[unit]
    return st.integers(1, max(1, most // 5)).map(lambda fifths: fifths * 5)


@st.composite
def stories(
    draw: st.DrawFn, units: st.SearchStrategy[SlaUnit] = some_units, then: SlaUnit | None = None
) -> Story:
    """A clock that has paused and been extended some times, always before it was due."""
    calendar, start = draw(cases())
    unit = draw(units)
    limits = {
        BEFORE: Limit(unit, draw(amounts(calendar, unit))),
        AFTER: Limit(then or unit, draw(amounts(calendar, then or unit))),
    }
    story = Story(calendar, limits, start, halved=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        left = (_last_moment(story) - story.now) // MINUTE
        if left < 0:
            break
        story.now += draw(st.integers(0, left)) * MINUTE
        if draw(st.booleans()):
            story.pause(draw(st.integers(0, 3000)))
        else:
            story.extend(draw(amounts(calendar, unit)))
    return story


def _last_moment(story: Story) -> datetime:
    """Up to when it is certainly not overdue, and has whole units left."""
    if story.clock.unit is not DAYS:
        return story.clock.due_at
    return datetime.combine(story.clock.due_at.astimezone(EAST_8), time(), EAST_8) - MINUTE


def half_of(limit: Limit) -> int:
    """Half, rounded up; of time on the wall at least an hour."""
    return max((limit.amount + 1) // 2, 60 if limit.unit is WALL else 1)


def whole(story: Story, urgency: Urgency = BEFORE) -> int:
    """What the clock may run for."""
    limit = story.limits[urgency]
    return (half_of(limit) if story.halved else limit.amount) + story.extended


@settings(deadline=None)
@given(stories())
def test_a_clock_is_due_when_it_has_run_for_its_limit_however_often_it_stood_still(story: Story) -> None:
    assert story.clock.amount == whole(story)
    assert story.ran(story.clock.due_at) == whole(story)


@settings(deadline=None)
@given(stories(st.sampled_from([WALL, MINUTES])))
def test_a_clock_turns_yellow_when_it_has_run_for_four_fifths_of_its_limit(story: Story) -> None:
    warned, total = story.clock.next_at, whole(story)
    assert warned is not None
    # Where four fifths had run before the last thing happened, it is yellow at once.
    if story.ran(story.now) * 5 >= total * 4:
        assert warned <= story.now
    else:
        # What is left of a part of a minute is not a minute that has run.
        assert story.ran(warned) == total * 4 // 5


@settings(deadline=None)
@given(stories(), st.integers(1, 3000), st.integers(1, 3000))
def test_what_is_overdue_when_it_stops_running_is_no_less_overdue_when_it_runs_again(
    story: Story, late: int, stood: int
) -> None:
    due_at = story.clock.due_at
    story.now = max(story.now, due_at) + late * MINUTE
    story.pause(stood)
    assert story.clock.due_at == due_at


@settings(deadline=None)
@given(stories(), st.integers(1, 3000), st.data())
def test_an_extension_counts_from_the_deadline_even_when_that_has_passed(
    story: Story, late: int, data: st.DataObject
) -> None:
    due_at = story.clock.due_at
    story.now = max(story.now, due_at) + late * MINUTE
    more = data.draw(amounts(story.calendar, story.clock.unit))
    story.extend(more)
    assert ticks(story.calendar, story.clock.unit, due_at, story.clock.due_at) == more


@settings(deadline=None)
@given(stories())
def test_a_changed_limit_keeps_pauses_extensions_and_the_half_of_a_rework(story: Story) -> None:
    story.change(AFTER, BEFORE)
    assert story.clock.amount == whole(story, AFTER)
    # A shorter limit ends before pauses that came later, and they count all the same.
    if whole(story, AFTER) >= whole(story):
        assert story.ran(story.clock.due_at) == whole(story, AFTER)
    story.pause(600)
    assert story.clock.paused_at is None


@settings(deadline=None)
@given(stories(), some_units, st.data())
def test_a_change_there_and_back_leads_to_the_same_deadline(
    story: Story, other: SlaUnit, data: st.DataObject
) -> None:
    limits = {**story.limits, AFTER: Limit(other, data.draw(amounts(story.calendar, other)))}
    twice = Story(story.calendar, limits, story.started, story.halved)
    twice.clock, twice.now = story.clock, story.now
    twice.change(AFTER, BEFORE)
    twice.change(BEFORE, AFTER)
    assert (twice.clock.due_at, twice.clock.unit) == (story.clock.due_at, story.clock.unit)
    if other is story.clock.unit:
        # Counted over a day that is a guess, on the way there: then it is called one, which is only careful.
        assert twice.clock.provisional or not story.clock.provisional
        assert replace(twice.clock, provisional=story.clock.provisional) == story.clock


@settings(deadline=None)
@given(cases(), some_units, some_units, st.booleans(), st.data())
def test_a_clock_that_never_stood_still_gets_the_deadline_of_what_the_ticket_has_become(
    case: tuple[Calendar, datetime], unit: SlaUnit, other: SlaUnit, halved: bool, data: st.DataObject
) -> None:
    calendar, start = case
    limits = {
        BEFORE: Limit(unit, data.draw(amounts(calendar, unit))),
        AFTER: Limit(other, data.draw(amounts(calendar, other))),
    }
    changed = Story(calendar, limits, start, halved)
    changed.now += data.draw(st.integers(0, 3000)) * MINUTE
    changed.change(AFTER, BEFORE)
    fresh = Story(calendar, {BEFORE: limits[AFTER]}, start, halved)
    assert changed.clock == fresh.clock


def test_a_paused_clock_that_gets_another_limit_stays_paused_and_runs_on_by_it() -> None:
    start = datetime(2026, 3, 4, 9, tzinfo=EAST_8)
    days = {start.date() + n * DAY: n % 7 not in {3, 4} for n in range(60)}
    story = Story(Calendar(days=days), {BEFORE: Limit(DAYS, 5), AFTER: Limit(DAYS, 15)}, start)
    story.now = datetime(2026, 3, 5, 10, tzinfo=EAST_8)
    story.turn(PAUSE)
    story.change(AFTER, BEFORE)
    assert story.clock.paused_at == story.now
    story.now = datetime(2026, 3, 12, 10, tzinfo=EAST_8)
    story.turn(RESUME, story.terms(AFTER))
    # One of fifteen days had run; the fourteenth working day after the 12th of March is the 1st of April.
    assert story.clock.due_at == datetime(2026, 4, 1, 17, 30, tzinfo=EAST_8)
    assert story.clock.level is Level.GREEN


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(Limit(DAYS, 5), 3), (Limit(DAYS, 1), 1), (Limit(WALL, 90), 60), (Limit(WALL, 1440), 720)],
)
def test_a_rework_starts_a_clock_with_half_the_limit(limit: Limit, expected: int) -> None:
    start = datetime(2026, 3, 4, 9, tzinfo=EAST_8)
    story = Story(Calendar(), {BEFORE: limit}, start, halved=True)
    assert story.clock.amount == expected
    assert story.ran(story.clock.due_at) == expected
