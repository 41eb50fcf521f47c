"""The overview: the caller's own figures, exact to the minute, and 304 exactly while nothing changed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.ids import uuid7
from app.core.writes import together
from app.models.enums import Role
from app.models.staff import Post
from app.models.ticket import Ticket
from app.services.platform import outbox
from app.services.stats import overview
from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.world import World

FIGURES = "/v1/stats/overview"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
WITHOUT_FIGURES = {"grid_assistant", "system_admin", "auditor", "former", "newcomer", "disabled"}


@pytest.fixture
def noon(world: World, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The clock stands a little after a full minute, so that no minute ends in between."""
    for who in (*world.people, "api_client"):
        world.token(who)
    moment = clock.now().replace(second=20, microsecond=0)
    set_clock(monkeypatch, moment)
    return moment


@pytest.mark.usefixtures("noon")
async def test_nothing_changed_is_304_with_the_same_mark_and_no_body(api: Api, world: World) -> None:
    await Loop(api, world).report()
    first = await ask(api, "dispatcher")
    again = await ask(api, "dispatcher", first)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"


@pytest.mark.usefixtures("noon")
async def test_a_step_by_anybody_in_scope_changes_the_figures_and_the_mark(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    seen = await ask(api, "village_admin")
    assert seen.json()["stages"]["report"] == 1
    for who, body in loop.story():
        await loop.act(who, **body)
        fresh = await ask(api, "village_admin", seen)
        assert fresh.status_code == 200, body["action"]
        assert fresh.headers["etag"] != seen.headers["etag"]
        seen = fresh
    assert (seen.json()["open"], seen.json()["closed"], seen.json()["reported"]) == (0, 1, 1)


@pytest.mark.usefixtures("noon")
async def test_a_refused_step_changes_nothing(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report()
    seen = await ask(api, "dispatcher")
    assert (await loop.try_("dispatcher", action="close")).status_code == 409
    assert (await ask(api, "dispatcher", seen)).status_code == 304


@pytest.mark.usefixtures("noon")
async def test_no_two_who_see_different_tickets_share_a_mark(api: Api) -> None:
    marks = {}
    for who in (
        "dispatcher",
        "village_admin",
        "village_admin_b",
        "grid_worker",
        "dept_head",
        "dept_head_fire",
    ):
        for period in ("today", "week", "month", "year"):
            marks[who, period] = (await ask(api, who, period=period)).headers["etag"]
    assert len(set(marks.values())) == len(marks)


async def test_a_new_minute_is_a_new_answer(
    api: Api, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await ask(api, "dispatcher")
    assert datetime.fromisoformat(seen.json()["as_of"]) == noon.replace(second=0)
    set_clock(monkeypatch, noon.replace(second=59, microsecond=999_999))
    assert (await ask(api, "dispatcher", seen)).status_code == 304
    set_clock(monkeypatch, noon.replace(second=0) + MINUTE)
    fresh = await ask(api, "dispatcher", seen)
    assert fresh.status_code == 200
    assert datetime.fromisoformat(fresh.json()["as_of"]) == noon.replace(second=0) + MINUTE


@pytest.mark.parametrize("seconds", [0, 30])
async def test_overdue_counts_from_the_first_full_minute_after_the_deadline(
    api: Api,
    world: World,
    session: AsyncSession,
    noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
) -> None:
    loop = Loop(api, world)
    await loop.report()
    due = noon.replace(second=0) + 5 * MINUTE + seconds * SECOND
    await session.execute(update(Ticket).where(Ticket.id == UUID(loop.id)).values(due_at=due))
    await session.commit()
    minute_after = noon.replace(second=0) + 6 * MINUTE
    for moment, overdue in ((due, 0), (minute_after - SECOND, 0), (minute_after, 1)):
        set_clock(monkeypatch, moment)
        assert (await ask(api, "dispatcher")).json()["overdue"] == overdue, moment


@pytest.mark.usefixtures("noon")
async def test_a_share_of_nothing_is_null_and_answers_that_are_none_do_not_count(
    api: Api, world: World
) -> None:
    empty = (await ask(api, "dispatcher")).json()["satisfaction"]
    assert empty == {"numerator": 0, "denominator": 0, "rate": None}
    for number, satisfaction in enumerate(("unevaluated", "very", "basically", "dissatisfied"), start=1):
        loop = Loop(api, world)
        await loop.to("resolved")
        await loop.revisit()
        answer = {"evaluated_by": "resident", "satisfaction": satisfaction, "solved": "solved"}
        await loop.act("dispatcher_2", action="evaluate", **answer)
        if satisfaction != "dissatisfied":
            await loop.act("dispatcher", action="close")
        figures = (await ask(api, "dispatcher")).json()
        assert figures["closed"] == min(number, 3)
    assert figures["satisfaction"] == {"numerator": 2, "denominator": 2, "rate": 1.0}


@pytest.mark.usefixtures("noon")
async def test_every_role_has_the_figures_of_the_tickets_that_it_lists(
    api: Api, world: World, session: AsyncSession
) -> None:
    await a_varied_town(api, world, session)
    compared = set()
    for who in (*world.people, "api_client"):
        reply = await ask(api, who)
        if who in WITHOUT_FIGURES:
            assert reply.status_code in {401, 403}, who
            continue
        listed = await all_tickets(api, "dispatcher" if who == "statistician" else who)
        figures, still_open = reply.json(), [item for item in listed if not item["closed_at"]]
        stages = Counter(item["stage"] for item in still_open)
        assert {stage: count for stage, count in figures["stages"].items() if count} == stages, who
        assert figures["open"] == len(still_open), who
        assert figures["reported"] == len(listed), who
        assert figures["closed"] == sum(item["status"] == "closed" for item in listed), who
        compared.add(len(listed))
    assert len(compared) > 4, "the people of the world see different numbers of tickets"


@pytest.mark.parametrize(
    ("now", "period", "start", "end"),
    [
        ("2026-03-01T15:59:59Z", "today", "2026-02-28T16:00Z", "2026-03-01T16:00Z"),
        ("2026-03-01T16:00:00Z", "today", "2026-03-01T16:00Z", "2026-03-02T16:00Z"),
        ("2026-03-01T15:59:59Z", "week", "2026-02-22T16:00Z", "2026-03-01T16:00Z"),
        ("2026-03-01T16:00:00Z", "week", "2026-03-01T16:00Z", "2026-03-02T16:00Z"),
        ("2026-02-28T16:00:00Z", "month", "2026-02-28T16:00Z", "2026-03-01T16:00Z"),
        ("2025-12-31T16:00:00Z", "year", "2025-12-31T16:00Z", "2026-01-01T16:00Z"),
    ],
)
async def test_periods_begin_at_midnight_in_shanghai(
    monkeypatch: pytest.MonkeyPatch, now: str, period: str, start: str, end: str
) -> None:
    set_clock(monkeypatch, datetime.fromisoformat(now))
    window = overview.window(overview.Period(period))
    assert (window.start, window.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert window.as_of == datetime.fromisoformat(now).replace(second=0)


@pytest.mark.commits
@pytest.mark.usefixtures("noon")
async def test_a_step_that_commits_after_a_younger_one_is_not_missed(
    api: Api, world: World, sessions: Sessions
) -> None:
    await Loop(api, world).report()
    seen = await ask(api, "dispatcher")
    async with sessions() as late:
        await together(late, [outbox.append("ticket.accept", uuid7(), {"seq": 2})])
        await Loop(api, world).report()
        young = await ask(api, "dispatcher", seen)
        assert (young.status_code, young.json()["open"]) == (200, 2)
        await late.commit()
    assert (await ask(api, "dispatcher", young)).status_code == 200


async def a_varied_town(api: Api, world: World, session: AsyncSession) -> None:
    """Tickets in several grids and states; the grid worker has moved, and keeps sight of their own."""
    for place, who, status in (
        ("grid_a1", "grid_worker", "reported"),
        ("grid_a1", "grid_leader", "processing"),
        ("grid_a2", "grid_worker_a2", "evaluating"),
        ("grid_b1", "grid_worker_b", "closed"),
        ("grid_b1", "grid_worker_b", "dispatched"),
        ("grid_c1", "grid_worker_c", "reported"),
        ("village_a", "api_client", "reported"),
    ):
        loop = Loop(api, world)
        body = loop.body(area_id=str(world.places[place].id), location=None)
        loop.id = (await api.as_(who).post("/v1/tickets", json=body)).json()["id"]
        loop.status = "reported"
        if status != "reported":
            await loop.to(status)
    await session.execute(
        update(Post).where(Post.id == world["grid_worker"].post_id).values(valid_to=clock.now())
    )
    moved = {"role": Role.GRID_WORKER.value, "area_id": world.places["grid_b1"].id, "valid_from": clock.now()}
    await session.execute(insert(Post).values(id=uuid7(), member_id=world["grid_worker"].member_id, **moved))
    await session.commit()


async def all_tickets(api: Api, who: str) -> list[dict[str, Any]]:
    """Everything that somebody lists."""
    page = (await api.as_(who).get("/v1/tickets", params={"limit": "100"})).json()
    assert page["next_cursor"] is None
    items: list[dict[str, Any]] = page["items"]
    return items


async def ask(api: Api, who: str, seen: Response | None = None, period: str = "month") -> Response:
    """The overview, if it changed since the one that was seen."""
    headers = {"If-None-Match": seen.headers["etag"]} if seen else {}
    return await api.as_(who).get(FIGURES, params={"period": period}, headers=headers)


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """The clock stands at this instant."""
    monkeypatch.setattr(clock, "now", lambda: moment.astimezone(UTC))


@pytest.mark.usefixtures("noon")
async def test_a_draft_is_counted_nowhere_until_it_is_submitted(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.report(draft=True)
    for who in ("grid_worker", "dispatcher"):
        figures = (await ask(api, who)).json()
        assert (figures["open"], figures["reported"]) == (0, 0), who
    await loop.act("grid_worker", action="submit")
    figures = (await ask(api, "dispatcher")).json()
    assert (figures["open"], figures["reported"]) == (1, 1)
