"""What the sweep does to one ticket: escalate, close, resume, let lapse, remind, archive."""

from datetime import date, timedelta

from app.models.enums import Urgency
from tests.support.sweeping import Story, at

SECOND = timedelta(seconds=1)
SEVEN_DAYS, NINETY_DAYS = timedelta(days=7), timedelta(days=90)


async def test_what_came_back_from_above_does_not_go_up_again_by_itself(story: Story) -> None:
    await story.to("processing")
    await story.sweep(at("2026-03-20", 9))
    await story.sweep(at("2026-03-20", 9, 1))
    assert (await story.ticket())["status"] == "escalating"
    await story.act("supervisor", "decide", decision="send_back", opinion="请继续办理")
    for day in range(21, 32):
        await story.sweep(at(date(2026, 3, day), 18))
    ticket = await story.ticket()
    assert (ticket["status"], ticket["handling_level"]) == ("processing", 1)
    assert (await story.events()).count("escalate 2") == 1


async def test_what_waits_for_an_approval_goes_up_only_when_that_is_decided(story: Story) -> None:
    await story.to("processing")
    await story.sweep(at("2026-03-18", 9))
    await story.act(
        "dept_handler", "request_suspend", reason="funds", resume_on=date(2026, 6, 1), opinion="待立项"
    )
    await story.sweep(at("2026-03-20", 9))
    assert (await story.ticket())["status"] == "processing"
    await story.act("dispatcher", "deny_suspend", opinion="不同意挂起")
    await story.sweep(at("2026-03-20", 9, 59))
    assert (await story.ticket())["status"] == "processing"
    await story.sweep(at("2026-03-20", 10, 1))
    assert (await story.ticket())["status"] == "escalating"


async def test_a_satisfied_ticket_is_closed_by_the_system_when_its_close_clock_ends(story: Story) -> None:
    await story.to("evaluating")
    await story.act("dispatcher_2", "evaluate", evaluated_by="resident", satisfaction="very", solved="solved")
    due_at = (await story.clock("close"))["due_at"]
    await story.sweep(due_at - SECOND)
    assert (await story.ticket())["status"] == "evaluating"
    await story.sweep(due_at + SECOND)
    assert (await story.ticket())["status"] == "closed"
    assert await story.events() == ["close"]
    assert await story.told("clock.red") == []


async def test_an_exempt_ticket_is_closed_by_the_system_too(story: Story) -> None:
    await story.to("resolved", source="iot")
    await story.sweep(at("2026-03-06", 17, 31))
    assert (await story.ticket())["status"] == "closed"


async def test_who_is_not_satisfied_is_not_closed_by_the_system_even_where_a_person_may(story: Story) -> None:
    await story.to("processing")
    explained = {"resolution_type": "explained", "measures": "已说明政策"}
    await story.act("dept_handler", "resolve", **explained)
    unhappy = {"solved": "unsolved", "satisfaction": "dissatisfied"}
    await story.act("revisit_agent", "revisit", method="phone", reached=True, **unhappy)
    await story.act("dispatcher_2", "evaluate", evaluated_by="resident", **unhappy)
    await story.sweep((await story.clock("close"))["due_at"] + SECOND)
    assert (await story.ticket())["status"] == "evaluating"
    await story.act("dispatcher_2", "close", opinion="已解释清楚，诉求超出职责")
    assert (await story.ticket())["status"] == "closed"


async def test_what_the_system_signed_is_taken_up_by_the_first_who_does(story: Story) -> None:
    await story.to("dispatched")
    await story.sweep(at("2026-03-06", 18))
    await story.sweep(at("2026-03-06", 18, 1))
    ticket = await story.ticket()
    assert (ticket["status"], ticket["handler_id"]) == ("processing", None)
    await story.act("dept_handler", "sign")
    assert (await story.ticket())["handler_id"] == story.cast["dept_handler"].member_id
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")


async def test_what_may_not_be_closed_turns_red_and_its_dispatcher_hears(story: Story) -> None:
    await story.to("resolved")
    unhappy = {"solved": "unsolved", "satisfaction": "dissatisfied"}
    await story.act("revisit_agent", "revisit", method="phone", reached=True, **unhappy)
    await story.act("dispatcher_2", "evaluate", evaluated_by="resident", **unhappy)
    due_at = (await story.clock("close"))["due_at"]
    for _ in range(2):
        await story.sweep(due_at + SECOND)
    assert (await story.ticket())["status"] == "evaluating"
    assert await story.events() == ["urge close"]
    assert (await story.notices())[-1] == "clock.red close"


async def test_a_suspended_ticket_resumes_when_its_day_begins_where_the_business_lives(story: Story) -> None:
    await story.to("processing")
    await story.suspend(date(2026, 3, 20))
    left = await story.clock("handle")
    await story.sweep(at("2026-03-19", 23, 59, 59))
    assert (await story.ticket())["status"] == "suspended"
    await story.sweep(at("2026-03-20", 0, 0, 1))
    ticket = await story.ticket()
    assert (ticket["status"], ticket["resume_on"], ticket["next_at"]) == ("processing", None, None)
    handle = await story.clock("handle")
    assert handle["paused_at"] is None
    assert handle["due_at"] - left["due_at"] == timedelta(days=16)


async def test_a_suspended_ticket_is_reviewed_every_thirty_days_and_asked_about_once(story: Story) -> None:
    await story.to("processing")
    await story.suspend(date(2026, 9, 1))
    asked = []
    for day in range(1, 100):
        await story.sweep(at(date(2026, 3, 4) + timedelta(days=day), 9))
        asked.append((await story.notices()).count("suspension.review"))
        if day == 50:
            story.now = at(date(2026, 3, 4) + timedelta(days=day + 1), 8)
            until = date(2026, 10, 1)
            await story.act("dispatcher", "review_suspension", resume_on=until, opinion="仍待立项")
    assert [asked.index(count) + 1 for count in (1, 2)] == [30, 81]
    assert asked[-1] == 2
    (told, _again) = [
        told for told in await story.told("notice.holder") if told["notice"] == "suspension.review"
    ]
    assert told["role"] == "dispatcher"


async def test_what_nobody_evaluates_lapses_after_seven_days_and_is_then_closed(story: Story) -> None:
    await story.to("evaluating")
    entered = story.now
    await story.sweep(entered + SEVEN_DAYS - SECOND)
    assert await story.events() == []
    await story.sweep(entered + SEVEN_DAYS + SECOND)
    assert await story.events() == ["lapse"]
    assert (await story.ticket())["satisfaction"] == "very"
    await story.sweep((await story.clock("close"))["due_at"] + SECOND)
    assert await story.events() == ["lapse", "close"]


async def test_what_was_evaluated_does_not_lapse(story: Story) -> None:
    await story.to("evaluating", Urgency.COMPLEX)
    await story.act("dispatcher_2", "evaluate", evaluated_by="resident", satisfaction="very", solved="solved")
    assert (await story.ticket())["next_at"] is None
    await story.sweep(story.now + SEVEN_DAYS)
    assert "lapse" not in await story.events()


async def test_a_reporter_is_reminded_once_of_what_is_missing_after_a_working_day(story: Story) -> None:
    await story.report()
    await story.act("dispatcher", "return_for_info", reason="incomplete", opinion="请补充门牌号")
    await story.sweep(at("2026-03-05", 17, 29))
    assert await story.told("notice.reporter") == []
    for day in (5, 6, 9):
        await story.sweep(at(date(2026, 3, day), 17, 31))
    assert [told["notice"] for told in await story.told("notice.reporter")] == ["supplement"]
    assert (await story.ticket())["version"] == 2


async def test_a_supplement_in_time_saves_the_reminder(story: Story) -> None:
    await story.report()
    await story.act("dispatcher", "return_for_info", reason="incomplete", opinion="请补充门牌号")
    await story.act("grid_worker", "submit", opinion="门牌是 12 号")
    await story.sweep(at("2026-03-09", 9))
    assert await story.told("notice.reporter") == []


async def test_an_ended_ticket_is_archived_after_ninety_days(story: Story) -> None:
    await story.report()
    await story.act("dispatcher", "reject", reason="not_ours", opinion="属于邻镇")
    ended = story.now
    await story.sweep(ended + NINETY_DAYS - SECOND)
    assert (await story.ticket())["archived_at"] is None
    for _ in range(2):
        await story.sweep(ended + NINETY_DAYS + SECOND)
    assert (await story.ticket())["archived_at"] is not None
    assert await story.events() == ["archive"]


async def test_a_ticket_that_lives_again_is_not_archived(story: Story) -> None:
    await story.report()
    await story.act("dispatcher", "reject", reason="not_ours", opinion="属于邻镇")
    await story.act("grid_worker", "appeal", opinion="就在本镇")
    await story.sweep(story.now + NINETY_DAYS + SECOND)
    ticket = await story.ticket()
    assert (ticket["status"], ticket["archived_at"]) == ("reported", None)


async def test_a_merged_ticket_goes_to_the_archive_with_its_master(story: Story) -> None:
    master = await story.report()
    merged = await story.report()
    await story.act("dispatcher", "merge", master_id=master)
    await story.sweep(story.now + NINETY_DAYS + SECOND)
    assert (await story.ticket())["archived_at"] is None
    story.id = master
    await story.act("dispatcher", "reject", reason="not_ours", opinion="属于邻镇")
    await story.sweep(story.now + NINETY_DAYS + SECOND)
    assert (await story.ticket())["archived_at"] is not None
    story.id = merged
    await story.sweep(story.now + timedelta(days=1))
    assert (await story.ticket())["archived_at"] is not None
