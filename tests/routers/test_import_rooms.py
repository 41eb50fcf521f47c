"""Importing rooms into buildings: merged buildings and units, owners sealed, known again by their numbers."""

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.files import FileStore
from app.models.registry import Building, Room
from tests.support.clients import Api
from tests.support.dwellings import building, room
from tests.support.importing import Importing, counts, faults
from tests.support.problems import problem_in
from tests.support.settings import vault_of_tests
from tests.support.workbooks import xlsx
from tests.support.world import World

OWNER, PHONE = "岑业主", "13800138000"
HEADER = ["网格", "楼栋", "单元", "楼层", "房号", "房屋用途", "面积（㎡）", "业主", "业主电话"]
TABLE: list[list[Any]] = [
    ["房屋台账", *[None] * 8],
    HEADER,
    ["儒林第一网格", "1栋", "1单元", "1层", "101室", "自住", "89.5㎡", OWNER, "138 0013 8000"],
    [None, None, None, None, "102", "出租", "60平方米", OWNER, "同上"],
    [None, None, "2单元", None, "101", "空置", None, None, None],
    [None, "水南二座", None, None, "附2号", "商铺", 30, None, None],
]


@pytest.fixture
async def rooms(api: Api, sessions: Sessions, files: FileStore, world: World) -> Importing:
    place = world.places["grid_a1"]
    await building(api, "village_admin", place, name="水南一座", no="1号楼", address="水南街 1 号")
    await building(api, "village_admin", place, name="水南二座", no="2号楼", address="水南街 2 号")
    return Importing(api, sessions, files, "village_admin", "rooms")


async def standing(session: AsyncSession) -> dict[str, tuple[Any, ...]]:
    columns = (Building.no, Room.unit_no, Room.floor, Room.room_no, Room.use, Room.area_m2)
    rows = await session.execute(select(Room.address, *columns).join(Building))
    return {row[0]: tuple(row)[1:] for row in rows}


async def test_rooms_come_into_their_buildings_and_no_unit_goes_on_in_the_next(
    rooms: Importing, session: AsyncSession, world: World
) -> None:
    done = await rooms.bring_in(xlsx(TABLE, merged=["A1:I1", "A3:A6", "B3:B5", "C3:C4", "D3:D4"]))
    assert counts(done) == (4, 0, 0, 0)
    assert await standing(session) == {
        "水南街 1 号1单元101": ("1号楼", "1", "1层", "101", "owner", 89.5),
        "水南街 1 号1单元102": ("1号楼", "1", "1层", "102", "rented", 60.0),
        "水南街 1 号2单元101": ("1号楼", "2", None, "101", "vacant", None),
        "水南街 2 号附2号": ("2号楼", None, None, "附2号", "commercial", 30.0),
    }
    assert set(await session.scalars(select(Room.grid_id))) == {world.places["grid_a1"].id}


async def test_owners_are_sealed_and_stand_nowhere_plain(
    rooms: Importing, api: Api, session: AsyncSession
) -> None:
    wrong = [None, None, None, None, "103", "自住", None, OWNER, "1380013800"]
    job = await rooms.check(xlsx([*TABLE[:4], wrong, *TABLE[4:]]))
    assert faults(job) == [(5, "产权人电话", "phone")]
    await rooms.confirm(job["id"], skip_errors=True)
    shown = str(job) + str(await rooms.apply(job["id"]))
    first = (await session.scalars(select(Room).where(Room.area_m2 == 89.5))).one()
    assert first.owner_name == OWNER
    assert vault_of_tests().open(first.owner_phone_sealed or b"") == PHONE
    reply = (await api.as_("grid_worker").get(f"/v1/rooms/{first.id}")).json()
    assert (reply["owner_name"], reply["owner_phone"]) == ("岑*主", "138****8000")
    for table in ("import_job", "import_row", "audit_log", "outbox"):
        shown += str(await session.scalar(text(f"SELECT string_agg(t::text, ' ') FROM {table} AS t")))  # noqa: S608
    for secret in (OWNER, PHONE, "1380013800"):
        assert secret not in shown


async def test_the_same_table_changes_nothing_and_a_changed_one_what_it_says(
    rooms: Importing, session: AsyncSession
) -> None:
    await rooms.bring_in(xlsx(TABLE))
    assert counts(await rooms.bring_in(xlsx(TABLE))) == (0, 0, 4, 0)
    assert set(await session.scalars(select(Room.version))) == {1}
    changed = [HEADER, ["儒林第一网格", "水南一座", "1", None, "101", "出租", None, None, "13900139000"]]
    assert counts(await rooms.bring_in(xlsx(changed))) == (0, 1, 0, 0)
    session.expire_all()
    assert (await standing(session))["水南街 1 号1单元101"] == ("1号楼", "1", "1层", "101", "rented", 89.5)
    first = (await session.scalars(select(Room).where(Room.area_m2 == 89.5))).one()
    assert (first.owner_name, first.owner_phone_last4, first.version) == (OWNER, "9000", 2)


async def test_every_wrong_row_is_named(rooms: Importing, api: Api, world: World) -> None:
    house = await building(api, "village_admin", world.places["grid_a1"], name="北座", no="3号楼")
    await building(api, "village_admin", world.places["grid_a1"], name="3栋", no="A3")
    for unit in ("1", "2"):
        await room(api, "village_admin", house, unit_no=unit, room_no="301")
    table = [
        HEADER,
        ["儒林第一网格", "9栋", None, None, "101", None, None, None, None],
        ["儒林第一网格", "3", None, None, "101", None, None, None, None],
        ["儒林第二网格", "1栋", None, None, "101", None, None, None, None],
        ["儒林第一网格", "1栋", None, None, None, None, None, None, None],
        ["儒林第一网格", "1栋", None, None, "101", "猪圈", "很大", None, None],
        ["儒林第一网格", "1栋", None, None, "102", None, "0", None, None],
        ["儒林第一网格", "北座", None, None, "301", None, None, None, None],
        ["儒林第一网格", "1栋", "1单元", None, "101", None, None, None, None],
        ["儒林第一网格", "水南一座", "1", None, "101室", None, None, None, None],
    ]
    job = await rooms.check(xlsx(table))
    assert faults(job) == [
        (2, "楼栋", "building_unknown"),
        (3, "楼栋", "building_ambiguous"),
        (4, "楼栋", "building_unknown"),
        (5, "房号", "missing"),
        (6, "用途", "choice"),
        (6, "面积", "number"),
        (7, "面积", "area_m2"),
        (8, "房号", "room_ambiguous"),
        (10, "房号", "repeated"),
    ]
    assert (job["faults"][0]["shown"], job["faults"][0]["message"]) == (
        "9栋",
        "该网格没有这栋楼，请先导入或登记楼栋",
    )


async def test_a_building_that_ended_since_the_dry_run_takes_no_room(rooms: Importing, api: Api) -> None:
    job = await rooms.check(xlsx(TABLE))
    await rooms.confirm(job["id"])
    found = (await api.as_("village_admin").get("/v1/buildings")).json()["items"]
    house = next(one for one in found if one["no"] == "2号楼")
    reply = await api.as_("village_admin").post(f"/v1/buildings/{house['id']}/end", json={})
    assert reply.status_code == 200, reply.text
    done = await rooms.apply(job["id"])
    assert (done["state"], counts(done)) == ("done", (3, 0, 0, 1))
    assert faults(done) == [(6, "楼栋", "building_unknown")]


@pytest.mark.parametrize("who", ["dispatcher", "system_admin", "grid_assistant"])
async def test_who_does_not_write_the_registry_imports_no_rooms(
    api: Api, sessions: Sessions, files: FileStore, who: str
) -> None:
    own = Importing(api, sessions, files, who, "rooms")
    problem_in(await own.upload(xlsx(TABLE)), 403, "forbidden")
