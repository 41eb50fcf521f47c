"""An import whose process is killed goes on where it was; one from the command line does the same work."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.config import Settings
from app.core.db import Sessions, transaction
from app.core.errors import Forbidden
from app.core.files import FileStore
from app.core.ids import uuid7
from app.core.schema import ROOT
from app.models.area import Area
from app.models.enums.exchange import ExportKind, ImportKind
from app.models.registry import Household, HouseholdMember, Resident
from app.models.staff import Member
from app.runtime import exchange
from app.runtime.exchange import WantedExport, WantedImport
from app.runtime.failures import CommandFailed
from app.services.registry.identity import check_character
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.importing import Importing, counts
from tests.support.settings import SECRET, vault_of_tests
from tests.support.workbooks import xlsx

HEADER = ["网格", "地址", "姓名", "与户主关系", "身份证号"]
HOUSEHOLDS = 600
PEOPLE = [["姓名", "人员类别", "网格", "手机"], ["关小燕", "专职", "儒林第一网格", "13800138000"]]


def number(count: int) -> str:
    body = f"44060519{count // 900 + 50:02d}0307{count % 900:03d}"
    return body + check_character(body)


def table() -> list[list[Any]]:
    rows = [
        ["儒林第一网格", f"{count} 号", f"户主{count}", "户主", number(count)] for count in range(HOUSEHOLDS)
    ]
    return [HEADER, *rows]


def running(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT)


async def until_somebody_waits(engine: AsyncEngine) -> None:
    """Return when a connection of this database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(30), engine.connect() as connection:
        while not await connection.scalar(waiting):
            await connection.rollback()


@pytest.mark.commits
async def test_an_import_whose_process_is_killed_goes_on_and_writes_nothing_twice(
    api: Api, sessions: Sessions, files: FileStore, database: Database, engine: AsyncEngine
) -> None:
    households = Importing(api, sessions, files, "village_admin", "households")
    job = await households.check(xlsx(table()))
    await households.confirm(job["id"])
    # Somebody is about to register a person of the third batch: the process has to wait for them.
    person = {"id": uuid7(), "name": "占位", "gender": "9", "population_type": "hukou"}
    person["id_index"] = vault_of_tests().index(number(500))
    command = [sys.executable, "-m", "tests.support.applying", database.url, job["id"]]
    async with sessions() as other:
        await other.execute(insert(Resident).values(person))
        with running(command) as process:
            await until_somebody_waits(engine)
            process.kill()
        await other.rollback()
    stopped = await households.read(job["id"])
    assert stopped["state"] == "confirmed"
    assert 0 < stopped["created_count"] < 500
    done = await households.apply(job["id"])
    assert (done["state"], counts(done)) == ("done", (HOUSEHOLDS, 0, 0, 0))
    async with transaction(sessions) as session:
        for table_of in (Household, Resident, HouseholdMember):
            assert await session.scalar(select(func.count()).select_from(table_of)) == HOUSEHOLDS


@pytest.mark.commits
async def test_two_runs_at_once_write_everything_once(api: Api, sessions: Sessions, files: FileStore) -> None:
    households = Importing(api, sessions, files, "village_admin", "households")
    job = await households.check(xlsx(table()))
    await households.confirm(job["id"])
    await asyncio.gather(*(households.apply(job["id"], batch_rows=200) for _turn in range(2)))
    assert counts(await households.read(job["id"])) == (HOUSEHOLDS, 0, 0, 0)
    async with transaction(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(Resident)) == HOUSEHOLDS


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    """Settings whose files stand in the test's folder."""
    return Settings(_env_file=None, environment="test", secret_key=SECRET, data_dir=tmp_path)


def wanted(file: Path, account: str = "system_admin", **others: Any) -> WantedImport:
    answers = {"yes": True, "skip_errors": False, "errors": None} | others
    return WantedImport(file, ImportKind.MEMBERS, account, **answers)


@pytest.mark.commits
async def test_the_command_line_imports_and_exports_in_somebodys_name(
    database: Database,
    sessions: Sessions,
    own_settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent = tmp_path / "人员.xlsx"
    sent.write_bytes(xlsx(PEOPLE))
    await exchange.bring_in(database.url, own_settings, wanted(sent))
    assert "新增 1" in capsys.readouterr().out
    async with transaction(sessions) as session:
        assert await session.scalar(select(func.count()).where(Member.name == "关小燕")) == 1
        code = await session.scalar(select(Area.code).where(Area.name == "儒林社区"))
    out = tmp_path / "导出.xlsx"
    asked = WantedExport(out, ExportKind.MEMBERS, str(code), "年度核对", "system_admin")
    await exchange.take_out(database.url, own_settings, asked)
    assert out.stat().st_size > 0
    assert "已导出" in capsys.readouterr().out


@pytest.mark.commits
async def test_the_command_line_writes_nothing_where_rows_are_wrong_or_the_account_may_not(
    database: Database, sessions: Sessions, own_settings: Settings, tmp_path: Path
) -> None:
    sent, mended = tmp_path / "人员.xlsx", tmp_path / "错误.xlsx"
    sent.write_bytes(xlsx([*PEOPLE, ["陈大文", "临时", "儒林第一网格", "1390013"]]))
    with pytest.raises(CommandFailed, match="没有写入"):
        await exchange.bring_in(database.url, own_settings, wanted(sent, errors=mended))
    assert mended.stat().st_size > 0
    with pytest.raises(Forbidden):
        await exchange.bring_in(database.url, own_settings, wanted(sent, "village_admin"))
    with pytest.raises(CommandFailed, match="没有可用的账号"):
        await exchange.bring_in(database.url, own_settings, wanted(sent, "nobody"))
    async with transaction(sessions) as session:
        assert await session.scalar(select(func.count()).where(Member.name == "关小燕")) == 0
    await exchange.bring_in(database.url, own_settings, wanted(sent, skip_errors=True))
    async with transaction(sessions) as session:
        assert await session.scalar(select(func.count()).where(Member.name == "关小燕")) == 1
