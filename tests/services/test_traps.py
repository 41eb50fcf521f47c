"""The field's traps that need time to pass: what exactly is due when, and who is charged for being late.

The traps of people, places and phones stand with the routers, those of two at once in `test_concurrency`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.errors import Conflict
from app.services.tickets.thresholds import Level
from tests.support.sweeping import Story, at

URBAN, FIRE = ("urban", "dept_handler"), ("fire", "dept_handler_fire")


async def clocks_of(story: Story, kind: str) -> Sequence[Any]:
    """Every clock of a kind, the first one first, by the keys of who held it."""
    names = {org.id: key for key, org in story.world.orgs.items()}
    return [(names.get(row["org_id"]), row) for row in await story.clocks(kind)]


async def in_time(story: Story, kind: str) -> bool:
    """What the newest event says of a clock that it stopped."""
    (told,) = [row for row in (await story.last())["data"]["clocks"]["stopped"] if row["kind"] == kind]
    verdict: bool = told["in_time"]
    return verdict


@pytest.mark.parametrize(
    ("reported", "due"),
    [
        (at("2026-02-13", 16, 45), at("2026-02-14", 11, 45)),
        (at("2026-09-30", 16, 45), at("2026-10-08", 11, 45)),
        (at("2026-12-31", 16, 45), at("2027-01-04", 11, 45)),
    ],
    ids=["before a make-up Saturday", "before National Day", "before a year that nobody has published"],
)
async def test_trap_1_a_ticket_of_a_quarter_to_five_is_accepted_on_the_next_day_of_work(
    story: Story, monkeypatch: pytest.MonkeyPatch, reported: datetime, due: datetime
) -> None:
    monkeypatch.setattr(clock, "now", lambda: reported)
    await story.report()
    accept = await story.clock("accept")
    assert (accept["due_at"], accept["provisional"]) == (due, due.year == 2027)


async def test_trap_1_a_clock_that_exactly_fills_the_afternoon_is_due_when_the_office_closes(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: at("2026-03-04", 11, 30))
    await story.to("dispatched")
    assert (await story.clock("sign"))["due_at"] == at("2026-03-04", 17, 30)


async def test_trap_6_two_declines_are_the_most_then_who_has_it_handles_it(story: Story) -> None:
    await story.to("dispatched")
    overall = await story.clock("overall")
    for (_org, who), (other, _who) in ((URBAN, FIRE), (FIRE, URBAN)):
        org_id = story.world.orgs[other].id
        await story.act(who, "decline", reason="wrong_duty", basis="权责清单", proposed_org_id=org_id)
        await story.act("dispatcher", "approve_decline", org_id=org_id)
    fire = story.world.orgs["fire"].id
    with pytest.raises(Conflict, match="Declined twice"):
        await story.act("dept_head", "decline", reason="wrong_duty", basis="权责清单", proposed_org_id=fire)
    ticket = await story.ticket()
    assert (ticket["decline_count"], ticket["dispatch_count"]) == (2, 3)
    assert [holder for holder, _row in await clocks_of(story, "handle")] == ["urban", "fire", "urban"]
    assert (await story.clock("overall"))["due_at"] == overall["due_at"]
    await story.act("dept_handler", "sign")


async def test_trap_6_who_held_the_clock_when_it_ran_out_is_charged_not_who_gets_the_ticket_next(
    story: Story,
) -> None:
    await story.to("processing")
    overall = await story.clock("overall")
    story.now = (await story.clock("handle"))["due_at"] + timedelta(hours=20)
    await story.act("dispatcher", "reroute", org_id=story.world.orgs["fire"].id, opinion="改派消防")
    assert not await in_time(story, "handle")
    await story.act("dept_handler_fire", "sign")
    story.now += timedelta(days=1)
    await story.act("dept_handler_fire", "resolve", resolution_type="solved", measures="已清运")
    assert await in_time(story, "handle")
    (first, late), (second, punctual) = await clocks_of(story, "handle")
    assert (first, late["stopped_at"] > late["due_at"]) == ("urban", True)
    assert (second, punctual["stopped_at"] < punctual["due_at"]) == ("fire", True)
    assert (punctual["unit"], punctual["amount"]) == (late["unit"], late["amount"])
    assert (await story.clock("overall"))["due_at"] == overall["due_at"]


async def test_trap_7_an_extension_approved_after_due_counts_from_the_old_deadline(story: Story) -> None:
    await story.to("processing")
    due_at = (await story.clock("handle"))["due_at"]
    assert due_at == at("2026-03-11", 17, 30)
    story.now = due_at - timedelta(hours=1)
    await story.act("dept_handler", "request_extension", amount=3, reason="season", opinion="连日暴雨")
    await story.sweep(due_at + timedelta(hours=20))
    assert (await story.clock("handle"))["level"] == Level.RED
    await story.act("dispatcher", "approve_extension")
    handle = await story.clock("handle")
    assert handle["due_at"] == at("2026-03-16", 17, 30)
    assert (handle["level"], handle["amount"]) == (Level.GREEN, 8)
    await story.sweep()
    assert (await story.clock("handle"))["level"] == Level.GREEN
    story.now = at("2026-03-16", 17)
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")
    assert await in_time(story, "handle")


async def test_trap_7_an_extension_that_comes_too_late_to_help_leaves_the_ticket_overdue(
    story: Story,
) -> None:
    await story.to("processing")
    story.now = at("2026-03-11", 17)
    await story.act("dept_handler", "request_extension", amount=1, reason="season", opinion="连日暴雨")
    story.now = at("2026-03-16", 9)
    await story.act("dispatcher", "approve_extension")
    assert (await story.clock("handle"))["due_at"] == at("2026-03-12", 17, 30)
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")
    assert not await in_time(story, "handle")


async def test_trap_7_nobody_asks_for_an_extension_once_it_is_due(story: Story) -> None:
    await story.to("processing")
    story.now = at("2026-03-11", 17, 30) + timedelta(seconds=1)
    with pytest.raises(Conflict, match="deadline has passed"):
        await story.act("dept_handler", "request_extension", amount=3, reason="season", opinion="连日暴雨")
