"""Broken workbooks over HTTP: a clear answer within five seconds, and nothing of them anywhere."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.files import FileStore
from app.core.workbook.faults import WorkbookRefused
from app.models.exchange import ImportRow
from tests.support.broken import BROKEN, PATIENCE_SECONDS
from tests.support.clients import Api
from tests.support.importing import PATH, Importing, counts
from tests.support.problems import problem_in
from tests.support.unchanged import checksums
from tests.support.workbooks import xls, xlsx

# What an import may write when its workbook is refused: itself, and that it was tried.
TRACES = {"import_job", "file_intent", "audit_log", "audit_pending", "outbox", "pgqueuer", "pgqueuer_log"}
HEADER = ["网格编码", "网格名称", "层级", "上级编码"]
GRID = ["440605121001003", "儒林第三网格", "网格", "440605121001"]


@pytest.fixture
def areas(api: Api, sessions: Sessions, files: FileStore) -> Importing:
    return Importing(api, sessions, files, "system_admin", "areas")


@pytest.mark.parametrize(("make", "refusal"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_workbook_is_answered_clearly_and_in_time_and_nothing_is_written(
    areas: Importing,
    session: AsyncSession,
    tmp_path: Path,
    make: Callable[[], bytes],
    refusal: type[WorkbookRefused],
) -> None:
    content, before = make(), await checksums(session)
    start = time.monotonic()
    reply = await areas.upload(content)
    if reply.status_code == 201:
        job = await areas.checked(reply.json()["id"])
        assert (job["state"], job["fault"]["code"]) == ("failed", refusal.code)
        assert job["fault"]["message"] == refusal.title_zh
        problem_in(await areas.confirm(job["id"]), 409, "import_not_ready")
    else:
        problem = problem_in(reply, refusal.status, refusal.code)
        assert problem["detail"] == refusal.title_zh
    assert time.monotonic() - start < PATIENCE_SECONDS
    after = await checksums(session)
    assert {name for name in before if before[name] != after[name]} <= TRACES
    assert await session.scalar(select(func.count()).select_from(ImportRow)) == 0
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["台账.csv", "台账.xls", "台账.pdf", "台账"])
async def test_a_name_with_a_wrong_ending_deceives_nobody(areas: Importing, name: str) -> None:
    reply = await areas.upload(xlsx([HEADER, GRID]), name=name)
    assert (reply.status_code, reply.json()["format"]) == (201, "xlsx")
    photo = await areas.upload(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8, name="台账.xlsx")
    problem_in(photo, 415, "not_a_workbook")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
async def test_a_csv_of_an_office_comes_in_whatever_its_encoding(areas: Importing, encoding: str) -> None:
    lines = "\r\n".join(",".join(row) for row in (HEADER, GRID))
    assert counts(await areas.bring_in(lines.encode(encoding))) == (1, 0, 0, 0)


async def test_a_workbook_of_excel_97_comes_in(areas: Importing) -> None:
    assert counts(await areas.bring_in(xls([HEADER, GRID]))) == (1, 0, 0, 0)


async def test_what_is_larger_than_any_ledger_is_refused_before_it_is_kept(
    areas: Importing, api: Api, tmp_path: Path
) -> None:
    problem_in(await areas.upload(bytes(53_000_000)), 413, "file_too_large")
    assert not (tmp_path / "files").exists()
    assert (await api.as_("system_admin").get(PATH)).json()["items"] == []
