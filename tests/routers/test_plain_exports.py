"""Exports with plain names and numbers: few may ask, somebody else approves, and each person's log tells."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.models.exchange import ExportJob
from app.models.privacy import PiiAccess, PiiAccessReason
from app.services.exchange import exportables, exporting, exports
from tests.routers.test_exports import ID_NUMBER
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.exporting import PATH, Exporting
from tests.support.looks import logged, look
from tests.support.problems import problem_in
from tests.support.world import World

PHONE = "13800138000"
PEOPLE = [
    {"name": "关大叔", "relation": "02", "phone": PHONE, "id_number": ID_NUMBER},
    {"name": "梁氏", "relation": "12"},
]


@pytest.fixture
def outward(api: Api, sessions: Sessions, files: FileStore, world: World) -> Exporting:
    return Exporting(api, sessions, files, world)


@pytest.fixture
async def residents(api: Api, world: World) -> set[UUID]:
    """The people of a household in village A."""
    home = await dwellings.household(api, "village_admin", world.places["grid_a1"], residents=PEOPLE)
    return {UUID(person["resident_id"]) for person in home["people"]}


async def approved(outward: Exporting, api: Api, **body: Any) -> str:
    """A plain export that a leader approved and the worker made."""
    reply = await outward.ask("village_admin", "households", masked=False, **body)
    assert (reply.status_code, reply.json()["state"]) == (201, "waiting"), reply.text
    job_id = str(reply.json()["id"])
    decision = await api.as_("leader_viewer").post(f"{PATH}/{job_id}/decision", json={"approve": True})
    assert decision.json()["masked"] is False
    await outward.work(job_id)
    return job_id


async def test_plain_values_go_out_only_after_somebody_elses_approval(
    outward: Exporting, api: Api, residents: set[UUID]
) -> None:
    asked = (await outward.ask("village_admin", "households", masked=False)).json()
    await outward.work(asked["id"])
    problem_in(await api.as_("village_admin").get(f"{PATH}/{asked['id']}/file"), 409, "export_not_ready")
    own = await api.as_("village_admin").post(f"{PATH}/{asked['id']}/decision", json={"approve": True})
    problem_in(own, 403, "forbidden")
    job_id = await approved(outward, api)
    mark, _header, *rows = await outward.rows("village_admin", job_id)
    assert "含个人信息原文" in mark[0]
    assert (rows[0][5], rows[0][8], rows[0][11]) == ("关大叔", ID_NUMBER, PHONE)
    assert len(rows) == len(residents)


async def test_each_person_in_the_file_can_be_told_who_took_it(
    outward: Exporting, api: Api, session: AsyncSession, world: World, residents: set[UUID]
) -> None:
    job_id = await approved(outward, api)
    lines = await logged(session)
    assert {(line.entity, line.reason, line.actor_id, str(line.entity_id)) for line in lines} == {
        ("export", "export", world["village_admin"].member_id, job_id)
    }
    assert {line.resident_id for line in lines} == {None, *residents}
    words = await session.scalars(select(PiiAccessReason.words).join(PiiAccess))
    assert list(words) == ["年度核对台账"]
    shown = await api.as_("auditor").get("/v1/access-log", params={"resident_id": str(min(residents))})
    assert [line["fields"] for line in shown.json()["items"]] == [["name", "id_number", "phone"]]


async def test_a_file_does_not_use_up_the_looks_of_the_hour(
    outward: Exporting, api: Api, residents: set[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(outward, api)
    monkeypatch.setattr("app.services.platform.unmasking.MOST", 1)
    path = f"/v1/residents/{min(residents)}"
    assert (await look(api, "village_admin", path, "phone")).status_code == 200
    problem_in(await look(api, "village_admin", path, "phone"), 429, "unmask_limit")


@pytest.mark.parametrize(
    ("who", "kind"), [("grid_leader", "households"), ("dispatcher", "members"), ("village_admin", "areas")]
)
async def test_who_may_not_see_all_the_values_cannot_ask_for_them(
    outward: Exporting, who: str, kind: str
) -> None:
    problem_in(await outward.ask(who, kind, masked=False), 403, "forbidden")


async def test_a_plain_export_has_a_lower_cap_and_a_shorter_life(
    outward: Exporting,
    api: Api,
    session: AsyncSession,
    residents: set[UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert exportables.MOST_PLAIN_ROWS < exportables.MOST_ROWS
    job_id = await approved(outward, api)
    left = (await session.get_one(ExportJob, UUID(job_id))).expires_at
    assert left is not None
    assert left - clock.now() <= timedelta(hours=4)
    monkeypatch.setattr(exports, "MOST_PLAIN_ROWS", len(residents) - 1)
    problem_in(await outward.ask("village_admin", "households", masked=False), 409, "export_too_many_rows")
    assert (await outward.ask("village_admin", "households")).status_code == 201


async def test_rows_that_came_after_the_approval_do_not_pass_the_cap(
    outward: Exporting, api: Api, residents: set[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_PLAIN_ROWS", 1)
    job_id = await approved(outward, api)
    assert len(await outward.rows("village_admin", job_id)) == 2 + 1
    assert len(residents) == 2


async def test_who_lost_the_post_does_not_get_the_file(
    outward: Exporting, api: Api, world: World, residents: set[UUID]
) -> None:
    also = {"member_id": str(world["village_admin"].member_id), "role": "dispatcher"}
    town = {"area_id": str(world.places["town"].id)}
    given = await api.as_("system_admin").post("/v1/posts", json=also | town)
    assert given.status_code == 201, given.text
    job_id = await approved(outward, api)
    ended = await api.as_("system_admin").post(f"/v1/posts/{world['village_admin'].post_id}/end", json={})
    assert ended.status_code == 200, ended.text
    problem_in(await api.as_("village_admin").get(f"{PATH}/{job_id}/file"), 403, "forbidden")
    assert residents


@pytest.mark.usefixtures("residents")
async def test_no_cache_keeps_a_file_for_longer_than_it_may_be_fetched(outward: Exporting, api: Api) -> None:
    reply = await api.as_("village_admin").get(f"{PATH}/{await approved(outward, api)}/file")
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")


async def test_a_file_expires_when_somebody_in_it_is_erased(
    outward: Exporting, api: Api, residents: set[UUID]
) -> None:
    plain = await approved(outward, api)
    masked = (await outward.make("village_admin", "households"))["id"]
    beside = (await outward.make("village_admin_b", "households", "village_b"))["id"]
    resident_id = next(iter(residents))
    body = {"kind": "delete", "identity_check": "id_card", "note": "本人到居委会提出"}
    client = api.as_("village_admin")
    asked = await api.as_("grid_worker").post(
        "/v1/data-requests", json=body | {"resident_id": str(resident_id)}
    )
    for action in ("approve", "carry_out"):
        url = f"/v1/data-requests/{asked.json()['id']}/actions"
        assert (await client.post(url, json={"action": action})).status_code == 200
    for job_id in (plain, masked):
        problem_in(await client.get(f"{PATH}/{job_id}/file"), 410, "export_expired")
    assert (await api.as_("village_admin_b").get(f"{PATH}/{beside}/file")).status_code == 200
