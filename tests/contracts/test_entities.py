"""Every entity of the registry and its staff: list, one, create, change, end, history; versioned, in scope.

The table names the operation of each. What an entity has no operation for says why there is none.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI

from tests.support.clients import Api
from tests.support.operations import Operation, operations
from tests.support.records import address_of, all_of, lists, populate
from tests.support.world import World


@dataclass(frozen=True, slots=True)
class Entity:
    """The operations of one kind of record; `change` and `ends` are versioned."""

    list: str
    read: str
    create: str
    change: str
    ends: tuple[str, ...]
    history: str

    @property
    def written(self) -> tuple[str, ...]:
        """What changes a record that is there."""
        return (self.change, *self.ends)

    @property
    def all(self) -> set[str]:
        """Every operation of the entity."""
        return {self.list, self.read, self.create, *self.written, self.history}


def usual(one: str, many: str, **different: Any) -> Entity:
    """An entity whose operations are called as most are."""
    names: dict[str, Any] = {
        "list": f"{many}_list",
        "read": f"{one}_read",
        "create": f"{one}_create",
        "change": f"{one}_change",
        "ends": (f"{one}_end",),
        "history": f"{one}_history",
    }
    return Entity(**names | different)


ENTITIES = {
    "area": usual("area", "areas"),
    "org": usual("org", "orgs"),
    "member": usual("member", "members"),
    # What a post says stays as it was given; only when it ends can be set, once.
    "post": usual("post", "posts", change="post_end", ends=("post_end", "post_remove")),
    "building": usual("building", "buildings"),
    "room": usual("room", "rooms"),
    "place": usual("place", "places"),
    "household": usual("household", "households"),
    "resident": usual("resident", "residents", ends=("resident_depart", "resident_die")),
    "care_object": usual("care_object", "care_objects"),
    # An offer stays as it was made; the other side or the own decides on it, once.
    "transfer": usual(
        "transfer", "transfers", change="transfer_accept", ends=("transfer_refuse", "transfer_withdraw")
    ),
    # Links in time: they are read in the history of whom they belong to, begin and end by its events.
    "membership": Entity(
        list="household_history",
        read="resident_history",
        create="resident_create",
        change="household_head",
        ends=("resident_move", "household_split", "household_merge"),
        history="resident_history",
    ),
    "residence": Entity(
        list="resident_history",
        read="resident_read",
        create="resident_create",
        change="resident_move",
        ends=("resident_depart", "resident_die"),
        history="resident_history",
    ),
    "stay": Entity(
        list="household_history",
        read="household_read",
        create="household_create",
        change="household_move",
        ends=("household_end",),
        history="household_history",
    ),
    "resident_tag": Entity(
        list="resident_tags",
        read="resident_tags",
        create="resident_tag_give",
        change="resident_tag_take",
        ends=("resident_tag_take",),
        history="resident_history",
    ),
    "visit_plan": usual("visit_plan", "visit_plans"),
    # A visit took place: it ends by being told that it does not count.
    "visit": usual("visit", "visits", create="visit_record", ends=("visit_decide",)),
    "team": usual("team", "teams"),
    "team_member": Entity(
        list="team_read",
        read="team_read",
        create="team_join",
        change="team_join",
        ends=("team_leave",),
        history="team_history",
    ),
    "contact_link": usual("contact_link", "contact_links"),
    "contact_quota": usual("contact_quota", "contact_quotas", ends=("contact_quota_remove",)),
    # A worker's own: nobody else reads or writes it, and it ends once, by checking out.
    "attendance": Entity(
        list="attendance_list",
        read="attendance_read",
        create="attendance_check_in",
        change="attendance_check_out",
        ends=(),
        history="attendance_list",
    ),
}
# Their lists are of one record only, and their rows have no address of their own.
LINKS = {"membership", "residence", "stay", "resident_tag", "team_member"}
OWN = {"attendance"}
RECORDS = sorted(ENTITIES.keys() - LINKS - OWN)


@pytest.fixture
def named(app: FastAPI) -> dict[str, Operation]:
    """The operations by name."""
    return {operation.name: operation for operation in operations(app)}


@pytest.mark.parametrize("entity", ENTITIES)
async def test_an_entity_has_every_operation(named: dict[str, Operation], entity: str) -> None:
    assert not ENTITIES[entity].all - named.keys()


@pytest.mark.parametrize("entity", sorted(ENTITIES.keys() - OWN))
async def test_whatever_changes_or_ends_a_record_takes_the_version_that_was_seen(
    named: dict[str, Operation], entity: str
) -> None:
    for name in ENTITIES[entity].written:
        assert named[name].takes("header", "If-Match"), name


@pytest.mark.parametrize("entity", RECORDS)
async def test_a_record_that_was_entered_over_the_wire_is_listed_read_and_has_a_history(
    app: FastAPI, api: Api, world: World, named: dict[str, Operation], entity: str
) -> None:
    await populate(api, world)
    spec = ENTITIES[entity]
    assert spec.list in {listed.name for listed in lists(app)}
    who = "village_admin" if entity != "post" else "system_admin"
    found = await all_of(api, who, named[spec.list])
    assert found
    for record in list(found.values())[:3]:
        read = await api.as_(who).get(address_of(named[spec.read], record))
        assert read.json()["version"] == record["version"]
        assert read.headers["etag"] == f'"{record["version"]}"'
        assert (await api.as_(who).get(address_of(named[spec.history], record))).status_code == 200


@pytest.mark.parametrize("entity", RECORDS)
async def test_the_history_of_a_record_is_for_those_who_see_the_record(
    api: Api, world: World, named: dict[str, Operation], entity: str
) -> None:
    await populate(api, world)
    spec, outsider = ENTITIES[entity], "grid_worker_b"
    insider = "village_admin" if entity != "post" else "system_admin"
    seen = await all_of(api, insider, named[spec.list])
    hidden = seen.keys() - (await all_of(api, outsider, named[spec.list])).keys()
    assert hidden or entity == "org"
    for record_id in sorted(hidden)[:3]:
        for name in (spec.read, spec.history):
            reply = await api.as_(outsider).get(address_of(named[name], seen[record_id]))
            assert reply.status_code in {403, 404}, name


async def test_a_time_on_duty_is_read_by_the_one_who_was_on_duty(api: Api) -> None:
    worker, leader = api.as_("grid_worker"), api.as_("village_admin")
    made = (await worker.post("/v1/attendance/check-in", json={})).json()
    address = f"/v1/attendance/{made['id']}"
    assert (await worker.post("/v1/attendance/check-out", json={})).json()["ended_at"]
    (listed,) = (await worker.get("/v1/attendance")).json()["items"]
    assert (await worker.get(address)).json() == listed
    assert (await leader.get(address)).status_code == 404


async def test_every_table_of_the_registry_and_of_its_staff_is_an_entity(app: FastAPI) -> None:
    served = {name for spec in ENTITIES.values() for name in spec.all}
    tags = {"registry", "staff", "areas", "posts", "visits"}
    document = app.openapi()
    creating = {
        operation["operationId"]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method == "post" and set(operation.get("tags", ())) & tags
        if operation["operationId"].endswith(("_create", "_give", "_record", "_join", "_check_in"))
    }
    assert creating <= served
