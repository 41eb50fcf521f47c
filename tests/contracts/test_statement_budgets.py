"""How many SQL statements each read costs, whoever asks and however long the answer is."""

import pytest
from fastapi import FastAPI

from tests.support.clients import Api
from tests.support.operations import operations
from tests.support.problems import problem_in
from tests.support.records import FEEDS, address_of, all_of, lists, populate, reads_below
from tests.support.statements import Counter
from tests.support.world import CALLERS, World

LIST, DETAIL, FIGURES = 3, 4, 4
# Besides the caller and the mark: whose figures, what they are divided into, the sums, the tail, the names.
# A screen costs what its questions cost, and nothing while nothing changes.
# A client's page of itself has four parts: who, by which token, how often, what was delivered.
COSTLIER = {
    "client_self": 5,
    "stats_overview": 8,
    "stats_kpis": 5,
    "stats_trend": 5,
    "stats_flow": 5,
    "stats_overdue": 9,
    "stats_breakdown": 7,
    "stats_ranking": 8,
    "stats_visits": 6,
    "stats_map": 6,
    "stats_shapes": 5,
    "stats_counted": 6,
    "stats_screen": 30,
}


async def test_a_list_costs_three_statements_whatever_its_length(
    app: FastAPI, api: Api, world: World, statements: Counter
) -> None:
    await populate(api, world)
    for listed in lists(app):
        for who in CALLERS:
            for limit in ("1", "100"):
                with statements(at_most=COSTLIER.get(listed.name, LIST)):
                    await api.as_(who).get(listed.path, params=listed.query(limit=limit))


async def test_a_detail_costs_four_statements(
    app: FastAPI, api: Api, world: World, statements: Counter
) -> None:
    await populate(api, world)
    read_at_all = set()
    for listed in lists(app):
        for who in CALLERS:
            for record in list((await all_of(api, who, listed)).values())[:3]:
                for read in reads_below(app, listed):
                    with statements(at_most=DETAIL):
                        reply = await api.as_(who).get(address_of(read, record))
                    read_at_all |= {read.name} if reply.status_code == 200 else set()
    assert read_at_all >= {"ticket_read", "ticket_events", "household_read", "area_read", "member_read"}


async def test_every_other_read_costs_four_statements(app: FastAPI, api: Api, statements: Counter) -> None:
    for operation in operations(app):
        if operation.method == "GET" and "{" not in operation.path and operation.name not in FEEDS:
            for who in CALLERS:
                with statements(at_most=COSTLIER.get(operation.name, FIGURES)):
                    await api.as_(who).get(operation.path, params=operation.query())


@pytest.mark.parametrize("who", ["former", "disabled"])
async def test_a_refusal_costs_one_statement(app: FastAPI, api: Api, statements: Counter, who: str) -> None:
    for operation in operations(app):
        # A refused look at plain values is decided later, so that it can be written down.
        if operation.path.startswith("/v1/tickets") and not operation.path.endswith("/unmask"):
            with statements(at_most=1):
                reply = await api.as_(who).request(operation.method, operation.url, json={})
            if who == "former":
                problem_in(reply, 403, "forbidden")
            else:
                problem_in(reply, 401, "unauthenticated")
