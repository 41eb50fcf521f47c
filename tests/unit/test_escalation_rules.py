"""When a rule rings: after its minutes, one after the other, and never in its quiet hours."""

from datetime import UTC, datetime, time, timedelta

import pytest

from app.core.clock import BUSINESS_ZONE
from app.models.message import EscalationRule
from app.services.mobile import rules

BEGAN = datetime(2026, 3, 4, 9, 0, tzinfo=BUSINESS_ZONE).astimezone(UTC)


def rule(
    channel: str, after: int, *, enabled: bool = True, quiet: tuple[str, str] | None = None
) -> EscalationRule:
    """A rule for tasks."""
    begin, end = (time.fromisoformat(at) for at in quiet) if quiet else (None, None)
    return EscalationRule(
        category="task",
        channel=channel,
        after_minutes=after,
        enabled=enabled,
        quiet_from=begin,
        quiet_until=end,
    )


SOME = [rule("sms", 60), rule("wecom", 15), rule("mail", 30, enabled=False)]


def test_the_soonest_rule_is_looked_at_first_and_each_once() -> None:
    assert rules.first_look(SOME, "task", BEGAN) == BEGAN + timedelta(minutes=15)
    assert rules.next_look(SOME, "task", BEGAN, escalated=15) == BEGAN + timedelta(minutes=60)
    assert rules.next_look(SOME, "task", BEGAN, escalated=60) is None
    assert rules.first_look(SOME, "answer", BEGAN) is None


def test_after_an_outage_all_that_was_passed_is_due_at_once_and_nothing_twice() -> None:
    late = BEGAN + timedelta(hours=5)
    found = rules.due(SOME, "task", BEGAN, escalated=0, now=late)
    assert {one.channel for one in found} == {"sms", "wecom"}
    assert rules.due(SOME, "task", BEGAN, escalated=60, now=late) == []
    (only,) = rules.due(SOME, "task", BEGAN, escalated=0, now=BEGAN + timedelta(minutes=15))
    assert only.channel == "wecom"


@pytest.mark.parametrize(
    ("quiet", "now", "rings"),
    [
        (("21:00", "07:30"), "2026-03-04T20:59", "2026-03-04T20:59"),
        (("21:00", "07:30"), "2026-03-04T21:00", "2026-03-05T07:30"),
        (("21:00", "07:30"), "2026-03-05T00:10", "2026-03-05T07:30"),
        (("21:00", "07:30"), "2026-03-05T07:29", "2026-03-05T07:30"),
        (("21:00", "07:30"), "2026-03-05T07:30", "2026-03-05T07:30"),
        (("12:00", "14:00"), "2026-03-04T11:59", "2026-03-04T11:59"),
        (("12:00", "14:00"), "2026-03-04T13:00", "2026-03-04T14:00"),
        (("12:00", "14:00"), "2026-03-04T14:00", "2026-03-04T14:00"),
        (None, "2026-03-04T03:00", "2026-03-04T03:00"),
    ],
)
def test_quiet_hours_are_by_the_clock_on_the_wall_and_may_pass_midnight(
    quiet: tuple[str, str] | None, now: str, rings: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=BUSINESS_ZONE)
    found = rules.not_before(rule("sms", 15, quiet=quiet), moment.astimezone(UTC))
    assert found == datetime.fromisoformat(rings).replace(tzinfo=BUSINESS_ZONE)
