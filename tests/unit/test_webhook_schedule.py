"""The schedule of attempts: ten in three days, then a message is given up, or whoever never answers."""

from datetime import UTC, datetime, timedelta

import pytest

from app.models.enums.third_party import WebhookDeliveryState
from app.services.exchange.webhooks.schedule import (
    LONGEST_REST,
    REST,
    SPAN,
    WAITS,
    Attempt,
    Verdict,
    rest,
    switched_off,
    verdict,
)

NOW = datetime(2026, 3, 4, 8, tzinfo=UTC)
BROKEN, SILENT = Attempt(500, None), Attempt(None, "timeout")


def test_ten_attempts_lie_within_three_days_ever_further_apart() -> None:
    assert len(WAITS) + 1 == 10
    assert timedelta(days=2, hours=22) < SPAN <= timedelta(days=3)
    assert list(WAITS) == sorted(WAITS)


@pytest.mark.parametrize(
    "failed", [BROKEN, SILENT, Attempt(301, None), Attempt(404, None), Attempt(410, None)]
)
def test_whatever_is_not_2xx_is_tried_again_until_the_attempts_are_used_up(failed: Attempt) -> None:
    for number, wait in enumerate(WAITS, start=1):
        found = verdict(failed, attempts=number, now=NOW)
        assert found == Verdict(WebhookDeliveryState.WAITING, NOW + wait)
    assert verdict(failed, attempts=len(WAITS) + 1, now=NOW) == Verdict(WebhookDeliveryState.FAILED)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_taken(status: int) -> None:
    assert verdict(Attempt(status, None), attempts=1, now=NOW) == Verdict(WebhookDeliveryState.DELIVERED)


def test_a_receiver_is_switched_off_when_it_says_so_or_takes_nothing_for_three_days() -> None:
    assert switched_off(Attempt(410, None), failing_since=NOW, now=NOW) == "gone"
    for failed in (BROKEN, SILENT):
        assert switched_off(failed, failing_since=NOW - SPAN, now=NOW) == "unreachable"
        assert switched_off(failed, failing_since=NOW - SPAN + timedelta(seconds=1), now=NOW) is None


@pytest.mark.parametrize(
    ("status", "pause", "found"),
    [
        (429, None, REST),
        (429, timedelta(seconds=1), REST),
        (429, timedelta(minutes=10), timedelta(minutes=10)),
        (429, timedelta(days=30), LONGEST_REST),
        (429, timedelta(minutes=-5), REST),
        (503, timedelta(minutes=10), timedelta(minutes=10)),
        (503, None, timedelta()),
        (500, timedelta(minutes=10), timedelta()),
        (200, timedelta(minutes=10), timedelta()),
    ],
)
def test_a_receiver_that_asks_for_a_pause_has_one_within_reason(
    status: int, pause: timedelta | None, found: timedelta
) -> None:
    assert rest(Attempt(status, None, pause=pause)) == found
