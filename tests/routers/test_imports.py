"""Importing areas and members over HTTP: nothing before the confirmation, everything once after it."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pgqueuer import PgQueuer
from pgqueuer.types import QueueExecutionMode
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.core.workbook import reader
from app.jobs import imports as jobs
from app.models.area import Area
from app.models.attachment import FileIntent
from app.models.enums.exchange import ImportKind
from app.models.exchange import ImportJob, ImportRow
from app.models.platform import AuditLog, Outbox
from app.models.staff import Member
from app.services.exchange import imports, staging
from app.services.exchange.area_plan import AreaPlan
from app.services.exchange.plans import Tally, Unit
from tests.support.clients import Api
from tests.support.importing import PATH, Importing, counts, faults
from tests.support.problems import problem_in
from tests.support.settings import vault_of_tests
from tests.support.workbooks import compound, xlsx
from tests.support.world import World

VILLAGE, OTHER = "440605121001", "440605121201"
HEADER = ["序号", "网格编码", "网格名称", "层级", "上级编码", "联系电话", "备注"]
GRIDS = [
    ["儒林社区网格台账（2026年）", None, None, None, None, None, None],
    HEADER,
    [1, "440605121001003", "儒林第三网格", "网格", VILLAGE, "0757-86551234", None],
    [None] * 7,
    [2, "４４０６０５１２１００１００４", "儒林　第四网格", "网格", "同上", "无", "新增"],
    [3, "440605121001001", "儒林第一网格", "网格", VILLAGE, None, None],
    ["合计", "3", None, None, None, None, None],
]
WRONG = [
    HEADER,
    [1, "440605121001005", "儒林第五网格", "网格", VILLAGE, None, None],
    [2, "440605121001005", "儒林第五网格", "网格", VILLAGE, None, None],
    [3, "440605121001006", "", "网格", "999", None, None],
    [4, "440605121001001", "儒林第一网格", "网格", OTHER, None, None],
    [5, "440605121001007", "儒林第七网格", "大网格", VILLAGE, None, None],
]
PEOPLE = [
    ["姓名", "性别", "人员类别", "网格", "手机"],
    ["关 小 燕", "女", "专职网格员", "儒林第一网格", "138 0013 8000/0769-22222222"],
    ["陈大文", "男", "兼职", None, 13900139000],
]


@pytest.fixture
def areas(api: Api, sessions: Sessions, files: FileStore) -> Importing:
    return Importing(api, sessions, files, "system_admin", "areas")


@pytest.fixture
def members(api: Api, sessions: Sessions, files: FileStore) -> Importing:
    return Importing(api, sessions, files, "system_admin", "members")


async def grids_of(session: AsyncSession) -> dict[str, str]:
    rows = await session.execute(
        select(Area.code, Area.name).where(Area.code.like(f"{VILLAGE}___%"), Area.level == "grid")
    )
    return {row.code: row.name for row in rows}


async def test_grids_come_in_after_the_confirmation_and_not_before(
    areas: Importing, session: AsyncSession
) -> None:
    before = await grids_of(session)
    job = await areas.check(xlsx(GRIDS, merged=["A1:G1"]))
    assert (job["state"], job["total_rows"], job["held_rows"], job["faults"]) == ("checked", 3, 0, [])
    assert job["sheets"][0]["unknown"] == ["序号", "备注"]
    assert await grids_of(session) == before
    assert (await areas.confirm(job["id"])).status_code == 200
    assert await grids_of(session) == before
    done = await areas.apply(job["id"])
    assert (done["state"], counts(done)) == ("done", (2, 0, 1, 0))
    after = await grids_of(session)
    assert after["440605121001003"] == "儒林第三网格"
    assert after["440605121001004"] == "儒林 第四网格"


async def test_done_twice_nothing_changes(areas: Importing, session: AsyncSession) -> None:
    done = await areas.bring_in(xlsx(GRIDS))
    after = await grids_of(session)
    assert await areas.apply(done["id"]) == done
    problem_in(await areas.confirm(done["id"]), 409, "import_not_ready")
    assert counts(await areas.bring_in(xlsx(GRIDS))) == (0, 0, 3, 0)
    assert await grids_of(session) == after


async def test_changed_names_are_taken_over(areas: Importing, session: AsyncSession) -> None:
    await areas.bring_in(xlsx(GRIDS))
    renamed = [HEADER, [1, "440605121001003", "儒林第三格", "网格", VILLAGE, None, None]]
    assert counts(await areas.bring_in(xlsx(renamed))) == (0, 1, 0, 0)
    assert (await grids_of(session))["440605121001003"] == "儒林第三格"


async def test_every_wrong_row_is_named_and_held(areas: Importing, session: AsyncSession) -> None:
    job = await areas.check(xlsx(WRONG))
    assert faults(job) == [
        (3, "区域编码", "repeated"),
        (4, "名称", "missing"),
        (5, "上级编码", "moved"),
        (6, "层级", "choice"),
    ]
    assert job["held_rows"] == 4
    problem_in(await areas.confirm(job["id"]), 409, "import_has_errors")
    assert (await areas.confirm(job["id"], skip_errors=True)).status_code == 200
    assert counts(await areas.apply(job["id"])) == (1, 0, 0, 0)
    assert "440605121001005" in await grids_of(session)


async def test_the_error_workbook_has_the_wrong_rows_and_can_be_sent_again(areas: Importing) -> None:
    job = await areas.check(xlsx(WRONG))
    book = await areas.errors(job["id"])
    with tempfile.TemporaryFile() as file:
        file.write(book)
        rows = [row.cells async for batch in reader.batches(file) for row in batch.rows]
    assert rows[0] == [*HEADER, "错误原因"]
    assert rows[1][1] == "440605121001005"
    assert "第 2 行" in rows[1][-1]
    assert len(rows) == 5
    again = await areas.check(book)
    assert again["total_rows"] == 4


async def test_members_come_in_by_phone_and_are_known_again(
    members: Importing, session: AsyncSession, world: World
) -> None:
    done = await members.bring_in(xlsx(PEOPLE))
    assert counts(done) == (2, 0, 0, 0)
    rows = await session.execute(
        select(Member.name, Member.phone_last4, Member.area_id, Member.employment).where(
            Member.name.in_(["关小燕", "陈大文"])
        )
    )
    grid = world.places["grid_a1"].id
    assert set(rows.all()) == {("关小燕", "8000", grid, "full_time"), ("陈大文", "9000", grid, "part_time")}
    renamed = [*PEOPLE[:2], ["陈大雯", "女", "兼职", "儒林第一网格", "13900139000"]]
    assert counts(await members.bring_in(xlsx(renamed))) == (0, 1, 1, 0)


async def test_what_is_wrong_with_a_member_is_named_without_the_number(members: Importing) -> None:
    wrong = [
        PEOPLE[0],
        ["关小燕", "女", "专职", "无此网格", "1380013"],
        ["陈大文", "男", "兼职", "儒林第一网格", "13900139000"],
        ["陈小文", "男", "兼职", "儒林第一网格", "13900139000"],
    ]
    job = await members.check(xlsx(wrong))
    assert faults(job) == [
        (2, "手机号码", "phone"),
        (2, "所在区域", "area_unknown"),
        (4, "姓名", "repeated"),
    ]
    assert "1380013" not in str(job)
    assert "13900139000" not in str(job)


async def test_what_is_staged_is_sealed_and_the_file_is_gone(
    members: Importing, session: AsyncSession, tmp_path: Path
) -> None:
    job = await members.check(xlsx(PEOPLE))
    rows = (await session.scalars(select(ImportRow))).all()
    assert len(rows) == 2
    for row in rows:
        assert b"13900139000" not in row.original_sealed + row.cleaned_sealed
        assert "陈大文".encode() not in row.original_sealed + row.cleaned_sealed
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    await members.confirm(job["id"])
    await members.apply(job["id"])
    assert await session.scalar(select(func.count()).select_from(ImportRow)) == 0


async def test_an_import_leaves_a_trail(areas: Importing, session: AsyncSession) -> None:
    done = await areas.bring_in(xlsx(GRIDS))
    actions = select(AuditLog.action).where(AuditLog.entity == "import_job").order_by(AuditLog.id)
    assert list(await session.scalars(actions)) == ["import.upload", "import.confirm", "import.done"]
    told = (await session.scalars(select(Outbox).where(Outbox.topic == "import.done"))).one()
    assert (str(told.entity_id), told.data) == (done["id"], {"kind": "areas", "created": 2, "updated": 0})


async def test_nobody_else_sees_an_import(areas: Importing, api: Api) -> None:
    job = await areas.check(xlsx(GRIDS))
    for path in ("", "/errors"):
        problem_in(await api.as_("village_admin").get(f"{PATH}/{job['id']}{path}"), 404, "not_found")
    refused = await api.as_("village_admin").post(f"{PATH}/{job['id']}/confirm", json={})
    problem_in(refused, 404, "not_found")
    assert (await api.as_("village_admin").get(PATH)).json()["items"] == []
    assert [found["id"] for found in (await api.as_("system_admin").get(PATH)).json()["items"]] == [job["id"]]


async def test_who_may_not_write_a_kind_may_not_import_it(
    api: Api, sessions: Sessions, files: FileStore
) -> None:
    village = Importing(api, sessions, files, "village_admin", "areas")
    problem_in(await village.upload(xlsx(GRIDS)), 403, "forbidden")
    worker = Importing(api, sessions, files, "dispatcher", "areas")
    problem_in(await worker.upload(xlsx(GRIDS)), 403, "forbidden")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "workbook_empty"),
        (b"\xff\xd8\xff\xe0" + bytes(256), 415, "not_a_workbook"),
        (compound("EncryptedPackage", b"x"), 422, "workbook_encrypted"),
        (compound("_VBA_PROJECT", b"x"), 422, "workbook_macros"),
        (xlsx(GRIDS)[:500], 422, "workbook_broken"),
    ],
)
async def test_what_cannot_be_opened_is_refused_at_once(
    areas: Importing, session: AsyncSession, tmp_path: Path, content: bytes, status: int, code: str
) -> None:
    problem_in(await areas.upload(content), status, code)
    assert not (tmp_path / "files").exists()
    assert await session.scalar(select(func.count()).select_from(FileIntent)) == 0
    assert (await areas._api.get(PATH)).json()["items"] == []


async def test_a_table_of_something_else_fails_with_the_reason(areas: Importing) -> None:
    job = await areas.check(xlsx([["日期", "天气"], ["2026-11-22", "晴"]]))
    assert (job["state"], job["fault"]["code"]) == ("failed", "import_header_unknown")
    problem_in(await areas.confirm(job["id"]), 409, "import_not_ready")


async def test_a_job_that_is_cut_off_goes_on_where_it_was(
    areas: Importing, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[n, f"4406051210011{n:02d}", f"新网格{n}", "网格", VILLAGE, None, None] for n in range(30)]
    job = await areas.check(xlsx([HEADER, *rows]))
    await areas.confirm(job["id"])
    monkeypatch.setattr(staging, "LONGEST_UNIT", 1)
    whole = AreaPlan.apply
    batches: list[int] = []

    async def cut_off_in_the_third_batch(plan: AreaPlan, own: AsyncSession, units: Sequence[Unit]) -> Tally:
        tally = await whole(plan, own, units)
        batches.append(len(units))
        if len(batches) == 3:
            raise ConnectionResetError
        return tally

    monkeypatch.setattr(AreaPlan, "apply", cut_off_in_the_third_batch)
    with pytest.raises(ConnectionResetError):
        await areas.apply(job["id"], batch_rows=10)
    monkeypatch.setattr(AreaPlan, "apply", whole)
    written = sum(batches[:2])
    stopped = await areas.read(job["id"])
    assert (stopped["state"], counts(stopped)) == ("confirmed", (written, 0, 0, 0))
    assert len(await grids_of(session)) == 2 + written
    done = await areas.apply(job["id"], batch_rows=10)
    assert (done["state"], counts(done)) == ("done", (30, 0, 0, 0))
    assert len(await grids_of(session)) == 32


async def test_what_nobody_confirmed_for_a_week_has_expired_and_its_rows_are_gone(
    areas: Importing, session: AsyncSession
) -> None:
    kept, old = await areas.check(xlsx(GRIDS)), await areas.check(xlsx(WRONG))
    week = clock.now() - timedelta(days=7, minutes=1)
    await session.execute(update(ImportJob).where(ImportJob.id == UUID(old["id"])).values(created_at=week))
    assert await imports.forget_old(session) == 5
    await session.commit()
    expired = await areas.read(old["id"])
    assert (expired["state"], expired["fault"]["code"]) == ("failed", "import_expired")
    problem_in(await areas.confirm(old["id"], skip_errors=True), 409, "import_not_ready")
    assert (await areas.read(kept["id"])) == kept


@pytest.mark.commits
async def test_the_worker_takes_up_what_was_uploaded_and_what_was_confirmed(
    areas: Importing, sessions: Sessions, files: FileStore, engine: AsyncEngine
) -> None:
    job_id = (await areas.upload(xlsx(GRIDS))).json()["id"]
    await work(engine, sessions, files)
    assert (await areas.read(job_id))["state"] == "checked"
    await areas.confirm(job_id)
    await work(engine, sessions, files)
    assert (await areas.read(job_id))["state"] == "done"


async def work(engine: AsyncEngine, sessions: Sessions, files: FileStore) -> None:
    """Let a worker do all that waits in the queue."""
    async with engine.connect() as connection:
        raw: Any = await connection.get_raw_connection()
        queue = PgQueuer.from_asyncpg_connection(raw.driver_connection)
        jobs.register(queue, sessions, files, vault_of_tests())
        await queue.qm.run(mode=QueueExecutionMode.drain)


@pytest.mark.parametrize("kind", list(ImportKind))
async def test_a_template_is_read_by_the_import_itself(api: Api, kind: str) -> None:
    reply = await api.as_("system_admin").get(f"/v1/import-templates/{kind}")
    assert reply.status_code == 200
    with tempfile.TemporaryFile() as file:
        file.write(reply.content)
        sheets = {batch.sheet async for batch in reader.batches(file)}
    assert "填写说明" in sheets
