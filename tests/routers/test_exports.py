"""Exporting: with a reason, masked and marked, only after somebody else's approval where it is much."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.models.attachment import FileIntent
from app.models.exchange import ExportJob
from app.models.platform import AuditLog
from app.services.exchange import exports
from app.services.platform import orphan_files
from app.services.registry.identity import check_character
from tests.support.clients import Api
from tests.support.exporting import PATH, Exporting
from tests.support.problems import problem_in
from tests.support.world import World

ID_BODY = "44060519620307111"
ID_NUMBER = ID_BODY + check_character(ID_BODY)
INJECTION = "=cmd|' /C calc'!A0"


@pytest.fixture
def outward(api: Api, sessions: Sessions, files: FileStore, world: World) -> Exporting:
    return Exporting(api, sessions, files, world)


@pytest.fixture
async def family(api: Api, world: World) -> None:
    """A household of two in the first grid, and one in the village next door."""
    for grid, worker in (("grid_a1", "grid_worker"), ("grid_b1", "grid_worker_b")):
        head = {"name": "关大叔", "relation": "02", "phone": "13800138000"}
        people = [head | ({"id_number": ID_NUMBER} if grid == "grid_a1" else {})]
        people.append({"name": "梁氏", "relation": "12"})
        body = {"area_id": str(world.places[grid].id), "address": INJECTION, "household_type": "resident"}
        reply = await api.as_(worker).post("/v1/households", json={**body, "residents": people})
        assert reply.status_code == 201, reply.text


async def test_a_ledger_goes_out_masked_and_marked(outward: Exporting, family: None) -> None:
    job = await outward.make("village_admin", "households")
    assert (job["state"], job["row_count"]) == ("ready", 2)
    mark, header, *rows = await outward.rows("village_admin", job["id"])
    assert "黎村管" in mark[0]
    assert "年度核对台账" in mark[0]
    assert header[5:9] == ["姓名", "与户主关系", "性别", "公民身份号码"]
    assert [row[5] for row in rows] == ["关*叔", "梁*"]
    assert rows[0][8] == f"440605********{ID_NUMBER[-4:]}"
    assert rows[0][11] == "138****8000"
    assert ID_NUMBER not in str(rows)
    assert family is None


async def test_trap_13_an_address_that_is_a_formula_goes_out_as_a_text(
    outward: Exporting, family: None, api: Api
) -> None:
    job = await outward.make("village_admin", "households")
    reply = await api.as_("village_admin").get(f"{PATH}/{job['id']}/file")
    assert reply.headers["content-disposition"].startswith("attachment;")
    assert b"<f>" not in reply.content
    rows = await outward.rows("village_admin", job["id"])
    assert rows[2][2] == INJECTION
    assert family is None


@pytest.mark.parametrize(("kind", "who"), [("areas", "dispatcher"), ("members", "dispatcher")])
async def test_areas_and_members_go_out_within_the_scope(outward: Exporting, kind: str, who: str) -> None:
    job = await outward.make(who, kind, "village_a")
    text = str(await outward.rows(who, job["id"]))
    assert "儒林第一网格" in text
    assert "河清" not in text
    assert not any(f"138000000{count:02d}" in text for count in range(30))


async def test_what_lies_outside_somebodys_scope_is_not_exported(outward: Exporting, family: None) -> None:
    problem_in(await outward.ask("village_admin", "households", "village_b"), 404, "not_found")
    job = await outward.make("grid_leader", "households", "village_a")
    assert job["row_count"] == 2
    above = await outward.make("village_admin", "households", "town")
    assert above["row_count"] == 2
    assert family is None


@pytest.mark.parametrize(
    ("who", "kind"),
    [("dispatcher", "households"), ("system_admin", "households"), ("grid_leader", "members")],
)
async def test_who_does_not_work_with_a_table_may_not_export_it(
    outward: Exporting, who: str, kind: str
) -> None:
    problem_in(await outward.ask(who, kind), 403, "forbidden")


async def test_a_reason_is_needed(outward: Exporting) -> None:
    problem_in(await outward.ask("village_admin", "households", reason="  "), 422, "invalid", "body.reason")


async def test_much_waits_for_somebody_elses_approval(
    outward: Exporting, api: Api, family: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "UNAPPROVED_ROWS", 1)
    reply = await outward.ask("village_admin", "households")
    job = reply.json()
    assert job["state"] == "waiting"
    await outward.work(job["id"])
    problem_in(await api.as_("village_admin").get(f"{PATH}/{job['id']}/file"), 409, "export_not_ready")
    yes = {"approve": True}
    address = f"{PATH}/{job['id']}/decision"
    problem_in(await api.as_("village_admin").post(address, json=yes), 403, "forbidden")
    waiting = (await api.as_("leader_viewer").get(PATH)).json()["items"]
    assert [found["id"] for found in waiting] == [job["id"]]
    approved = await api.as_("leader_viewer").post(address, json=yes)
    assert approved.json()["state"] == "approved"
    problem_in(await api.as_("leader_viewer").post(address, json=yes), 409, "export_decided")
    await outward.work(job["id"])
    assert len(await outward.rows("village_admin", job["id"])) == 4
    problem_in(await api.as_("leader_viewer").get(f"{PATH}/{job['id']}/file"), 403, "forbidden")
    assert family is None


async def test_nobody_approves_their_own_and_what_is_refused_is_not_made(
    outward: Exporting, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "UNAPPROVED_ROWS", 1)
    own = (await outward.ask("system_admin", "members")).json()
    address = f"{PATH}/{own['id']}/decision"
    reply = await api.as_("system_admin").post(address, json={"approve": True})
    problem_in(reply, 403, "export_own_approval")
    refused = await api.as_("leader_viewer").post(address, json={"approve": False})
    assert refused.json()["state"] == "refused"
    await outward.work(own["id"])
    assert (await api.as_("system_admin").get(f"{PATH}/{own['id']}")).json()["state"] == "refused"


async def test_too_much_is_refused_whoever_would_approve(
    outward: Exporting, family: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 1)
    problem_in(await outward.ask("village_admin", "households"), 409, "export_too_many_rows")
    assert family is None


async def test_the_file_is_gone_after_a_day(
    outward: Exporting, api: Api, session: AsyncSession, sessions: Sessions, files: FileStore
) -> None:
    job = await outward.make("village_admin", "areas")
    left = (await session.get_one(ExportJob, UUID(job["id"]))).expires_at
    assert left is not None
    assert left - clock.now() <= timedelta(hours=24)
    old = clock.now() - timedelta(hours=25)
    await session.execute(update(ExportJob).values(expires_at=old + timedelta(hours=24)))
    await session.execute(update(FileIntent).values(created_at=old))
    await session.commit()
    problem_in(await api.as_("village_admin").get(f"{PATH}/{job['id']}/file"), 410, "export_expired")
    assert await orphan_files.collect(sessions, files=files) == 1


async def test_an_export_that_was_cut_off_has_failed_a_day_later_and_one_under_way_has_not(
    outward: Exporting, api: Api, session: AsyncSession
) -> None:
    cut_off, young = [(await outward.ask("village_admin", "areas")).json()["id"] for _ in range(2)]
    made = await outward.make("village_admin", "areas")
    old = update(ExportJob).values(created_at=clock.now() - timedelta(hours=25))
    await session.execute(old.where(ExportJob.id.in_([UUID(cut_off), UUID(made["id"])])))
    assert await exports.fail_stale(session) == 1
    await session.commit()
    states = [
        (await api.as_("village_admin").get(f"{PATH}/{job}")).json()["state"] for job in (cut_off, young)
    ]
    assert states == ["failed", "approved"]
    problem_in(await api.as_("village_admin").get(f"{PATH}/{cut_off}/file"), 409, "export_not_ready")
    assert len(await outward.rows("village_admin", made["id"])) > 1


async def test_request_and_every_download_are_noted(
    outward: Exporting, session: AsyncSession, world: World
) -> None:
    job = await outward.make("village_admin", "areas")
    for _turn in range(2):
        await outward.rows("village_admin", job["id"])
    logged = select(AuditLog.action, AuditLog.actor_id).where(AuditLog.entity == "export_job")
    found = [(row.action, row.actor_id) for row in await session.execute(logged.order_by(AuditLog.id))]
    me = world["village_admin"].member_id
    assert found == [("export.request", me), ("export.download", me), ("export.download", me)]
