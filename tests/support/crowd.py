"""Many tickets at once, for tests of plans: a county of towns, and years of work in seconds of SQL.

Written as the tables' owner with one INSERT … SELECT a table, the same rows at every run. The small town
of `world` stays in it and has its share: its people appear as reporters and handlers.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support.world import World

TOWNS, VILLAGES, GRIDS, MEMBERS = 8, 10, 5, 300
DAYS = 365
_SERVED = ("urban", "sanitation", "fire", "committee_a")

_AREAS = """
    INSERT INTO area (id, code, name, short_name, level, kind, parent_id, path, valid_from)
    SELECT md5('{level}' || n)::uuid, '45' || lpad(n::text, {width}, '0'), '{level} ' || n, 'short ' || n,
        '{level}', '{kind}', above.id, above.path || md5('{level}' || n)::uuid, '2020-01-01'
    FROM generate_series(0, {count} - 1) AS n
    JOIN area AS above ON above.id = {above}
"""
_ORGS = """
    INSERT INTO org (id, name, short_name, kind, area_id)
    SELECT md5('org' || n)::uuid, 'org ' || n, 'org ' || n, 'department', md5('town' || n % {towns})::uuid
    FROM generate_series(0, {towns} * 5 - 1) AS n
"""
_MEMBERS = """
    INSERT INTO member (id, name, gender, employment)
    SELECT md5('member' || n)::uuid, '成员 ' || n, '0', 'full_time' FROM generate_series(0, {members} - 1) AS n
"""
# Weights: a tenth is open, and most of that is young; the first grids by code have the most to do.
_TICKETS = """
    WITH place AS (
        SELECT id AS grid_id, path[array_length(path, 1) - 1] AS village_id,
            path[array_length(path, 1) - 2] AS town_id, row_number() OVER (ORDER BY code) - 1 AS k
        FROM area WHERE level = 'grid'
    ), dice AS MATERIALIZED (
        SELECT n, floor(power(random(), 3) * (SELECT count(*) FROM place)) AS k,
            random() AS fate, random() AS step, random() AS who, random() AS age, random() AS pace
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    ), thrown AS (
        SELECT *, town_id = :town AS ours,
            CASE WHEN fate < 0.90 THEN 'closed' WHEN fate < 0.93
                 THEN (ARRAY['not_accepted', 'withdrawn', 'voided'])[1 + CAST(floor(step * 3) AS int)]
                 ELSE (ARRAY['reported', 'returned', 'accepted', 'dispatched', 'processing', 'resolved',
                             'evaluating'])[1 + CAST(floor(step * 7) AS int)] END AS status
        FROM dice JOIN place USING (k)
    ), dated AS (
        SELECT thrown.*, status IN ('closed', 'not_accepted', 'withdrawn', 'voided') AS ended,
            status IN ('closed', 'dispatched', 'processing', 'resolved', 'evaluating') AS sent,
            date_trunc('minute', CAST(:now AS timestamptz)) - make_interval(mins => CAST(
                age * 1440 * (CASE WHEN fate < 0.93 THEN {days} ELSE 20 END) AS int)) AS reported_at
        FROM thrown
    )
    INSERT INTO ticket (id, no, title, content, category_code, source, urgency, stage, status, area_id,
        town_id, village_id, grid_id, address, reporter_id, lead_org_id, handler_id, reported_at, due_at,
        closed_at, revisit_state, satisfaction)
    SELECT md5('ticket' || n)::uuid, 'T' || n, '标题 ' || n, repeat('内容', 60), (CAST(:categories AS text[]))[1 + n % {categories}],
        'grid_patrol', 'normal',
        CASE status WHEN 'accepted' THEN 'route' WHEN 'dispatched' THEN 'route' WHEN 'processing' THEN 'handle'
            WHEN 'resolved' THEN 'revisit' WHEN 'evaluating' THEN 'close' WHEN 'closed' THEN 'close'
            ELSE 'report' END,
        status, grid_id, town_id, village_id, grid_id, '地址 ' || n,
        CASE WHEN k = 0 AND who < 0.7 THEN CAST(:reporter AS uuid) ELSE md5('member' || floor(who * {members}))::uuid END,
        CASE WHEN NOT sent THEN NULL
            WHEN ours THEN (CAST(:orgs AS uuid[]))[1 + CAST(floor(power(who, 2) * {served}) AS int)]
            ELSE md5('org' || floor(who * {towns} * 5))::uuid END,
        CASE WHEN NOT sent OR status = 'dispatched' THEN NULL
            WHEN ours AND who < 0.3 THEN CAST(:handler AS uuid) ELSE md5('member' || floor(pace * {members}))::uuid END,
        reported_at,
        CASE WHEN ended OR status = 'returned' THEN NULL ELSE reported_at + pace * interval '40 days' END,
        CASE WHEN ended THEN reported_at + pace * least(interval '9 days', CAST(:now AS timestamptz) - reported_at) END,
        'needed', CASE WHEN status = 'closed' THEN 'very' END
    FROM dated
"""


async def settle(connection: AsyncConnection, world: World) -> None:
    """More towns, organisations and people round the small town."""
    county = f"'{world.places['county'].id}'"
    counts = (
        ("town", "town", 3, TOWNS, county),
        ("village", "village", 6, TOWNS * VILLAGES, f"md5('town' || n % {TOWNS})::uuid"),
        ("grid", "base_grid", 9, TOWNS * VILLAGES * GRIDS, f"md5('village' || n % {TOWNS * VILLAGES})::uuid"),
    )
    for level, kind, width, count, above in counts:
        filled = _AREAS.format(level=level, kind=kind, width=width, count=count, above=above)
        await connection.execute(text(filled))
    await connection.execute(text(_ORGS.format(towns=TOWNS)))
    await connection.execute(text(_MEMBERS.format(members=MEMBERS)))


async def tickets(connection: AsyncConnection, world: World, first: int, last: int, now: object) -> None:
    """The tickets with these numbers, reported within the year before now; then fresh statistics."""
    from app.services.tickets.category_list import leaf_codes

    codes = list(leaf_codes())
    statement = _TICKETS.format(
        towns=TOWNS, members=MEMBERS, served=len(_SERVED), days=DAYS, categories=len(codes)
    )
    await connection.execute(text("SELECT setseed(0.42)"))
    await connection.execute(
        text(statement),
        {
            "first": first,
            "last": last,
            "now": now,
            "town": world.places["town"].id,
            "orgs": [world.orgs[key].id for key in _SERVED],
            "reporter": world["grid_worker"].member_id,
            "handler": world["dept_handler"].member_id,
            "categories": codes,
        },
    )
    await connection.execute(text("ANALYZE"))
