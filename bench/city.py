"""A city around a village: the same people see the same homes, and beside them live many more.

Filled by SQL into a copy of the village's database: towns of ten villages with twenty grids each, about as
many homes in a grid as in the village, a head in each; a year of visits, some with opinions; contact links.
Nothing in it is real; what a list has to pass over is what counts.
"""

import asyncpg

from app.demo.copying import Copier

HOMES_OF_A_GRID, GRIDS_OF_A_VILLAGE, VILLAGES_OF_A_TOWN = 180, 20, 10
_AREAS = """
INSERT INTO area (id, code, name, short_name, level, kind, parent_id, path, valid_from)
SELECT made.id, made.code, made.code, made.code, $1::text, $2::text, above.id, above.path || made.id,
       '2020-01-01'
  FROM (SELECT md5($1::text || n)::uuid AS id, 'BENCH' || $1::text || n AS code,
               md5($3::text || n / $4::int)::uuid AS parent
          FROM generate_series(0, $5::int - 1) AS n) AS made
  JOIN area AS above ON above.id = made.parent
     OR ($3::text = '' AND above.id = (SELECT parent_id FROM area WHERE level = 'town' LIMIT 1))
"""
_PLACED = """
(SELECT n, md5('home' || n)::uuid AS home, md5('person' || n)::uuid AS person,
        md5('visit' || n)::uuid AS visit, grid.id AS grid,
        grid.path[cardinality(grid.path) - 1] AS village,
        grid.path[cardinality(grid.path) - 2] AS town, visitor.id AS member
   FROM generate_series(0, $1::int - 1) AS n
   JOIN area AS grid ON grid.id = md5('grid' || n % $2::int)::uuid
   JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS turn, count(*) OVER () AS members FROM member)
     AS visitor ON visitor.turn = n % visitor.members) AS placed
"""
_ROWS = {
    "household": """
INSERT INTO household (id, no, area_id, grid_id, village_id, town_id, address, household_type,
    residence_status, member_count, last_visit_on, next_visit_due)
SELECT home, 'C' || n, grid, grid, village, town, '建设路' || n % 400 || '号' || n % 30 + 1 || '01',
    (ARRAY['resident', 'resident', 'resident', 'rental', 'vacant'])[1 + n % 5], 'same', 1,
    current_date - n % 365, current_date - n % 365 + 365 FROM """,
    "resident": """
INSERT INTO resident (id, name, spellings, gender, population_type, area_id, grid_id, village_id, town_id)
SELECT person, '何大文', ARRAY['heda', 'hdw'], '1', 'hukou', grid, grid, village, town FROM """,
    "household_member": """
INSERT INTO household_member (id, household_id, resident_id, relation, is_head, reason, valid_from)
SELECT home, home, person, '02', true, 'registered', current_date - 400 FROM """,
    "visit": """
INSERT INTO visit (id, visitor_id, household_id, area_id, grid_id, village_id, town_id, visit_type, mode,
    result, occurred_at, received_at, is_effective)
SELECT visit, member, home, grid, grid, village, town, 'routine', 'in_person', 'met',
    now() - make_interval(days => n % 365), now() - make_interval(days => n % 365), true FROM """,
    "visit_visitor": """
INSERT INTO visit_visitor (visit_id, member_id, occurred_at)
SELECT visit, member, now() - make_interval(days => n % 365) FROM """,
    "visit_opinion": """
INSERT INTO visit_opinion (id, visit_id, seq, content, outcome)
SELECT visit, visit, 0, '路灯不亮', 'settled' FROM {placed} WHERE n % 10 = 0""",
    "contact_link": """
INSERT INTO contact_link (id, member_id, household_id, kind, rank, valid_from)
SELECT home, member, home, 'party', 'party_member', now() FROM {placed} WHERE n % 10 = 0""",
}


async def grow(dsn: str, homes: int) -> None:
    """Add so many homes to the database, as the owner of its tables."""
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    try:
        async with connection.transaction():
            grids = await _settle(connection, homes)
            async with Copier(connection).bulk(_ROWS):
                for insert in _ROWS.values():
                    filled = insert.format(placed=_PLACED) if "{placed}" in insert else insert + _PLACED
                    await connection.execute(filled, homes, grids)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def _settle(connection: asyncpg.Connection, homes: int) -> int:
    """The areas of the city; returns how many grids it has."""
    grids = max(1, homes // HOMES_OF_A_GRID)
    villages = -(-grids // GRIDS_OF_A_VILLAGE)
    towns = -(-villages // VILLAGES_OF_A_TOWN)
    for level, kind, above, share, count in (
        ("town", "town", "", 1, towns),
        ("village", "community", "town", VILLAGES_OF_A_TOWN, villages),
        ("grid", "base_grid", "village", GRIDS_OF_A_VILLAGE, grids),
    ):
        await connection.execute(_AREAS, level, kind, above, share, count)
    return grids
