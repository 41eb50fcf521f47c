"""What happens to people over HTTP: arrivals, births, moves, deaths, and nobody is ever in two places."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.households import identity_number
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.world import World

RESIDENTS, HOUSEHOLDS = "/v1/residents", "/v1/households"
TODAY = clock.today()
LONG_AGO = (TODAY - timedelta(days=1000)).isoformat()
FAMILY = [
    {"name": "何大文", "relation": "02", "birth_on": "1970-01-01"},
    {"name": "陈小红", "relation": "10"},
    {"name": "何小明", "relation": "20"},
]


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


async def family(api: Api, world: World, place: str = "grid_a1", **changed: Any) -> dict[str, Any]:
    """A couple with a son, registered long ago: people by the first character of their given name."""
    home = {"residents": FAMILY, "since": LONG_AGO} | changed
    return await dwellings.household(api, "village_admin", world.places[place], **home)


def ids(household: dict[str, Any]) -> list[str]:
    """Head, wife, son."""
    people = {person["relation"]: person["resident_id"] for person in household["people"]}
    return [people[relation] for relation in ("02", "10", "20")]


async def post(api: Api, url: str, body: dict[str, Any], who: str = "village_admin") -> dict[str, Any]:
    reply = await api.as_(who).post(url, json=body)
    assert reply.is_success, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def get(api: Api, url: str, who: str = "village_admin") -> Any:
    reply = await api.as_(who).get(url)
    assert reply.is_success, reply.text
    return reply.json()


async def past(api: Api, resident_id: str, kind: str = "memberships") -> list[tuple[Any, ...]]:
    """The spans of a life, the earliest first: household number, relation, from, to."""
    told = (await get(api, f"{RESIDENTS}/{resident_id}/history"))[kind]
    rows = [
        (span["household"] and span["household"]["name"], span["valid_from"], span["valid_to"])
        for span in told
    ]
    return sorted(rows, key=lambda row: (row[1], row[2] or "9999"))


async def test_trap_3_the_same_resident_in_two_households_over_time(api: Api, world: World) -> None:
    old, new = await family(api, world, no="OLD"), await family(api, world, "grid_a2", no="NEW")
    _head, _wife, son = ids(old)
    moved = await post(
        api,
        f"{RESIDENTS}/{son}/moves",
        {"on": ago(30), "reason": "married", "household": {"household_id": new["id"], "relation": "30"}},
    )
    assert (moved["household"]["name"], moved["relation"]) == ("NEW", "30")
    assert moved["area"]["name"] == world.places["grid_a2"].name
    assert await past(api, son) == [("OLD", LONG_AGO, ago(30)), ("NEW", ago(30), None)]
    assert await past(api, son, "residences") == [("OLD", LONG_AGO, ago(30)), ("NEW", ago(30), None)]
    assert (await get(api, f"{HOUSEHOLDS}/{old['id']}"))["member_count"] == 2
    assert (await get(api, f"{HOUSEHOLDS}/{new['id']}"))["member_count"] == 4
    back = {"on": ago(10), "household": {"household_id": old["id"], "relation": "20"}}
    await post(api, f"{RESIDENTS}/{son}/moves", back)
    assert [row[0] for row in await past(api, son)] == ["OLD", "NEW", "OLD"]


async def test_trap_3_a_household_split(api: Api, world: World) -> None:
    old = await family(api, world, no="OLD")
    head, wife, son = ids(old)
    body = {"on": ago(20), "no": "NEW", "members": [{"resident_id": son, "relation": "02"}]}
    new = await post(api, f"{HOUSEHOLDS}/{old['id']}/split", body)
    assert (new["no"], new["member_count"], new["address"]) == ("NEW", 1, old["address"])
    assert [person["resident_id"] for person in new["people"]] == [son]
    rest = await get(api, f"{HOUSEHOLDS}/{old['id']}")
    assert {person["resident_id"] for person in rest["people"]} == {head, wife}
    assert (rest["member_count"], rest["needs_head"]) == (2, False)
    assert await past(api, son) == [("OLD", LONG_AGO, ago(20)), ("NEW", ago(20), None)]
    told = await get(api, f"{HOUSEHOLDS}/{old['id']}/history")
    assert {(line["resident"]["id"], line["end_reason"]) for line in told["members"]} == {
        (head, None),
        (wife, None),
        (son, "split"),
    }
    back = {"household_id": new["id"], "members": [{"resident_id": son, "relation": "20"}]}
    again = await post(api, f"{HOUSEHOLDS}/{old['id']}/merge", back)
    assert again["member_count"] == 3
    assert (await get(api, f"{HOUSEHOLDS}/{new['id']}"))["ended_on"] == TODAY.isoformat()
    assert [row[0] for row in await past(api, son)] == ["OLD", "NEW", "OLD"]


async def test_trap_3_the_head_dies_and_another_is_named_in_the_same_call(api: Api, world: World) -> None:
    home = await family(api, world)
    head, wife, son = ids(home)
    body = {
        "on": ago(5),
        "head": {"resident_id": wife, "relations": [{"resident_id": son, "relation": "20"}]},
    }
    dead = await post(api, f"{RESIDENTS}/{head}/death", body)
    assert (dead["died_on"], dead["household"], dead["home"]) == (ago(5), None, None)
    now = await get(api, f"{HOUSEHOLDS}/{home['id']}")
    assert (now["member_count"], now["needs_head"]) == (2, False)
    assert [(person["resident_id"], person["relation"]) for person in now["people"]] == [
        (wife, "02"),
        (son, "20"),
    ]
    assert [row[1:] for row in await past(api, wife)] == [(LONG_AGO, ago(5)), (ago(5), None)]


async def test_trap_3_the_head_dies_and_nobody_is_named_so_the_household_is_marked(
    api: Api, world: World
) -> None:
    home = await family(api, world)
    head, wife, son = ids(home)
    await post(api, f"{RESIDENTS}/{head}/death", {})
    marked = await get(api, f"{HOUSEHOLDS}?needs_head=true")
    assert [row["id"] for row in marked["items"]] == [home["id"]]
    assert marked["items"][0]["head_name"] is None
    named = await post(api, f"{HOUSEHOLDS}/{home['id']}/head", {"resident_id": son})
    assert (named["needs_head"], named["people"][0]["resident_id"]) == (False, son)
    refused = await api.as_("village_admin").post(
        f"{HOUSEHOLDS}/{home['id']}/head", json={"resident_id": wife}
    )
    problem_in(refused, 422, "invalid", "body.relations")
    assert {row["id"] for row in (await get(api, RESIDENTS))["items"]} == {wife, son}
    assert [row["id"] for row in (await get(api, f"{RESIDENTS}?gone=true"))["items"]] == [head]
    again = await api.as_("village_admin").post(f"{RESIDENTS}/{head}/death", json={})
    problem_in(again, 409, "resident_gone")


async def test_trap_3_a_new_born_without_a_number(api: Api, world: World, statements: Counter) -> None:
    home = await family(api, world)
    child = {"name": "何小宝", "relation": "21", "birth_on": ago(3)}
    with statements(at_most=20):
        born = await post(api, f"{HOUSEHOLDS}/{home['id']}/births", child, "grid_worker")
    assert (born["id_number"], born["no_id_reason"], born["age"]) == (None, "new_born", 0)
    assert await past(api, born["id"]) == [(home["no"], ago(3), None)]
    number = identity_number(7)
    later = await api.as_("grid_worker").patch(f"{RESIDENTS}/{born['id']}", json={"id_number": number})
    assert later.status_code == 200, later.text
    assert later.json()["no_id_reason"] is None
    assert number not in later.text
    assert later.json()["id_number"].startswith(number[:6])


async def test_somebody_born_after_the_family_came_belongs_to_it_since_birth(api: Api, world: World) -> None:
    people = [*FAMILY, {"name": "何小宝", "relation": "21", "birth_on": ago(9)}]
    home = await family(api, world, residents=people)
    child = next(person for person in home["people"] if person["relation"] == "21")
    assert child["since"] == ago(9)
    early = {
        "household_id": home["id"],
        "name": "何小妹",
        "relation": "30",
        "birth_on": ago(9),
        "on": ago(10),
    }
    problem_in(await api.as_("grid_worker").post(RESIDENTS, json=early), 422, "invalid", "body.on")


async def test_a_person_registered_in_one_household_lives_in_another(api: Api, world: World) -> None:
    home, other = await family(api, world, no="HOME"), await family(api, world, "grid_a2", no="OTHER")
    _head, _wife, son = ids(home)
    body = {"on": ago(50), "reason": "work", "home": {"household_id": other["id"]}}
    lives = await post(api, f"{RESIDENTS}/{son}/moves", body)
    assert (lives["household"]["name"], lives["home"]["household"]["name"]) == ("HOME", "OTHER")
    assert lives["lives_where_registered"] is False
    lodgers = (await get(api, f"{HOUSEHOLDS}/{other['id']}"))["lodgers"]
    assert [person["resident_id"] for person in lodgers] == [son]
    registered = {
        p["resident_id"]: p["lives_here"] for p in (await get(api, f"{HOUSEHOLDS}/{home['id']}"))["people"]
    }
    assert (registered[son], list(registered.values()).count(True)) == (False, 2)
    for who in ("grid_worker", "grid_worker_a2"):
        assert (await api.as_(who).get(f"{RESIDENTS}/{son}")).status_code == 200
    listed = await get(api, RESIDENTS, "grid_worker_a2")
    assert son in {row["id"] for row in listed["items"]}
    away = {"reason": "work", "home": {"address": "深圳市宝安区"}}
    gone = await post(api, f"{RESIDENTS}/{son}/moves", away)
    assert (gone["home"]["address"], gone["area"]["name"]) == ("深圳市宝安区", "儒林第一网格")
    homes = await past(api, son, "residences")
    assert [row[0] for row in homes] == ["HOME", "OTHER", None]
    assert [row[2] for row in homes] == [ago(50), TODAY.isoformat(), None]


async def test_a_home_beyond_the_scope_is_not_told(api: Api, world: World) -> None:
    home, there = await family(api, world), await family(api, world, "grid_a2")
    _head, _wife, son = ids(home)
    await post(api, f"{RESIDENTS}/{son}/moves", {"home": {"household_id": there["id"]}})
    seen = [
        (await get(api, f"{RESIDENTS}/{son}", who))["home"]
        for who in ("village_admin", "grid_worker_a2", "grid_worker")
    ]
    told = {"id": there["id"], "name": there["no"]}
    assert [place["household"] for place in seen] == [told, told, None]
    assert {place["since"] for place in seen} == {TODAY.isoformat()}


async def test_who_left_the_town_can_come_back_and_the_gap_is_the_one_that_was_made(
    api: Api, world: World
) -> None:
    home = await family(api, world)
    _head, _wife, son = ids(home)
    left = await post(api, f"{RESIDENTS}/{son}/departure", {"on": ago(100)})
    assert (left["left_on"], left["household"]) == (ago(100), None)
    stuck = await api.as_("village_admin").post(
        f"{RESIDENTS}/{son}/moves", json={"home": {"address": "佛山"}}
    )
    problem_in(stuck, 409, "resident_gone")
    body = {"on": ago(40), "household": {"household_id": home["id"], "relation": "20"}}
    back = await post(api, f"{RESIDENTS}/{son}/moves", body)
    assert (back["left_on"], back["lives_where_registered"]) == (None, True)
    assert [row[1:] for row in await past(api, son)] == [(LONG_AGO, ago(100)), (ago(40), None)]


async def test_nobody_dies_before_they_left(api: Api, world: World) -> None:
    _head, _wife, son = ids(await family(api, world))
    await post(api, f"{RESIDENTS}/{son}/departure", {"on": ago(100)})
    early = await api.as_("village_admin").post(f"{RESIDENTS}/{son}/death", json={"on": ago(101)})
    problem_in(early, 422, "invalid", "body.on")
    assert (await post(api, f"{RESIDENTS}/{son}/death", {"on": ago(100)}))["died_on"] == ago(100)


async def test_events_come_in_the_order_of_their_days(api: Api, world: World) -> None:
    home, other = await family(api, world), await family(api, world, "grid_a2")
    _head, _wife, son = ids(home)
    there = {"household": {"household_id": other["id"], "relation": "30"}}
    await post(api, f"{RESIDENTS}/{son}/moves", {"on": ago(10), **there})
    url = f"{RESIDENTS}/{son}/moves"
    back = {"household": {"household_id": home["id"], "relation": "20"}}
    client = api.as_("village_admin")
    problem_in(await client.post(url, json={"on": ago(11), **back}), 422, "invalid", "body.on")
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    problem_in(await client.post(url, json={"on": tomorrow, **back}), 422, "invalid", "body.on")
    problem_in(await client.post(url, json=there), 409, "same_household")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([("son", "20")], "invalid"),
        ([("head", "02"), ("wife", "10"), ("son", "20")], "split_takes_all"),
        ([("head", "02"), ("wife", "03")], "invalid"),
        ([("son", "02"), ("son", "02")], "invalid"),
    ],
)
async def test_a_split_needs_one_head_and_leaves_somebody_behind(
    api: Api, world: World, members: list[tuple[str, str]], code: str
) -> None:
    home = await family(api, world)
    people = dict(zip(("head", "wife", "son"), ids(home), strict=True))
    sent = [{"resident_id": people[who], "relation": relation} for who, relation in members]
    reply = await api.as_("village_admin").post(f"{HOUSEHOLDS}/{home['id']}/split", json={"members": sent})
    problem_in(reply, 409 if code == "split_takes_all" else 422, code)
    assert (await get(api, f"{HOUSEHOLDS}/{home['id']}"))["version"] == home["version"]


async def test_a_household_that_moves_takes_along_who_lives_with_it(api: Api, world: World) -> None:
    home = await family(api, world)
    _head, _wife, son = ids(home)
    house = await dwellings.building(api, "village_admin", world.places["grid_a2"])
    room = await dwellings.room(api, "village_admin", house)
    moved = await post(api, f"{HOUSEHOLDS}/{home['id']}/move", {"on": ago(7), "room_id": room["id"]})
    assert (moved["area"]["name"], moved["room"]["id"]) == ("儒林第二网格", room["id"])
    assert (await get(api, f"{RESIDENTS}/{son}", "grid_worker_a2"))["area"]["name"] == "儒林第二网格"
    problem_in(await api.as_("grid_worker").get(f"{RESIDENTS}/{son}"), 404, "not_found")
    stays = (await get(api, f"{HOUSEHOLDS}/{home['id']}/history"))["stays"]
    assert [(stay["area"]["name"], stay["valid_from"], stay["valid_to"]) for stay in stays] == [
        ("儒林第二网格", ago(7), None),
        ("儒林第一网格", LONG_AGO, ago(7)),
    ]
    refused = await api.as_("village_admin").post(f"/v1/rooms/{room['id']}/end", json={})
    problem_in(refused, 409, "room_in_use")
    problem_in(
        await api.as_("village_admin").post(f"{HOUSEHOLDS}/{home['id']}/end", json={}),
        409,
        "household_in_use",
    )


async def test_a_household_next_door_cannot_be_moved_into(api: Api, world: World) -> None:
    home, other = await family(api, world), await family(api, world, "grid_a2")
    _head, _wife, son = ids(home)
    body = {"household": {"household_id": other["id"], "relation": "30"}}
    reply = await api.as_("grid_worker").post(f"{RESIDENTS}/{son}/moves", json=body)
    problem_in(reply, 404, "not_found", "body.household.household_id")
    merge = await api.as_("grid_worker").post(
        f"{HOUSEHOLDS}/{home['id']}/merge", json={"household_id": other["id"]}
    )
    problem_in(merge, 404, "not_found", "body.household_id")


@pytest.mark.parametrize("who", ["dispatcher", "grid_assistant", "system_admin", "api_client"])
async def test_who_may_not_write_residents_is_refused_each_event(api: Api, world: World, who: str) -> None:
    home = await family(api, world)
    head, *_rest = ids(home)
    for url in (
        f"{RESIDENTS}/{head}/death",
        f"{RESIDENTS}/{head}/departure",
        f"{HOUSEHOLDS}/{home['id']}/end",
    ):
        problem_in(await api.as_(who).post(url, json={}), 403, "forbidden")


async def test_an_event_on_an_old_version_is_refused(api: Api, world: World) -> None:
    home = await family(api, world)
    head, _wife, _son = ids(home)
    url = f"{RESIDENTS}/{head}"
    version = (await get(api, url))["version"]
    await api.as_("village_admin").patch(url, json={"occupation": "务农"})
    stale = await api.as_("village_admin").post(f"{url}/death", json={}, headers={"If-Match": f'"{version}"'})
    problem_in(stale, 412, "stale_version")


async def test_a_passport_is_kept_as_it_is_and_leaves_masked(api: Api, world: World) -> None:
    home = await family(api, world)
    body = {
        "household_id": home["id"],
        "name": "Maria Silva",
        "relation": "99",
        "population_type": "overseas",
        "id_type": "414",
        "id_number": "fz 123456７",
    }
    reply = await api.as_("grid_worker").post(RESIDENTS, json=body)
    assert reply.status_code == 201, reply.text
    assert "FZ1234567" not in reply.text
    assert "Silva" not in reply.text
    again = await api.as_("grid_worker").post(RESIDENTS, json=body)
    problem_in(again, 409, "resident_registered", "body.id_number")
    wrong = await api.as_("grid_worker").post(RESIDENTS, json=body | {"id_type": "111"})
    problem_in(wrong, 422, "invalid", "body.id_number")


async def test_a_birth_date_stays_as_it_was_said(api: Api, world: World) -> None:
    home = await family(api, world)
    head, wife, _son = ids(home)
    for resident_id, sequence in ((head, 1), (wife, 2)):
        body = {"id_number": identity_number(sequence)}
        assert (
            await api.as_("grid_worker").patch(f"{RESIDENTS}/{resident_id}", json=body)
        ).status_code == 200
    said = TODAY.year - 1970 - (date(TODAY.year, 1, 1) > TODAY)
    assert (await get(api, f"{RESIDENTS}/{head}"))["age"] == said
    assert (await get(api, f"{RESIDENTS}/{wife}"))["age"] < said
    taken = await api.as_("grid_worker").patch(f"{RESIDENTS}/{head}", json={"id_number": identity_number(2)})
    problem_in(taken, 409, "resident_registered", "body.id_number")


async def test_whoever_has_no_number_has_a_reason_and_nobody_else(api: Api, world: World) -> None:
    _head, wife, _son = ids(await family(api, world))
    client, url = api.as_("grid_worker"), f"{RESIDENTS}/{wife}"
    emptied = (await client.patch(url, json={"no_id_reason": None})).json()
    assert (emptied["id_number"], emptied["no_id_reason"]) == (None, "not_collected")
    assert (await client.patch(url, json={"id_number": identity_number(3)})).status_code == 200
    told = (await client.patch(url, json={"no_id_reason": "refused"})).json()
    assert (told["id_number"] is None, told["no_id_reason"]) == (False, None)


async def test_a_number_stays_one_of_its_kind(api: Api, world: World) -> None:
    _head, wife, _son = ids(await family(api, world))
    client, url = api.as_("grid_worker"), f"{RESIDENTS}/{wife}"
    passport = {"id_type": "414", "id_number": "FZ1234567"}
    assert (await client.patch(url, json=passport)).status_code == 200
    problem_in(await client.patch(url, json={"id_type": "111"}), 422, "invalid", "body.id_number")
