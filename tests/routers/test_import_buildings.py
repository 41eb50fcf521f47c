"""Importing buildings: known again by number or name, points that say their datum, none in others' grids."""

import tempfile
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import from_wgs84
from app.core.db import Sessions
from app.core.files import FileStore
from app.core.workbook import reader
from app.models.registry import Building
from tests.support.clients import Api
from tests.support.importing import Importing, counts, faults
from tests.support.problems import problem_in
from tests.support.workbooks import xlsx
from tests.support.world import World

HEADER = ["网格", "楼栋名称", "楼栋号", "地址", "类型", "层数", "建成年份", "出租屋"]
TABLE: list[list[Any]] = [
    ["儒林社区楼栋台账", *[None] * 7],
    HEADER,
    ["儒林第一网格", "水南一座", "１号楼", "水南街 1 号", "居民楼", "6层", "1998年", "否"],
    [None, "水南二座", "2号楼", "水南街 2 号", "同上", 7, None, "是"],
    ["儒林第二网格", "何氏宗祠", None, "祠堂巷", "公共", "/", None, None],
]
POINT = ["经度", "纬度", "坐标系"]


@pytest.fixture
def buildings(api: Api, sessions: Sessions, files: FileStore) -> Importing:
    return Importing(api, sessions, files, "village_admin", "buildings")


async def standing(session: AsyncSession) -> dict[str, tuple[Any, ...]]:
    columns = (Building.no, Building.kind, Building.floors, Building.built_year, Building.is_rental)
    rows = await session.execute(select(Building.name, Building.grid_id, *columns))
    return {row[0]: tuple(row)[1:] for row in rows}


async def test_buildings_come_in_after_the_confirmation_into_their_grids(
    buildings: Importing, session: AsyncSession, world: World
) -> None:
    job = await buildings.check(xlsx(TABLE, merged=["A1:H1", "A3:A4"]))
    assert (job["state"], job["total_rows"], job["faults"]) == ("checked", 3, [])
    assert await standing(session) == {}
    await buildings.confirm(job["id"])
    done = await buildings.apply(job["id"])
    assert counts(done) == (3, 0, 0, 0)
    first, second = world.places["grid_a1"].id, world.places["grid_a2"].id
    assert await standing(session) == {
        "水南一座": (first, "1号楼", "residential", 6, 1998, False),
        "水南二座": (first, "2号楼", "residential", 7, None, True),
        "何氏宗祠": (second, None, "public", None, None, False),
    }


async def test_the_same_table_changes_nothing_and_a_changed_one_what_it_says(
    buildings: Importing, session: AsyncSession
) -> None:
    await buildings.bring_in(xlsx(TABLE))
    assert counts(await buildings.bring_in(xlsx(TABLE))) == (0, 0, 3, 0)
    changed = [HEADER, ["儒林第一网格", "水南新一座", "1号楼", "水南街 1 号", None, 8, None, None]]
    assert counts(await buildings.bring_in(xlsx(changed))) == (0, 1, 0, 0)
    found = await standing(session)
    assert found["水南新一座"][1:] == ("1号楼", "residential", 8, 1998, False)
    assert len(found) == 3


async def test_every_wrong_row_is_named_and_the_error_workbook_can_be_mended(
    buildings: Importing, session: AsyncSession
) -> None:
    wrong = [
        [*HEADER, *POINT],
        ["儒林第一网格", "甲座", "1号", "一街", "茅屋", 3, None, None, None, None, None],
        ["河清第一网格", "乙座", "2号", "二街", "住宅", 3, None, None, None, None, None],
        ["儒林第一网格", "丙座", "3号", "三街", "住宅", 900, "两千年", None, None, None, None],
        ["儒林第一网格", "丁座", "3号", "三街", "住宅", 900, None, None, None, None, None],
        ["儒林第一网格", "戊座", "4号", None, "住宅", 3, None, None, None, None, None],
        ["儒林第一网格", "己座", "5号", "五街", "住宅", 3, None, None, 113.005, 22.835, None],
        ["儒林第一网格", "庚座", "6号", "六街", "住宅", 3, None, None, 22.835, 113.005, "百度"],
        ["儒林第一网格", "辛座", "7号", "七街", "住宅", 3, None, None, None, None, None],
        ["儒林第一网格", "壬座", "7号", "七街", "住宅", 3, None, None, None, None, None],
    ]
    job = await buildings.check(xlsx(wrong))
    assert faults(job) == [
        (2, "类型", "choice"),
        (3, "网格", "area_unknown"),
        (4, "建成年份", "number"),
        (5, "层数", "floors"),
        (6, "地址", "missing"),
        (7, "坐标系", "point"),
        (8, "经度", "location"),
        (10, "楼栋号", "repeated"),
    ]
    problem_in(await buildings.confirm(job["id"]), 409, "import_has_errors")
    with tempfile.TemporaryFile() as file:
        file.write(await buildings.errors(job["id"]))
        rows = [row.cells async for batch in reader.batches(file) for row in batch.rows]
    assert (rows[0][-1], len(rows)) == ("错误原因", 9)
    assert "层数须为" in rows[4][-1]
    await buildings.confirm(job["id"], skip_errors=True)
    assert counts(await buildings.apply(job["id"])) == (1, 0, 0, 0)
    assert set(await standing(session)) == {"辛座"}


async def test_trap_14_a_ledger_of_points_in_a_false_datum_is_held_and_the_true_one_named(
    buildings: Importing, session: AsyncSession
) -> None:
    lng, lat = from_wgs84(113.008, 22.838, "bd09")
    row = [
        "儒林第一网格",
        "水南一座",
        "1号楼",
        "水南街 1 号",
        "住宅",
        6,
        None,
        None,
        f"{lng:.7f}",
        f"{lat:.7f}",
    ]
    job = await buildings.check(xlsx([[*HEADER, *POINT], [*row, "高德"]]))
    assert faults(job) == [(2, "坐标系", "coord_type_doubtful")]
    assert "bd09" in job["faults"][0]["message"]
    assert counts(await buildings.bring_in(xlsx([[*HEADER, *POINT], [*row, "百度"]]))) == (1, 0, 0, 0)
    house = (await session.scalars(select(Building))).one()
    assert house.lng == pytest.approx(113.008, abs=1e-6)
    assert house.lat == pytest.approx(22.838, abs=1e-6)
    assert counts(await buildings.bring_in(xlsx([[*HEADER, *POINT], [*row, "百度"]]))) == (0, 0, 1, 0)


@pytest.mark.parametrize("who", ["dispatcher", "system_admin", "grid_assistant"])
async def test_who_does_not_write_the_registry_imports_no_buildings(
    api: Api, sessions: Sessions, files: FileStore, who: str
) -> None:
    own = Importing(api, sessions, files, who, "buildings")
    problem_in(await own.upload(xlsx(TABLE)), 403, "forbidden")
