"""A confidential report, where people do not look for one: exports, error workbooks, the logs of access."""

import tempfile
from typing import Any

import pytest

from app.core.db import Sessions
from app.core.files import FileStore
from app.core.workbook import reader
from app.models.enums.exchange import ExportKind
from app.services.platform import masks
from tests.support.clients import Api
from tests.support.exporting import PATH, Exporting
from tests.support.households import identity_number
from tests.support.importing import Importing, faults
from tests.support.looks import look
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.workbooks import xlsx
from tests.support.world import CALLERS, World

NAME, PHONE, TITLE = "公孙保密", "13933334444", "请查处某企业夜间偷排"
MARKS = (NAME, masks.name(NAME), PHONE, TITLE)
ID_NUMBER = identity_number(77)


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A confidential report in work, and the household next door of whoever complained."""
    loop = Loop(api, world)
    await loop.report(confidential=True, title=TITLE, contact={"name": NAME, "phone": PHONE})
    await loop.to("processing")
    person = {"name": "司马邻居", "relation": "02", "id_number": ID_NUMBER}
    home = {
        "area_id": str(world.places["grid_b1"].id),
        "address": "隐秘巷 9 号",
        "household_type": "resident",
    }
    reply = await api.as_("grid_worker_b").post("/v1/households", json=home | {"residents": [person]})
    assert reply.status_code == 201, reply.text
    return loop


async def test_trap_9_no_export_of_anybody_holds_a_word_of_it(
    api: Api, sessions: Sessions, files: FileStore, world: World, loop: Loop
) -> None:
    outward, made = Exporting(api, sessions, files, world), set()
    for kind in ExportKind:
        for who in CALLERS:
            asked = await outward.ask(who, kind)
            if asked.status_code == 201:
                await outward.work(asked.json()["id"])
                told = str(await outward.rows(who, asked.json()["id"])) + asked.text
                assert not [mark for mark in (*MARKS, loop.id) if mark in told], (kind, who)
                made.add(kind)
    assert made == set(ExportKind)


async def test_trap_9_the_list_of_exports_tells_nobody_what_others_took_out(
    api: Api, sessions: Sessions, files: FileStore, world: World, loop: Loop
) -> None:
    outward = Exporting(api, sessions, files, world)
    reply = await outward.ask("village_admin", "households", reason=f"核对{NAME}反映的情况")
    for who in ("dept_handler", "dept_head", "dispatcher", "grid_leader", "village_admin_b"):
        told = await api.as_(who).get(PATH)
        assert NAME not in told.text, who
        assert (await api.as_(who).get(f"{PATH}/{reply.json()['id']}")).status_code in {403, 404}
    assert loop.status == "processing"


async def test_trap_9_an_error_workbook_tells_its_sender_nothing_but_what_they_wrote(
    api: Api, sessions: Sessions, files: FileStore, loop: Loop
) -> None:
    households = Importing(api, sessions, files, "village_admin", "households")
    sent: list[list[Any]] = [
        ["网格", "地址", "姓名", "与户主关系", "身份证号"],
        ["儒林第一网格", "一巷 1 号", "打听者", "户主", ID_NUMBER],
    ]
    job = await households.check(xlsx(sent))
    assert faults(job) == [(2, "公民身份号码", "resident_elsewhere")]
    with tempfile.TemporaryFile() as file:
        file.write(await households.errors(job["id"]))
        rows = [row.cells async for batch in reader.batches(file) for row in batch.rows]
    assert rows[1][:-1] == sent[1]
    for known in ("司马", "隐秘巷", "河清", *MARKS, loop.id):
        assert known not in str(rows) + str(job)


async def test_trap_9_the_logs_of_access_say_who_looked_and_not_whom_they_saw(
    api: Api, world: World, loop: Loop
) -> None:
    for who in ("dispatcher", "dept_handler"):
        await look(api, who, f"/v1/tickets/{loop.id}/contact", "name", "phone")
    auditor = api.as_("auditor")
    access, audit = (await auditor.get("/v1/access-log")).text, (await auditor.get("/v1/audit-log")).text
    assert str(world["dispatcher"].member_id) in access
    for mark in MARKS:
        assert mark not in access + audit
    assert str(world["grid_worker"].member_id) not in access
    for path in ("/v1/access-log", "/v1/audit-log"):
        for who in ("dept_handler", "dept_head", "system_admin"):
            problem_in(await api.as_(who).get(path), 403, "forbidden")
