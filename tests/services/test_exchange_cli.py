"""`wangge import` and `wangge export` as processes: killed midway and run again, nothing is there twice."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.core.schema import ROOT
from app.core.workbook import reader
from app.models.exchange import ImportJob, ImportRow
from app.models.registry import Building, Household, HouseholdMember, Resident, Room
from tests.services.test_import_crash import HEADER, number, until_somebody_waits
from tests.support.database import Database
from tests.support.settings import SECRET, vault_of_tests
from tests.support.workbooks import xlsx
from tests.support.world import World

HOUSEHOLDS, BLOCKED = 5_000, 4_500

pytestmark = pytest.mark.commits


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A workbook of three batches."""
    path = tmp_path / "台账.xlsx"
    people = ((count, number(count)) for count in range(HOUSEHOLDS))
    rows = [["儒林第一网格", f"{count} 号", f"户主{count}", "户主", told] for count, told in people]
    path.write_bytes(xlsx([HEADER, *rows]))
    return path


@pytest.fixture
def surroundings(database: Database, tmp_path: Path) -> Mapping[str, str]:
    """What a process is told: this database, this folder, nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "WANGGE_DATABASE_URL": database.url,
        "WANGGE_DATA_DIR": str(tmp_path / "var"),
        "WANGGE_SECRET_KEY": SECRET,
    }


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "app", *words]


def started(surroundings: Mapping[str, str], *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(*words), cwd="/", env=surroundings)


def files_called(folder: Path, name: str) -> list[str]:
    return [path.name for path in folder.iterdir() if name in path.name]


def finished(surroundings: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*words),
        cwd="/",
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


async def test_an_import_that_is_killed_is_taken_up_where_it_was(
    sessions: Sessions, engine: AsyncEngine, ledger: Path, surroundings: Mapping[str, str]
) -> None:
    words = ("import", str(ledger), "--kind", "households", "--as", "village_admin", "--yes")
    person = {"id": uuid7(), "name": "占位", "gender": "9", "population_type": "hukou"}
    person["id_index"] = vault_of_tests().index(number(BLOCKED))
    async with sessions() as other:
        await other.execute(insert(Resident).values(person))
        with started(surroundings, *words) as process:
            await until_somebody_waits(engine)
            process.kill()
        await other.rollback()
    async with transaction(sessions) as session:
        stopped = (await session.scalars(select(ImportJob))).one()
    assert stopped.state == "confirmed"
    assert 0 < stopped.created_count < BLOCKED
    done = finished(surroundings, *words)
    assert f"前 {stopped.applied_to} 行已完成" in done.stdout
    assert f"新增 {HOUSEHOLDS}，更新 0，未变 0，未导入 0" in done.stdout
    assert "导入" in done.stderr
    assert f"{HOUSEHOLDS}/{HOUSEHOLDS}" in done.stderr
    async with transaction(sessions) as session:
        for table in (Household, Resident, HouseholdMember):
            assert await session.scalar(select(func.count()).select_from(table)) == HOUSEHOLDS
        assert await session.scalar(select(func.count()).select_from(ImportRow)) == 0
    again = finished(surroundings, *words)
    assert f"新增 0，更新 0，未变 {HOUSEHOLDS}，未导入 0" in again.stdout


async def test_buildings_rooms_and_a_ledger_put_people_on_the_whole_chain(
    sessions: Sessions, tmp_path: Path, world: World, surroundings: Mapping[str, str]
) -> None:
    tables = {
        "buildings": [
            ["网格", "楼栋名称", "楼栋号", "地址"],
            ["儒林第一网格", "水南一座", "1号楼", "水南街 1 号"],
        ],
        "rooms": [["网格", "楼栋", "单元", "房号"], ["儒林第一网格", "1栋", "2单元", "502"]],
        "households": [
            ["网格", "房号", "姓名", "与户主关系"],
            ["儒林第一网格", "1栋2单元502", "关大叔", "户主"],
            ["", "1-2-503", "岑阿婆", "户主"],
        ],
    }
    for count in ("新增 {}，更新 0，未变 0，未导入 0", "新增 0，更新 0，未变 {}，未导入 0"):
        for kind, table in tables.items():
            path = tmp_path / f"{kind}.xlsx"
            path.write_bytes(xlsx(table))
            done = finished(
                surroundings, "import", str(path), "--kind", kind, "--as", "village_admin", "--yes"
            )
            assert count.format(len(table) - 1) in done.stdout
    chain = (
        select(Resident.name, Room.room_no, Building.no, Building.grid_id, Household.grid_id)
        .select_from(Resident)
        .join(HouseholdMember)
        .join(Household)
        .join(Room, Room.id == Household.room_id)
        .join(Building, Building.id == Room.building_id)
        .order_by(Room.room_no)
    )
    async with transaction(sessions) as session:
        rows = (await session.execute(chain)).all()
    grid = world.places["grid_a1"].id
    assert rows == [("关大叔", "502", "1号楼", grid, grid), ("岑阿婆", "503", "1号楼", grid, grid)]


async def test_an_export_that_is_killed_leaves_no_half_file_and_can_be_made_again(
    sessions: Sessions,
    engine: AsyncEngine,
    tmp_path: Path,
    world: World,
    surroundings: Mapping[str, str],
) -> None:
    few = tmp_path / "少.xlsx"
    rows = [["儒林第一网格", f"{count} 号", f"户主{count}", "户主", number(count)] for count in range(600)]
    few.write_bytes(xlsx([HEADER, *rows]))
    finished(surroundings, "import", str(few), "--kind", "households", "--as", "village_admin", "--yes")
    target = tmp_path / "导出.xlsx"
    place = ("--area", world.places["village_a"].code, "--reason", "年度核对", "--as", "village_admin")
    words = ("export", str(target), "--kind", "households", *place)
    async with sessions() as other:
        await other.execute(text("LOCK TABLE resident IN ACCESS EXCLUSIVE MODE"))
        with started(surroundings, *words) as process:
            await until_somebody_waits(engine)
            process.kill()
        await other.rollback()
    assert files_called(tmp_path, "导出") == []
    done = finished(surroundings, *words)
    assert "已导出 600 行" in done.stdout
    assert "导出" in done.stderr
    assert "600/600" in done.stderr
    with target.open("rb") as file:
        found = [row async for batch in reader.batches(file) for row in batch.rows]
    assert len(found) == 602
    assert files_called(tmp_path, "导出") == [target.name]
