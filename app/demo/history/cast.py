"""Who can act in the tickets of a demo: read from the database, so that history fits whoever is there.

One `Town` at a time: its grids with their people and some residents who might call, its organisations by
line, its command centre. Nothing is invented here.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from asyncpg import Connection, Record

from app.demo.content.addresses import Locality, locality
from app.demo.content.areas import areas
from app.demo.content.departments import VILLAGE_LINE
from app.demo.content.grids import GridRow, Tile
from app.models.enums import Role

CALLERS_OF_A_GRID = 40

_TOWNS = """
SELECT town.id, town.code, count(*) AS grids
FROM area AS grid
JOIN area AS town ON town.id = ANY (grid.path) AND town.level = 'town'
WHERE grid.level = 'grid' AND grid.is_synthetic
GROUP BY town.id, town.code ORDER BY town.code
"""
_GRIDS = """
SELECT grid.id, grid.code, grid.boundary, village.id AS village_id, village.code AS village_code
FROM area AS grid JOIN area AS village ON village.id = grid.parent_id
WHERE grid.level = 'grid' AND grid.is_synthetic AND grid.path @> ARRAY[$1::uuid] ORDER BY grid.code
"""
_POSTS = """
SELECT post.member_id, post.role, post.area_id, post.org_id
FROM post
LEFT JOIN org ON org.id = post.org_id
JOIN area ON area.id = coalesce(post.area_id, org.area_id)
WHERE area.path @> ARRAY[$1::uuid] AND post.valid_to IS NULL ORDER BY post.id
"""
_ORGS = """
SELECT org.id, org.line, org.area_id
FROM org JOIN area ON area.id = org.area_id
WHERE area.path @> ARRAY[$1::uuid] AND org.line IS NOT NULL AND org.ended_at IS NULL ORDER BY org.id
"""
_CALLERS = """
SELECT grid.id AS grid_id, caller.*
FROM unnest($1::uuid[]) AS grid (id)
CROSS JOIN LATERAL (
    SELECT resident.id, resident.name, resident.phone_sealed, resident.phone_index, resident.phone_last4
    FROM household
    JOIN household_member ON household_member.household_id = household.id
    JOIN resident ON resident.id = household_member.resident_id
    WHERE household.grid_id = grid.id AND resident.phone_index IS NOT NULL
      AND resident.birth_on < $2
    ORDER BY household.id, resident.id LIMIT $3
) AS caller
"""
_RULES = """
SELECT rule.category_code, rule.id, rule.org_id
FROM routing_rule AS rule JOIN category ON category.code = rule.category_code AND category.auto_dispatch
WHERE rule.area_id = $1 AND rule.source IS NULL AND rule.urgency IS NULL AND rule.ended_at IS NULL
"""
_SELF_HANDLED = "SELECT code, revisit_percent FROM category WHERE self_handled AND enabled"
_CLIENTS = """
SELECT DISTINCT api_token.client_id
FROM api_token JOIN area ON area.path @> ARRAY[api_token.area_id]
WHERE area.id = $1 AND 'tickets:write' = ANY (api_token.scopes) AND api_token.revoked_at IS NULL
ORDER BY api_token.client_id
"""


class Person(NamedTuple):
    """Somebody who acts: a member, or a third party, in the one role that they have."""

    id: UUID
    role: Role

    @property
    def member_id(self) -> UUID | None:
        """The member's id; None for a third party."""
        return None if self.role is Role.API_CLIENT else self.id


class Rule(NamedTuple):
    """A rule by which the system dispatches."""

    id: UUID
    org_id: UUID


class Caller(NamedTuple):
    """A resident who might complain; the number as it is stored."""

    id: UUID
    name: str
    phone_sealed: bytes
    phone_index: bytes
    phone_last4: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid with the people who look after it and some who live there."""

    id: UUID
    village_id: UUID
    place: Locality
    tile: Tile
    team: Mapping[Role, Sequence[Person]]
    callers: Sequence[Caller]

    def of_role(self, role: Role) -> Sequence[Person]:
        """Those of the grid's team, and of its village's office, who have a role."""
        return self.team[role]


@dataclass(frozen=True, slots=True)
class Town:
    """A town's grids, command centre and organisations; `org_of` also knows each village's committee.

    `rules` has the categories that the system dispatches by itself, `self_handled` those that workers may
    mend on the spot, each with its share of revisits in percent.
    """

    id: UUID
    code: str
    grids: Sequence[Grid]
    dispatchers: Sequence[Person]
    revisit_agents: Sequence[Person]
    supervisors: Sequence[Person]
    clients: Sequence[Person]
    handlers: Mapping[UUID, Sequence[Person]]
    orgs: Mapping[tuple[str, UUID], UUID]
    rules: Mapping[str, Rule]
    self_handled: Mapping[str, int]

    def org_of(self, line: str, grid: Grid) -> UUID:
        """The organisation that answers for a line in a grid; the villages' line is the committee's."""
        return self.orgs[line, grid.village_id if line == VILLAGE_LINE else self.id]


async def towns(connection: Connection) -> list[tuple[UUID, str, int]]:
    """Id, code and number of grids of every town that has synthetic grids, by code."""
    return [(row["id"], row["code"], row["grids"]) for row in await connection.fetch(_TOWNS)]


async def town(connection: Connection, town_id: UUID, code: str, adults_born_before: date) -> Town:
    """Everybody who can act in a town's tickets now."""
    posts = _by_place(await connection.fetch(_POSTS, town_id))
    grids = await connection.fetch(_GRIDS, town_id)
    callers = await _callers(connection, [grid["id"] for grid in grids], adults_born_before)
    orgs = await connection.fetch(_ORGS, town_id)
    clients = await connection.fetch(_CLIENTS, town_id)
    return Town(
        id=town_id,
        code=code,
        grids=[_grid(row, posts, callers[row["id"]]) for row in grids],
        dispatchers=posts[town_id, Role.DISPATCHER],
        revisit_agents=posts[town_id, Role.REVISIT_AGENT],
        supervisors=posts[town_id, Role.SUPERVISOR],
        clients=[Person(row["client_id"], Role.API_CLIENT) for row in clients],
        handlers={row["id"]: posts[row["id"], Role.DEPT_HANDLER] for row in orgs},
        orgs={(row["line"], row["area_id"]): row["id"] for row in orgs},
        self_handled=dict(map(tuple, await connection.fetch(_SELF_HANDLED))),
        rules={code: Rule(*rule) for code, *rule in await connection.fetch(_RULES, town_id)},
    )


async def _callers(
    connection: Connection, grid_ids: list[UUID], born_before: date
) -> Mapping[UUID, list[Caller]]:
    found: defaultdict[UUID, list[Caller]] = defaultdict(list)
    for grid_id, *caller in await connection.fetch(_CALLERS, grid_ids, born_before, CALLERS_OF_A_GRID):
        found[grid_id].append(Caller(*caller))
    return found


def _by_place(rows: Sequence[Record]) -> Mapping[tuple[UUID, Role], list[Person]]:
    found: defaultdict[tuple[UUID, Role], list[Person]] = defaultdict(list)
    for row in rows:
        role = Role(row["role"])
        found[row["area_id"] or row["org_id"], role].append(Person(row["member_id"], role))
    return found


def _grid(row: Record, posts: Mapping[tuple[UUID, Role], Sequence[Person]], callers: list[Caller]) -> Grid:
    (west, south), _, (east, north), *_ = json.loads(row["boundary"])["coordinates"][0]
    tile = Tile(west, south, east, north)
    number = int(row["code"].removeprefix(row["village_code"]))
    drawn = GridRow(row["code"], "", row["village_code"], number, tile)
    return Grid(
        id=row["id"],
        village_id=row["village_id"],
        place=locality(areas()[row["village_code"]], drawn),
        tile=tile,
        team={
            Role.GRID_WORKER: posts[row["id"], Role.GRID_WORKER],
            Role.GRID_LEADER: posts[row["id"], Role.GRID_LEADER],
            Role.GRID_ASSISTANT: posts[row["id"], Role.GRID_ASSISTANT],
            Role.VILLAGE_ADMIN: posts[row["village_id"], Role.VILLAGE_ADMIN],
        },
        callers=callers,
    )
