"""What time alone does to a clock: to the second, once a level, by the rules of the table."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from app.models.enums import Urgency
from tests.support.sweeping import WEDNESDAY, Story, at

SECOND = timedelta(seconds=1)
# Of a ticket dispatched on Wednesday morning with five working days to handle it.
YELLOW, RED = at("2026-03-10", 17, 30), at("2026-03-11", 17, 30)
YELLOW_CARD, RED_CARD = at("2026-03-12", 17, 30), at("2026-03-16", 17, 30)
HIGHER = at("2026-03-19", 17, 30)


def of_handle(told: Sequence[str]) -> list[str]:
    """What is about the handle clock."""
    return [entry for entry in told if "handle" in entry or "escalate" in entry]


@pytest.mark.parametrize(
    ("urgency", "yellow", "red"),
    [
        (Urgency.CRITICAL, at(WEDNESDAY, 8, 42), at(WEDNESDAY, 8, 45)),
        (Urgency.URGENT, at(WEDNESDAY, 9, 18), at(WEDNESDAY, 9, 30)),
        (Urgency.NORMAL, at(WEDNESDAY, 11, 42), at(WEDNESDAY, 14, 30)),
        (Urgency.COMPLEX, at("2026-03-05", 16, 6), at("2026-03-05", 17, 30)),
    ],
)
async def test_a_clock_is_yellow_with_a_fifth_left_and_red_when_due_to_the_second(
    story: Story, urgency: Urgency, yellow: datetime, red: datetime
) -> None:
    await story.report(urgency)
    seen = []
    for moment in (yellow - SECOND, yellow + SECOND, red - SECOND, red + SECOND):
        await story.sweep(moment)
        seen.append((await story.clock("accept"))["level"])
    assert seen == [0, 1, 1, 2]
    assert await story.events() == ["urge accept"]
    assert await story.notices() == ["clock.yellow accept", "clock.red accept"]
    (red_told,) = await story.told("clock.red")
    assert (red_told["clock"], red_told["seq"], red_told["lead_org_id"]) == ("accept", 2, None)


async def test_an_overdue_handle_clock_is_urged_gets_its_cards_and_goes_up(story: Story) -> None:
    await story.to("processing")
    grown = []
    for moment in (YELLOW, RED, YELLOW_CARD, RED_CARD, HIGHER):
        await story.sweep(moment - SECOND)
        before = len(of_handle(await story.events()))
        await story.sweep(moment + SECOND)
        grown.append(of_handle(await story.events())[before:])
    assert grown == [
        [],
        ["urge handle"],
        ["supervise handle yellow"],
        ["supervise handle red"],
        ["escalate 2"],
    ]
    assert of_handle(await story.notices()) == [
        "clock.yellow handle",
        "clock.red handle",
        "card.yellow handle",
        "card.red handle",
    ]
    assert [told["notice"] for told in await story.told("notice.leaders")] == ["card.red"]
    ticket = await story.ticket()
    assert (ticket["status"], ticket["handling_level"], ticket["supervise_level"]) == ("escalating", 2, "red")


async def test_twice_a_short_limit_comes_before_the_yellow_card_and_takes_its_place(story: Story) -> None:
    await story.to("processing", Urgency.URGENT)
    due = at("2026-03-05", 8, 30)
    await story.sweep(due + SECOND)
    await story.sweep(due + timedelta(days=1) - SECOND)
    assert of_handle(await story.events()) == ["urge handle"]
    await story.sweep(due + timedelta(days=1) + SECOND)
    await story.sweep(at("2026-03-06", 18))
    assert of_handle(await story.events()) == ["urge handle", "supervise handle red"]


async def test_however_often_it_runs_each_level_comes_once(story: Story) -> None:
    await story.to("dispatched")
    moment = story.now
    while moment < RED_CARD:
        moment += timedelta(hours=3)
        await story.sweep(moment)
        swept = await story.sweep(moment + SECOND)
        assert (swept.clocks, swept.tickets, swept.steps) == (0, 0, 0)
    told = await story.events()
    assert sorted(told) == sorted(set(told))
    assert len(await story.notices()) == len(set(await story.notices()))


async def test_after_a_week_without_a_sweep_all_levels_are_recorded_and_the_highest_gives_notice(
    story: Story,
) -> None:
    await story.to("processing")
    await story.sweep(RED_CARD + timedelta(minutes=5))
    assert of_handle(await story.events()) == [
        "urge handle",
        "supervise handle yellow",
        "supervise handle red",
    ]
    assert of_handle(await story.notices()) == ["card.red handle"]
    assert len(await story.told("notice.leaders")) == 1
    assert [told["clock"] for told in await story.told("clock.red")].count("handle") == 1
    assert (await story.ticket())["supervise_level"] == "red"


async def test_a_ticket_that_nobody_was_given_is_urged_too_and_its_dispatcher_hears(story: Story) -> None:
    await story.to("accepted")
    await story.sweep(at("2026-03-05", 18))
    assert await story.events() == ["urge dispatch"]
    (told,) = await story.told("notice.holder")
    assert (told["role"], told["member_id"], told["lead_org_id"]) == ("dispatcher", None, None)


async def test_who_holds_the_clock_is_who_is_told(story: Story) -> None:
    await story.to("processing")
    await story.sweep(YELLOW + SECOND)
    handle = next(told for told in await story.told("notice.holder") if told["clock"] == "handle")
    assert handle["role"] == "dept_handler"
    assert handle["member_id"] == str(story.world["dept_handler"].member_id)
    assert handle["lead_org_id"] == str(story.world.orgs["urban"].id)


async def test_a_paused_clock_reaches_nothing(story: Story) -> None:
    await story.report()
    await story.act("dispatcher", "return_for_info", reason="incomplete", opinion="请补充门牌号")
    await story.sweep(at("2026-06-01", 9))
    accept = await story.clock("accept")
    assert (accept["level"], accept["stopped_at"]) == (0, None)
    assert await story.events() == ["urge overall"]


async def test_a_pause_gives_no_level_a_second_time(story: Story) -> None:
    await story.to("processing")
    await story.sweep(YELLOW + SECOND)
    await story.suspend(date(2026, 4, 1))
    await story.sweep(at("2026-04-01", 0, 1))
    assert (await story.ticket())["status"] == "processing"
    await story.sweep(at("2026-04-01", 9))
    assert of_handle(await story.notices()) == ["clock.yellow handle"]
    due_at = (await story.clock("handle"))["due_at"]
    await story.sweep(due_at + SECOND)
    assert of_handle(await story.notices()) == ["clock.yellow handle", "clock.red handle"]


async def test_a_pause_after_the_deadline_does_not_count_towards_the_cards(story: Story) -> None:
    await story.to("processing")
    await story.sweep(at("2026-03-12", 10))
    await story.suspend(date(2026, 4, 1))
    await story.sweep(at("2026-04-01", 0, 1))
    await story.sweep(at("2026-04-01", 15, 59))
    assert of_handle(await story.events()) == ["urge handle"]
    await story.sweep(at("2026-04-01", 16, 1))
    assert of_handle(await story.events()) == ["urge handle", "supervise handle yellow"]
    await story.sweep(at("2026-04-03", 15, 59))
    assert len(of_handle(await story.events())) == 2
    await story.sweep(at("2026-04-03", 16, 1))
    assert of_handle(await story.events())[2:] == ["supervise handle red"]


async def test_an_extension_makes_the_clock_green_again(story: Story) -> None:
    await story.to("processing")
    story.now = at("2026-03-11", 9)
    await story.act("dept_handler", "request_extension", amount=5, reason="season", opinion="连日暴雨")
    await story.sweep(RED + SECOND)
    assert (await story.clock("handle"))["level"] == 2
    await story.act("dispatcher", "approve_extension")
    assert (await story.clock("handle"))["level"] == 0
    await story.sweep(at("2026-03-16", 17, 29))
    assert of_handle(await story.events()) == ["urge handle"]
    await story.sweep(at("2026-03-18", 17, 31))
    assert of_handle(await story.events()) == ["urge handle", "urge handle"]


async def test_the_system_gives_no_card_where_a_supervisor_gave_a_higher_one(story: Story) -> None:
    await story.to("processing")
    await story.act("supervisor", "supervise", level="red")
    await story.sweep(RED_CARD + SECOND)
    assert of_handle(await story.events()) == ["urge handle"]
    assert of_handle(await story.notices()) == ["clock.red handle"]
    assert await story.told("notice.leaders") == []


async def test_who_does_not_sign_is_signed_for_at_twice_the_limit_and_late(story: Story) -> None:
    await story.to("dispatched")
    due_at = (await story.clock("sign"))["due_at"]
    assert due_at - at(WEDNESDAY, 14, 30) < SECOND
    await story.sweep(at("2026-03-05", 9, 29))
    assert (await story.ticket())["status"] == "dispatched"
    await story.sweep(at("2026-03-05", 9, 31))
    ticket = await story.ticket()
    assert (ticket["status"], ticket["handler_id"]) == ("processing", None)
    assert (await story.events())[-1] == "sign"
    assert (await story.last())["data"]["clocks"]["stopped"] == [
        {"kind": "sign", "due_at": due_at.isoformat(), "in_time": False, "met": True}
    ]


@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.COMPLEX])
async def test_a_year_that_is_not_published_stops_nothing(story: Story, urgency: Urgency) -> None:
    story.now = at("2029-12-28", 9)
    await story.to("dispatched", urgency)
    assert (await story.clock("handle"))["provisional"]
    await story.sweep(at("2030-02-20", 9))
    assert (await story.ticket())["status"] == "escalating"
    told = await story.events()
    assert of_handle(told)[:2] == ["urge handle", "supervise handle yellow"]
    assert told[-2:] == ["sign", "escalate 2"]
