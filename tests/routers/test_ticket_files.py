"""Photos of a ticket: with the report, with a step, mended on the spot; by whom and seen by whom."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.ticket import Category
from tests.support.clients import Api
from tests.support.media import mp3
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.uploads import uploaded
from tests.support.world import World

MEND = {"action": "self_resolve", "measures": "当场清运"}


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket of the grid worker's, not reported yet."""
    return Loop(api, world)


async def test_photos_come_with_the_report_and_with_the_result_and_stand_in_the_detail(
    api: Api, loop: Loop
) -> None:
    before, _ = await loop.photos("grid_worker")
    told = await loop.report(attachments=[before])
    assert [(a["id"], a["purpose"], a["event_seq"]) for a in told["attachments"]] == [
        (before["id"], "before", 1)
    ]
    await loop.to("processing")
    _, after = await loop.photos("dept_handler")
    resolved = await loop.act(
        "dept_handler", action="resolve", resolution_type="solved", measures="已清运", attachments=[after]
    )
    assert [(a["id"], a["purpose"]) for a in resolved["attachments"]] == [
        (before["id"], "before"),
        (after["id"], "after"),
    ]
    for photo in (before, after):
        content = await api.as_("revisit_agent").get(f"/v1/attachments/{photo['id']}/content")
        assert (content.status_code, content.headers["content-type"]) == (200, "image/jpeg")


async def test_a_file_of_somebody_else_or_none_at_all_is_refused_and_nothing_is_reported(
    api: Api, loop: Loop
) -> None:
    foreign, _ = await loop.photos("grid_worker_b")
    for name in (foreign["id"], str(uuid7())):
        new = str(uuid7())
        body = loop.body(id=new, attachments=[{"id": name, "purpose": "before"}])
        refused = await api.as_("grid_worker").post("/v1/tickets", json=body)
        problem_in(refused, 404, "not_found", "body.attachments.0.id")
        assert (await api.as_("grid_worker").get(f"/v1/tickets/{new}")).status_code == 404


@pytest.mark.parametrize(("percent", "state"), [(0, "exempt"), (100, "needed")])
async def test_the_share_that_is_drawn_for_a_revisit_is_the_categorys(
    session: AsyncSession, loop: Loop, percent: int, state: str
) -> None:
    await session.execute(update(Category).values(self_handled=True, revisit_percent=percent))
    await session.commit()
    await loop.report()
    ticket = await loop.act("grid_worker", **MEND, attachments=await loop.photos("grid_worker"))
    assert (ticket["status"], ticket["rectify_mode"]) == ("resolved", "immediate")
    assert (ticket["revisit_state"], ticket["exempt_policy"] is None) == (state, state == "needed")
    (overall,) = [clock for clock in ticket["clocks"] if clock["kind"] == "overall"]
    assert overall["started_at"] == ticket["reported_at"], "the clock of the whole runs on from the report"


async def test_what_shows_before_and_after_are_photos(api: Api, loop: Loop) -> None:
    await loop.report()
    before, after = await loop.photos("grid_worker")
    sound = await uploaded(api, "grid_worker", mp3(), name="a.mp3")
    given: list[dict[str, Any]] = [before, {"id": sound["id"], "purpose": "after"}]
    refused = await loop.try_("grid_worker", **MEND, attachments=given)
    problem_in(refused, 422, "invalid", "body.attachments")
    refused = await loop.try_("grid_worker", **MEND, attachments=[before])
    problem_in(refused, 409, "action_refused")
    mended = await loop.act("grid_worker", **MEND, attachments=[before, after])
    assert mended["status"] == "resolved"
