"""Importing households into their rooms: the whole chain of people, household, room, building and grid."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.files import FileStore
from app.models.registry import Household, HouseholdStay, Room
from app.services.registry.identity import check_character
from tests.support.clients import Api
from tests.support.dwellings import building, household, room
from tests.support.importing import Importing, counts, faults
from tests.support.workbooks import xlsx
from tests.support.world import World

HEADER = ["户号", "网格", "住址", "楼栋号", "梯", "房间号", "户类型", "姓名", "与户主关系", "身份证号"]
GRID = "儒林第一网格"


def number(day: str, sequence: int) -> str:
    body = f"440605{day}{sequence:03d}"
    return body + check_character(body)


HEAD, LODGER = number("19620307", 111), number("19900307", 333)
FAMILIES: list[list[Any]] = [
    HEADER,
    ["H1", GRID, None, "1栋", "2单元", "502室", "常住户", "关大叔", "户主", HEAD],
    [None, None, None, "同上", "同上", "同上", None, "梁氏", "妻", None],
    ["H2", GRID, None, "１号楼", "2", 502, "租住户", "岑租客", "户主", LODGER],
    ["H3", GRID, "水南街 1 号后座", "水南一座", None, "后座", "空置户", None, None, None],
    ["H4", GRID, "水南街 9 号", None, None, None, "常住户", "何平房", "户主", None],
]


@pytest.fixture
async def house(api: Api, world: World) -> dict[str, Any]:
    place = world.places["grid_a1"]
    return await building(api, "village_admin", place, name="水南一座", no="1号楼", address="水南街 1 号")


@pytest.fixture
def households(api: Api, sessions: Sessions, files: FileStore, house: dict[str, Any]) -> Importing:
    assert house
    return Importing(api, sessions, files, "village_admin", "households")


async def homes(session: AsyncSession) -> dict[str, tuple[Any, ...]]:
    """Address, unit and room by the household's number."""
    rows = await session.execute(
        select(Household.no, Household.address, Room.unit_no, Room.room_no).outerjoin(
            Room, Room.id == Household.room_id
        )
    )
    return {row[0]: tuple(row)[1:] for row in rows}


def one(*cells: Any) -> bytes:
    """A table of one household: grid, building, unit, room, then the head."""
    return xlsx([HEADER, ["H1", GRID, None, *cells, "常住户", "关大叔", "户主", HEAD]])


async def test_households_come_into_rooms_which_are_made_where_they_are_missing(
    households: Importing, session: AsyncSession, api: Api, house: dict[str, Any], world: World
) -> None:
    job = await households.check(xlsx(FAMILIES))
    assert (job["faults"], await session.scalar(select(func.count()).select_from(Room))) == ([], 0)
    await households.confirm(job["id"])
    assert counts(await households.apply(job["id"])) == (4, 0, 0, 0)
    assert await homes(session) == {
        "H1": ("水南街 1 号2单元502", "2", "502"),
        "H2": ("水南街 1 号2单元502", "2", "502"),
        "H3": ("水南街 1 号后座", None, "后座"),
        "H4": ("水南街 9 号", None, None),
    }
    worker = api.as_("grid_worker")
    found = (await worker.get("/v1/rooms", params={"building_id": house["id"]})).json()["items"]
    assert [one["room_no"] for one in found] == ["502", "后座"]
    inside = (await worker.get("/v1/households", params={"room_id": found[0]["id"]})).json()["items"]
    assert sorted(one["no"] for one in inside) == ["H1", "H2"]
    detail = (await worker.get(f"/v1/households/{inside[0]['id']}")).json()
    assert detail["room"] == {"id": found[0]["id"], "name": "502"}
    assert detail["grid_id"] == str(world.places["grid_a1"].id)
    history = (await worker.get(f"/v1/rooms/{found[0]['id']}/history")).json()
    assert [line["action"] for line in history] == ["room.create"]
    stays = await session.execute(select(HouseholdStay.room_id, Household.room_id).join(Household))
    assert all(stay == now for stay, now in stays)


async def test_the_same_table_again_changes_nothing_with_numbers_and_without(
    households: Importing, session: AsyncSession
) -> None:
    for table in (FAMILIES, [row[1:] for row in FAMILIES]):
        await households.bring_in(xlsx(table))
        assert counts(await households.bring_in(xlsx(table))) == (0, 0, 4, 0)
    # What has neither a house number nor an identity number is known by its room or its address.
    assert await session.scalar(select(func.count()).select_from(Household)) == 4
    assert await session.scalar(select(func.count()).select_from(Room)) == 2
    assert set(await session.scalars(select(Household.version))) == {1}


@pytest.mark.parametrize(
    "cells",
    [
        (None, None, "1栋2单元502"),
        (None, None, "1-2-502"),
        ("1号楼2单元502室", None, None),
        ("水南一座", None, "2单元502"),
        (None, "2", "1幢502"),
        ("1#", "02", "502"),
        ("水南一座", "2", "2单元502"),
        ("1栋", "2", "1栋2单元502室"),
    ],
)
async def test_a_room_that_is_there_is_found_however_it_is_written(
    households: Importing, api: Api, house: dict[str, Any], session: AsyncSession, cells: tuple[Any, ...]
) -> None:
    there = await room(api, "grid_worker", house, unit_no="2", room_no="502")
    assert counts(await households.bring_in(one(*cells))) == (1, 0, 0, 0)
    assert [str(row) for row in await session.scalars(select(Household.room_id))] == [there["id"]]
    assert await session.scalar(select(func.count()).select_from(Room)) == 1


async def test_a_unit_may_be_left_out_where_the_building_has_one_such_room(
    households: Importing, api: Api, house: dict[str, Any], session: AsyncSession
) -> None:
    there = await room(api, "grid_worker", house, unit_no="2", room_no="502")
    await households.bring_in(one("1栋", None, "502"))
    assert [str(row) for row in await session.scalars(select(Household.room_id))] == [there["id"]]
    await room(api, "grid_worker", house, unit_no="3", room_no="502")
    assert faults(await households.check(one("1栋", None, "502"))) == [(2, "房号", "room_ambiguous")]


async def test_a_building_that_is_not_in_the_grid_and_half_a_room_are_named(
    households: Importing, api: Api, world: World
) -> None:
    for name in ("东一座", "西一座"):
        await building(api, "village_admin", world.places["grid_a1"], name=name, no="8号楼")
    rest = ["常住户", "关大叔", "户主", None]
    table = [
        HEADER,
        ["H1", GRID, None, "9栋", None, "502", *rest],
        ["H2", "儒林第二网格", None, "1栋", None, "502", *rest],
        ["H3", GRID, None, "8栋", None, "502", *rest],
        ["H4", GRID, "水南街 4 号", None, None, "502", *rest],
        ["H5", GRID, "水南街 5 号", "1栋", None, None, *rest],
        ["H6", GRID, None, None, None, None, *rest],
        ["H7", GRID, None, "1栋", None, "101", *rest],
    ]
    job = await households.check(xlsx(table))
    assert faults(job) == [
        (2, "楼栋", "building_unknown"),
        (3, "楼栋", "building_unknown"),
        (4, "楼栋", "building_ambiguous"),
        (5, "楼栋", "building_missing"),
        (6, "房号", "room_missing"),
        (7, "地址", "missing"),
    ]
    assert job["faults"][0]["message"] == "该网格没有这栋楼，请先导入或登记楼栋"
    assert job["faults"][0]["shown"] == "9栋"


async def test_another_room_of_a_known_household_is_a_correction_and_no_move(
    households: Importing, session: AsyncSession
) -> None:
    await households.bring_in(one("1栋", "2", "502"))
    assert counts(await households.bring_in(one("1栋", "2", "503"))) == (0, 1, 0, 0)
    session.expire_all()
    assert await homes(session) == {"H1": ("水南街 1 号2单元503", "2", "503")}
    (stay,) = (await session.scalars(select(HouseholdStay))).all()
    (now,) = (await session.scalars(select(Household))).all()
    assert (stay.room_id, stay.address) == (now.room_id, now.address)
    assert (stay.valid_to, now.version) == (None, 2)


async def test_a_household_that_stood_at_an_address_alone_gets_its_room(
    households: Importing, api: Api, world: World, session: AsyncSession
) -> None:
    place = world.places["grid_a1"]
    await household(api, "grid_worker", place, address="水南街 1 号2单元502")
    row = [None, GRID, None, "1栋", "2", "502", "常住户", "何大文", "户主", None]
    assert counts(await households.bring_in(xlsx([HEADER, row]))) == (0, 1, 0, 0)
    assert [home[1:] for home in (await homes(session)).values()] == [("2", "502")]


async def test_namesakes_at_one_address_are_told_apart_by_their_rooms(
    households: Importing, session: AsyncSession
) -> None:
    rest = ["常住户", "何大文", "户主", None]
    table = [HEADER, *([None, GRID, "水南街 1 号", "1栋", None, door, *rest] for door in ("101", "102"))]
    assert counts(await households.bring_in(xlsx(table))) == (2, 0, 0, 0)
    assert counts(await households.bring_in(xlsx(table))) == (0, 0, 2, 0)
    assert sorted(home[2] for home in (await homes(session)).values()) == ["101", "102"]


async def test_two_rows_that_mean_one_known_household_are_told(households: Importing) -> None:
    rest = ["常住户", "何大文", "户主", None]
    await households.bring_in(xlsx([HEADER, [None, GRID, None, "1栋", "2", "502", *rest]]))
    twice = [[None, GRID, None, name, "2", "502", *rest] for name in ("1栋", "水南一座")]
    assert faults(await households.check(xlsx([HEADER, *twice]))) == [(3, "房号", "repeated")]


async def test_a_building_of_a_micro_grid_takes_its_households_there_and_none_from_without(
    households: Importing, api: Api, world: World, session: AsyncSession
) -> None:
    micro = world.places["micro_a1"]
    await building(api, "village_admin", micro, name="水北座", no="5号楼")
    row = ["H5", GRID, None, "5栋", None, "101", "常住户", "何大文", "户主", None]
    await households.bring_in(xlsx([HEADER, row]))
    (found,) = (await session.scalars(select(Household))).all()
    assert (found.area_id, found.grid_id) == (micro.id, world.places["grid_a1"].id)
    await households.bring_in(one("1栋", "2", "502"))
    assert faults(await households.check(one("5栋", None, "102"))) == [(2, "楼栋", "household_elsewhere")]


async def test_a_room_that_ended_since_the_dry_run_is_made_anew(
    households: Importing, api: Api, house: dict[str, Any], session: AsyncSession
) -> None:
    there = await room(api, "grid_worker", house, unit_no="2", room_no="502")
    job = await households.check(one("1栋", "2", "502"))
    await households.confirm(job["id"])
    assert (await api.as_("grid_worker").post(f"/v1/rooms/{there['id']}/end", json={})).status_code == 200
    assert counts(await households.apply(job["id"])) == (1, 0, 0, 0)
    (now,) = await session.scalars(select(Household.room_id))
    assert str(now) != there["id"]
