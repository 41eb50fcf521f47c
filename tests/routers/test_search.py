"""Search over HTTP: what workers type, who finds what, and that nothing personal leaves unmasked."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support import dwellings, households
from tests.support.clients import Api
from tests.support.households import identity_number, person
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/search"
WHO = "grid_worker"
PEOPLE: dict[str, dict[str, Any]] = {
    "张三": {"phone": "13900134512"},
    "曾国藩": {"phone": None},
    "阿依·买买提": {"phone": None},
    "𠮷野莞": {"phone": None},
}
ADDRESS = "莞城漏水巷 8 号"


@pytest.fixture
async def town(api: Api, world: World) -> None:
    """One household with four people, and a room 3-502 with another."""
    people = [
        person("02" if number == 1 else "10", name=name, id_number=identity_number(number), **more)
        for number, (name, more) in enumerate(PEOPLE.items(), 1)
    ]
    place = world.places["grid_a1"]
    await dwellings.household(api, WHO, place, address=ADDRESS, residents=people)
    building = await dwellings.building(api, WHO, place)
    room = await dwellings.room(api, WHO, building)
    await dwellings.household(api, WHO, place, address=None, area_id=None, room_id=room["id"])


async def found(api: Api, term: str, who: str = WHO, **more: Any) -> list[dict[str, Any]]:
    reply = await api.as_(who).post(URL, json={"term": term} | more)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def names(api: Api, term: str, **more: Any) -> list[str | None]:
    return [item["name"] for item in await found(api, term, kinds=["resident"], **more)]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("张三", "张*"),
        ("张", "张*"),
        ("张　三", "张*"),
        ("张\u200b三", "张*"),
        ("zs", "张*"),
        ("ＺＳ", "张*"),
        ("Zhang San", "张*"),
        ("zhangs", "张*"),
        ("zgf", "曾*藩"),
        ("zengguofan", "曾*藩"),
        ("cgf", "曾*藩"),
        ("4512", "张*"),
        ("４５１２", "张*"),
        ("139 0013 4512", "张*"),
        ("+86 13900134512", "张*"),
        ("买提", "阿***"),
        ("依•买", "阿***"),
        ("𠮷野", "𠮷*莞"),
        ("𠮷", "𠮷*莞"),
        (identity_number(2), "曾*藩"),
        (identity_number(2)[-4:], "曾*藩"),
    ],
)
async def test_a_person_is_found_by_what_workers_type(api: Api, term: str, name: str) -> None:
    assert await names(api, term) == [name]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("term", ["漏水", "莞城", "漏水巷8号", "漏水巷 ８ 号", "莞城 8号", "城漏水"])
async def test_a_household_is_found_by_a_piece_of_its_address(api: Api, term: str) -> None:
    assert [item["address"] for item in await found(api, term)] == [ADDRESS]


@pytest.mark.usefixtures("town")
async def test_trap_10_two_characters_one_character_initials_full_width_digits_and_a_rare_name(
    api: Api,
) -> None:
    assert [item["kind"] for item in await found(api, "漏水")] == ["household"]
    assert [item["kind"] for item in await found(api, "莞")] == ["resident", "household"]
    assert await names(api, "zs") == ["张*"]
    assert await names(api, "４５１２") == ["张*"]
    assert await names(api, "𠮷野莞") == ["𠮷*莞"]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("term", ["3-502", "３－５０２", "3单元502", "3—502", "1-3-502", "1号3单元502室"])
async def test_a_door_finds_the_room_and_the_household_in_it(api: Api, term: str) -> None:
    kinds = [item["kind"] for item in await found(api, term)]
    assert kinds == ["household", "room"]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("term", ["水漏", "三张", "3-503", "4513", "sz", "王五", "%", "__"])
async def test_what_is_nowhere_is_not_found(api: Api, term: str) -> None:
    if any(character.isalnum() for character in term):
        assert await found(api, term) == []
    else:
        reply = await api.as_(WHO).post(URL, json={"term": term})
        problem_in(reply, 422, "invalid")


@pytest.mark.usefixtures("town")
async def test_a_corrected_name_is_found_by_its_new_spelling_only(api: Api) -> None:
    hit = (await found(api, "zs", kinds=["resident"]))[0]
    reply = await api.as_(WHO).patch(f"/v1/residents/{hit['id']}", json={"name": "单三"})
    assert reply.status_code == 200, reply.text
    assert await names(api, "zhangsan") == []
    assert await names(api, "shansan") == ["单*"]


@pytest.mark.usefixtures("town")
async def test_nothing_personal_leaves_unmasked(api: Api) -> None:
    for term in ("张三", "zs", "4512", identity_number(1), ADDRESS):
        reply = await api.as_(WHO).post(URL, json={"term": term})
        assert "张*" in reply.text
        for secret in ("张三", "13900134512", identity_number(1), "1990-03-07"):
            assert secret not in reply.text
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("who", ["grid_worker_a2", "grid_worker_c"])
async def test_nobody_finds_what_lies_outside_their_area(api: Api, who: str) -> None:
    for term in ("张三", "zs", "4512", identity_number(1), "漏水", "3-502", "莞"):
        assert await found(api, term, who) == []


async def test_addresses_come_in_natural_order_and_pages_of_one_make_the_same_list(
    api: Api, session: AsyncSession, world: World
) -> None:
    for number in (10, 2, 1, 20):
        await households.add(session, world, world.places["grid_a1"], number)
    whole = [(item["kind"], item["id"], item["address"]) for item in await found(api, "测试路")]
    assert [address for _kind, _id, address in whole] == [f"测试路{number}号" for number in (1, 2, 10, 20)]
    everything = [(item["kind"], item["id"]) for item in await found(api, "小修")]
    assert len(everything) == 4
    pages, cursor = [], None
    while True:
        reply = (await api.as_(WHO).post(URL, json={"term": "测试路", "limit": 1, "cursor": cursor})).json()
        pages += [(item["kind"], item["id"], item["address"]) for item in reply["items"]]
        cursor = reply["next_cursor"]
        if cursor is None:
            break
    assert pages == whole


@pytest.mark.usefixtures("town")
async def test_a_search_costs_three_statements(api: Api, statements: Counter) -> None:
    for who in (WHO, "village_admin", "grid_assistant"):
        for term in ("张三", "zs", "4512", "3-502", "莞"):
            with statements(at_most=3):
                await api.as_(who).post(URL, json={"term": term})


async def test_a_broken_cursor_is_named(api: Api) -> None:
    reply = await api.as_(WHO).post(URL, json={"term": "张三", "cursor": "x"})
    assert problem_in(reply, 422, "invalid")["errors"][0]["field"] == "body.cursor"
