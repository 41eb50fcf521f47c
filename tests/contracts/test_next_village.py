"""What lies in the village next door is nowhere to be had by its id: on no route, by no method."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from app.core import clock
from tests.support.clients import Api
from tests.support.operations import SOME_ID, Operation, filled, operations
from tests.support.records import all_of, lists, populate
from tests.support.world import World

TODAY = clock.today().isoformat()
ANOTHER_ID = SOME_ID.replace("0b0a0", "0b0a1")
LOOK = {"fields": ["name"], "reason": "contact", "note": "电话核实来访情况"}
# What each write takes at least; without it the body would be refused before anybody looks for the record.
WRITES: Mapping[str, dict[str, Any]] = {
    "building_change": {"name": "水南二座"},
    "building_end": {},
    "care_object_change": {"measures": "每周探访"},
    "care_object_end": {},
    "care_object_review": {"care_level": "red"},
    "contact_link_change": {"rank": "party_member"},
    "contact_link_end": {},
    "data_request_act": {"action": "verify"},
    "household_birth": {"name": "何小宝", "birth_on": TODAY, "relation": "20"},
    "household_change": {"address": "水南街 2 号"},
    "household_end": {},
    "household_head": {"resident_id": SOME_ID},
    "household_merge": {"household_id": ANOTHER_ID, "members": [{"resident_id": SOME_ID, "relation": "80"}]},
    "household_move": {"room_id": SOME_ID},
    "household_split": {"members": [{"resident_id": SOME_ID, "relation": "02"}]},
    "household_unmask": LOOK | {"fields": ["head_name"]},
    "place_change": {"name": "小卖部"},
    "place_check": {},
    "place_end": {},
    "place_unmask": LOOK | {"fields": ["contact_name"]},
    "resident_change": {"occupation": "农民"},
    "resident_depart": {},
    "resident_die": {},
    "resident_move": {"home": {"address": "广州"}},
    "resident_tag_give": {"code": "disabled"},
    "resident_tag_take": {},
    "resident_unmask": LOOK,
    "room_change": {"room_no": "502"},
    "room_end": {},
    "room_unmask": LOOK | {"fields": ["owner_name"]},
    "team_change": {"name": "调解组"},
    "team_end": {},
    "team_join": {"member_id": SOME_ID},
    "ticket_act": {"action": "accept"},
    "ticket_contact_unmask": LOOK | {"fields": ["name"]},
    "ticket_duplicates_merge": {"ticket_ids": [SOME_ID]},
    "transfer_accept": {"household": {"room_id": SOME_ID}},
    "transfer_refuse": {"refusal": "not_here"},
    "transfer_withdraw": {},
    "visit_change": {"content": "一切安好"},
    "visit_decide": {"approved": True},
    "visit_plan_change": {"quota": 3},
    "visit_plan_end": {},
}
REGISTRY = {"buildings", "care-objects", "households", "places", "residents", "rooms"}


@pytest.mark.parametrize("who", ["api_client", "village_admin", "grid_worker"])
async def test_trap_16_nobody_of_village_a_finds_a_record_of_village_b_by_its_id(
    app: FastAPI, api: Api, world: World, who: str
) -> None:
    await populate(api, world)
    asked: dict[str, set[str]] = {}
    for listed in lists(app):
        theirs = await all_of(api, "village_admin_b", listed)
        hidden = sorted(theirs.keys() - (await all_of(api, who, listed)).keys())
        for operation in below(app, listed):
            for record_id in hidden[:3]:
                told = await ask(api, who, operation, record_id)
                assert told == await ask(api, who, operation, SOME_ID), (operation.name, told)
                is_known = operation.method == "GET" or operation.name in WRITES
                assert told[0] in {403, 404} or not is_known, (operation.name, told)
                asked.setdefault(operation.path.split("/")[2], set()).add(operation.name)
                if operation.path.split("/")[2] in REGISTRY and who == "village_admin" and is_known:
                    assert told == (404, "not_found"), operation.name
    assert asked.keys() >= REGISTRY | {"tickets"}
    assert len(asked["residents"] | asked["households"]) >= 18


@pytest.mark.parametrize("who", ["api_client", "village_admin", "grid_worker"])
async def test_trap_16_nobody_of_village_a_lists_or_counts_what_is_in_village_b_by_naming_it(
    app: FastAPI, api: Api, world: World, who: str
) -> None:
    await populate(api, world)
    named = 0
    for operation in operations(app):
        if operation.method == "GET" and operation.takes("query", "area_id"):
            for place in ("village_b", "grid_b1"):
                query = operation.query(area_id=str(world.places[place].id))
                reply = await api.as_(who).get(operation.url, params=query)
                assert reply.status_code in {403, 404}, (operation.name, reply.text)
                named += 1
    assert named >= 10


def below(app: FastAPI, listed: Operation) -> Iterator[Operation]:
    """The operations of every method on one record of a list, or on something of that record."""
    one = re.compile(re.escape(listed.path) + r"/\{[^}]+\}(/.+)?")
    return (found for found in operations(app) if one.fullmatch(found.path))


async def ask(api: Api, who: str, operation: Operation, record_id: str) -> tuple[int, str]:
    """Status and code of the answer about a record."""
    url = filled(re.sub(r"\{[^}]+\}", record_id, operation.path, count=1))
    body = None if operation.method in {"GET", "DELETE"} else WRITES.get(operation.name, {})
    reply = await api.as_(who).request(operation.method, url, params=operation.query(), json=body)
    return reply.status_code, reply.json().get("code", "") if reply.status_code >= 400 else ""
