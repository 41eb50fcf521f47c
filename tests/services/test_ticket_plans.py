"""The lists that people live in cost the same at any size: what PostgreSQL does for each, rows and pages.

Asks for the plan of the very statement that the service sends, planned for its values and planned for any
values (the driver prepares statements, so PostgreSQL may keep a plan of either kind), among 2,000 and then
among 20,000 tickets.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, create_engine, create_sessions
from app.models.enums import Stage, Status
from app.services.access import actors
from app.services.access.keyring import Keyring
from app.services.tickets import reads
from app.services.tickets.reads import TicketFilter, TicketSort
from app.services.tickets.workflow import STAGE_OF
from tests.support import crowd, plans
from tests.support.database import Server
from tests.support.plans import Plan
from tests.support.settings import SECRET
from tests.support.world import World

FEW, MANY, LIMIT = 2_000, 20_000, 20
DEEP = 3
# Of a ticket on a page: its own row by key, its names, and its share of the walks that found it.
PAGES_A_ROW = 15
EVERYTHING = TicketFilter()
WORLD = World()
PLACES = {key: place.id for key, place in WORLD.places.items()}
URBAN = WORLD.orgs["urban"].id
MANY_POSTS = "grid_worker_a2"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list: who looks, at what, in which order, and how many branches it is made of."""

    who: str
    branches: int
    filter: TicketFilter = EVERYTHING
    sort: TicketSort = TicketSort.NEWEST
    page: int = 1


LISTS: dict[str, Wanted] = {
    **{
        f"the town's queue: {status}": Wanted("dispatcher", 2, TicketFilter(status=status))
        for status in (Status.REPORTED, Status.ACCEPTED, Status.PROCESSING, Status.EVALUATING, Status.CLOSED)
    },
    **{
        f"the town's stage: {stage}": Wanted("dispatcher", 2 * statuses, TicketFilter(stage=stage))
        for stage, statuses in Counter(STAGE_OF.values()).items()
        if stage
    },
    "the town's queue, oldest first": Wanted(
        "dispatcher", 2, TicketFilter(status=Status.REPORTED), TicketSort.OLDEST
    ),
    "a village's queue": Wanted("village_admin", 2, TicketFilter(status=Status.REPORTED)),
    "a grid's queue": Wanted("grid_worker", 2, TicketFilter(status=Status.PROCESSING)),
    "a department's newest": Wanted("dept_handler", 2),
    "a department's queue": Wanted("dept_handler", 2, TicketFilter(status=Status.DISPATCHED)),
    "a department's stage": Wanted("dept_handler", 4, TicketFilter(stage=Stage.ROUTE)),
    "a department's queue for the dispatcher": Wanted(
        "dispatcher", 1, TicketFilter(org_id=URBAN, status=Status.PROCESSING)
    ),
    "my tasks": Wanted("dept_handler", 2, TicketFilter(mine=True)),
    "my tasks in work": Wanted("dept_handler", 2, TicketFilter(mine=True, status=Status.PROCESSING)),
    "my tasks by deadline": Wanted("dept_handler", 2, TicketFilter(mine=True), TicketSort.DUE),
    "my overdue tasks": Wanted("dept_handler", 2, TicketFilter(mine=True, overdue=True)),
    "reported by me": Wanted("grid_worker", 2, TicketFilter(mine=True)),
    "reported by me and returned": Wanted("grid_worker", 2, TicketFilter(mine=True, status=Status.RETURNED)),
    "the town's overdue": Wanted("dispatcher", 2, TicketFilter(overdue=True)),
    "a village's overdue": Wanted("village_admin", 2, TicketFilter(overdue=True)),
    "a grid's overdue": Wanted("grid_worker", 2, TicketFilter(overdue=True)),
    "a department's overdue": Wanted("dept_handler", 2, TicketFilter(overdue=True)),
    "a department's overdue for the dispatcher": Wanted(
        "dispatcher", 1, TicketFilter(org_id=URBAN, overdue=True)
    ),
    "the town's newest": Wanted("dispatcher", 2),
    "the town's newest, page 3": Wanted("dispatcher", 2, page=DEEP),
    "the town's overdue, page 3": Wanted("dispatcher", 2, TicketFilter(overdue=True), page=DEEP),
    "my tasks, page 3": Wanted("dept_handler", 2, TicketFilter(mine=True), page=DEEP),
    **{
        f"newest of the {key}": Wanted("dispatcher", 1, TicketFilter(area_id=PLACES[key]))
        for key in ("town", "village_a", "grid_a1")
    },
    "a village's own newest": Wanted("village_admin", 2),
    "a grid's own newest": Wanted("grid_worker", 2),
    "newest of several posts": Wanted(MANY_POSTS, 4),
    "newest of several posts, page 3": Wanted(MANY_POSTS, 4, page=DEEP),
    "the queue of several posts": Wanted(MANY_POSTS, 8, TicketFilter(stage=Stage.ROUTE)),
    "overdue of several posts": Wanted(MANY_POSTS, 4, TicketFilter(overdue=True)),
    "what waits for approval in the town": Wanted("dispatcher", 1, TicketFilter(pending=True)),
    "the third party's newest": Wanted("api_client", 1),
    "the third party's own": Wanted("api_client", 2, TicketFilter(mine=True)),
}
Plans = Mapping[tuple[str, int, bool], Plan]


@pytest.fixture(scope="module")
async def measured(server: Server) -> AsyncIterator[Plans]:
    """The plans of all lists, by list, number of tickets, and whether planned for any values."""
    database = await server.create("wangge_plans")
    owner, own = create_engine(database.owner_url), create_engine(database.url)
    found: dict[tuple[str, int, bool], Plan] = {}
    made = 0
    try:
        async with owner.begin() as connection:
            await crowd.settle(connection, WORLD)
            await _more_posts(connection)
        for size in (FEW, MANY):
            async with owner.begin() as connection:
                await crowd.tickets(connection, WORLD, range(made + 1, size + 1), clock.now())
            made = size
            for name, wanted in LISTS.items():
                for generic in (False, True)[: 1 + (size == MANY)]:
                    found[name, size, generic] = await _plan(create_sessions(own), wanted, generic=generic)
        yield found
    finally:
        await owner.dispose()
        await own.dispose()
        await server.drop(database.name)


@pytest.mark.parametrize("generic", [False, True], ids=["these values", "any values"])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_reads_by_index_what_it_returns_and_little_more(
    measured: Plans, name: str, generic: bool
) -> None:
    plan, branches = measured[name, MANY, generic], LISTS[name].branches
    page = LIMIT + 1
    told = plan.outline()
    assert plan.kinds("ticket") <= {"Index Scan", "Index Only Scan"}, told
    lookups = _lookups(plan)
    walks = [node for node in plan.scans("ticket") if node not in lookups]
    assert len(walks) == branches, told
    for node in walks:
        assert node["Actual Rows"] <= page, told
        assert plans.read(node) <= 3 * max(node["Actual Rows"], 1), told
    assert sum(map(plans.read, lookups)) <= branches * page, told
    for node in plan.nodes():
        if "Sort" in node["Node Type"]:
            assert node["Plans"][0]["Actual Rows"] <= branches * page, told


@pytest.mark.parametrize("name", LISTS)
def test_a_row_of_a_list_costs_as_many_pages_among_ten_times_as_many_tickets(
    measured: Plans, name: str
) -> None:
    few, many = (measured[name, size, False] for size in (FEW, MANY))
    cost = [plan.pages / max(sum(map(plans.read, _lookups(plan))), 1) for plan in (few, many)]
    assert cost[1] <= max(1.2 * cost[0], PAGES_A_ROW), f"{cost}\n{few.outline()}\n\n{many.outline()}"


def test_most_lists_are_full_so_that_their_plans_say_something(measured: Plans) -> None:
    full = {name for name in LISTS if measured[name, MANY, False].returned == LIMIT + 1}
    assert len(full) >= 0.7 * len(LISTS), sorted(LISTS.keys() - full)


def _lookups(plan: Plan) -> list[plans.Node]:
    """The reads of tickets that are known by id: those on the page, and those that somebody helps with."""
    return [
        node
        for node in plan.scans("ticket")
        if node.get("Index Name") == "pk_ticket" or "(id = ANY" in node.get("Index Cond", "")
    ]


async def _more_posts(connection: Any) -> None:
    """One person leads a grid and works in a department besides."""
    post = text(
        "INSERT INTO post (id, member_id, role, area_id, org_id, valid_from)"
        " VALUES (gen_random_uuid(), :member, :role, :area, :org, '2025-01-01')"
    )
    member = WORLD[MANY_POSTS].member_id
    leads = {"member": member, "role": "grid_leader", "area": PLACES["grid_b1"], "org": None}
    works = {"member": member, "role": "dept_handler", "area": None, "org": URBAN}
    await connection.execute(post, [leads, works])


async def _plan(sessions: Sessions, wanted: Wanted, *, generic: bool) -> Plan:
    keyring = Keyring(Vault(SECRET), key_days=90)
    async with sessions() as session:
        actor = await actors.resolve(session, token=WORLD.token(wanted.who), keyring=keyring)
        cursor = None
        for _ in range(wanted.page):
            statement, values, cursor = await _sent(session, actor, wanted, cursor)
        return await plans.explain(session, statement, values, generic=generic)


async def _sent(
    session: AsyncSession, actor: Any, wanted: Wanted, cursor: str | None
) -> tuple[str, Any, str | None]:
    """What the service sends for a page, and the cursor of the next."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        page = await reads.page(
            session, actor=actor, wanted=wanted.filter, sort=wanted.sort, cursor=cursor, limit=LIMIT
        )
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return *seen[-1], page.next_cursor
