"""What lies outside somebody's scope is not there for them: not in lists, and 404 by its id."""

import pytest
from fastapi import FastAPI

from tests.support.clients import Api
from tests.support.records import address_of, all_of, lists, populate, reads_below
from tests.support.world import CALLERS, World

NEIGHBOURS = {
    "next town": ("dispatcher", "dispatcher_c", {"tickets_list", "areas_list", "members_list", "orgs_list"}),
    "next village": (
        "village_admin",
        "village_admin_b",
        {"tickets_list", "households_list", "visits_list", "visit_plans_list"},
    ),
    "next grid": ("grid_worker", "grid_worker_b", {"tickets_list", "households_list"}),
    "next office": ("dept_handler", "dept_handler_fire", {"tickets_list"}),
    "whole town": ("dispatcher", "api_client", {"tickets_list", "areas_list"}),
}


@pytest.mark.parametrize(("insider", "outsider", "apart"), NEIGHBOURS.values(), ids=NEIGHBOURS)
async def test_what_a_neighbour_does_not_list_they_cannot_read_by_its_id_either(
    app: FastAPI, api: Api, world: World, insider: str, outsider: str, apart: set[str]
) -> None:
    await populate(api, world)
    hidden_in = set()
    for listed in lists(app):
        seen = await all_of(api, insider, listed)
        hidden = seen.keys() - (await all_of(api, outsider, listed)).keys()
        for read in reads_below(app, listed):
            for record in (seen[record_id] for record_id in sorted(hidden)):
                url = address_of(read, record)
                assert (await api.as_(insider).get(url)).status_code == 200, url
                assert (await api.as_(outsider).get(url)).status_code in {403, 404}, url
        hidden_in |= {listed.name} if hidden else set()
    assert hidden_in >= apart


async def test_whatever_somebody_lists_they_can_read(app: FastAPI, api: Api, world: World) -> None:
    await populate(api, world)
    for listed in lists(app):
        for who in CALLERS:
            for record in (await all_of(api, who, listed)).values():
                for read in reads_below(app, listed):
                    reply = await api.as_(who).get(address_of(read, record))
                    assert reply.status_code == 200, (who, read.name, reply.text)


@pytest.mark.parametrize("who", ["former", "system_admin", "auditor", "statistician"])
async def test_who_has_no_post_in_the_loop_sees_no_ticket_and_no_household(
    app: FastAPI, api: Api, world: World, who: str
) -> None:
    await populate(api, world)
    for listed in lists(app):
        if listed.name in {"tickets_list", "households_list"}:
            assert await all_of(api, who, listed) == {}


async def test_pages_of_one_make_the_same_list_as_one_page(app: FastAPI, api: Api, world: World) -> None:
    await populate(api, world)
    for listed in lists(app):
        for who in CALLERS:
            at_once = await all_of(api, who, listed)
            if len(at_once) > 1:
                assert list(await all_of(api, who, listed, limit="1")) == list(at_once), (who, listed.name)
