"""Many tickets at once, for tests of plans: a county of towns, and a year of work in a second of SQL.

Written as the tables' owner by one INSERT … SELECT a table, the same rows at every run. The small town of
`world` stays in it and has its share: its people appear as reporters and handlers.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.services.tickets.category_list import leaf_codes
from tests.support.world import World

TOWNS, VILLAGES, GRIDS, ORGS, MEMBERS = 8, 80, 400, 40, 300
_SERVED = ("urban", "sanitation", "fire", "committee_a")

_AREAS = text("""
    INSERT INTO area (id, code, name, short_name, level, kind, parent_id, path, valid_from)
    SELECT made.id, made.code, made.code, made.code, :level, :kind, above.id, above.path || made.id,
        '2020-01-01'
    FROM (SELECT md5(CAST(:level AS text) || n)::uuid AS id, :level || lpad(n::text, 3, '0') AS code,
                 md5(CAST(:parent AS text) || n % CAST(:parents AS int))::uuid AS parent
            FROM generate_series(0, CAST(:count AS int) - 1) AS n) AS made
    JOIN area AS above ON above.id = coalesce(CAST(:root AS uuid), made.parent)
""")
_ORGS = text("""
    INSERT INTO org (id, name, short_name, kind, area_id)
    SELECT md5('org' || n)::uuid, 'org ' || n, 'org ' || n, 'department',
        md5('town' || n % CAST(:towns AS int))::uuid
    FROM generate_series(0, CAST(:orgs AS int) - 1) AS n
""")
_MEMBERS = text("""
    INSERT INTO member (id, name, gender, employment)
    SELECT md5('member' || n)::uuid, 'member ' || n, '0', 'full_time'
    FROM generate_series(0, CAST(:members AS int) - 1) AS n
""")
# Nine in ten are closed, the open ones are young; the first grids by code have the most to do.
_TICKETS = text("""
    WITH place AS (
        SELECT id AS grid_id, path[array_length(path, 1) - 1] AS village_id,
            path[array_length(path, 1) - 2] AS town_id, row_number() OVER (ORDER BY code) - 1 AS place
        FROM area WHERE level = 'grid'
    ), dice AS MATERIALIZED (
        SELECT n, floor(power(random(), 3) * (SELECT count(*) FROM place)) AS place,
            random() AS fate, random() AS step, random() AS who, random() AS age, random() AS pace
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    ), thrown AS (
        SELECT *, town_id = :town AS ours,
            CASE WHEN fate < 0.90 THEN 'closed'
                WHEN fate < 0.93
                THEN (ARRAY['not_accepted', 'withdrawn', 'voided'])[1 + CAST(floor(step * 3) AS int)]
                ELSE (CAST(:open AS text[]))[1 + CAST(floor(step * 7) AS int)] END AS status
        FROM dice JOIN place USING (place)
    ), dated AS (
        SELECT *, fate < 0.93 AS ended, status NOT IN ('reported', 'returned', 'accepted')
                AND (fate < 0.90 OR fate >= 0.93) AS sent,
            date_trunc('minute', CAST(:now AS timestamptz))
                - make_interval(mins => CAST(age * CASE WHEN fate < 0.93 THEN 525600 ELSE 28800 END AS int))
                AS reported_at
        FROM thrown
    )
    INSERT INTO ticket (id, no, title, content, category_code, source, urgency, stage, status, area_id,
        town_id, village_id, grid_id, address, reporter_id, lead_org_id, handler_id, reported_at, due_at,
        closed_at, revisit_state, satisfaction)
    SELECT md5('ticket' || n)::uuid, 'T' || n, '标题 ' || n, repeat('内容', 60),
        (CAST(:categories AS text[]))[1 + n % array_length(CAST(:categories AS text[]), 1)],
        'grid_patrol', 'normal',
        coalesce(CAST(:stages AS jsonb) ->> status, 'report'), status, grid_id,
        town_id, village_id, grid_id, '地址 ' || n,
        CASE WHEN place = 0 AND who < 0.7 THEN CAST(:reporter AS uuid)
            ELSE md5('member' || floor(who * CAST(:members AS int)))::uuid END,
        CASE WHEN NOT sent THEN NULL
            WHEN ours THEN (CAST(:served AS uuid[]))[1 + CAST(floor(power(who, 2) * 4) AS int)]
            ELSE md5('org' || floor(who * CAST(:orgs AS int)))::uuid END,
        CASE WHEN NOT sent OR status = 'dispatched' THEN NULL
            WHEN ours AND who < 0.3 THEN CAST(:handler AS uuid)
            ELSE md5('member' || floor(pace * CAST(:members AS int)))::uuid END,
        reported_at,
        CASE WHEN ended OR status = 'returned' THEN NULL ELSE reported_at + pace * interval '40 days' END,
        CASE WHEN ended THEN least(reported_at + pace * interval '9 days', CAST(:now AS timestamptz)) END,
        'needed', CASE WHEN status = 'closed' THEN 'very' END
    FROM dated
""")
# Each ticket that was sent has its lead; one in fifty was helped with, and the open ones still are.
_ASSIGNMENTS = text("""
    INSERT INTO ticket_assignment (id, ticket_id, round, is_lead, org_id, dispatched_at, ended_at)
    SELECT md5('assignment' || n || lead)::uuid, ticket.id, CASE WHEN lead THEN 1 ELSE 2 END, lead,
        CASE WHEN lead THEN ticket.lead_org_id
            WHEN n % 100 = 0 THEN CAST(:helper AS uuid)
            ELSE md5('org' || n % CAST(:orgs AS int))::uuid END,
        ticket.reported_at, ticket.closed_at
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    JOIN ticket ON ticket.id = md5('ticket' || n)::uuid AND ticket.lead_org_id IS NOT NULL
    CROSS JOIN (VALUES (true), (false)) AS role (lead)
    WHERE lead OR n % 50 = 0
""")
_OPEN = ["reported", "returned", "accepted", "dispatched", "processing", "resolved", "evaluating"]
_STAGES = (
    '{"accepted": "route", "dispatched": "route", "processing": "handle", "resolved": "revisit",'
    ' "evaluating": "close", "closed": "close"}'
)


async def settle(connection: AsyncConnection, world: World) -> None:
    """More towns, organisations and people round the small town."""
    for level, kind, count, parent, parents in (
        ("town", "town", TOWNS, "", 1),
        ("village", "village", VILLAGES, "town", TOWNS),
        ("grid", "base_grid", GRIDS, "village", VILLAGES),
    ):
        root = world.places["county"].id if level == "town" else None
        given = {"level": level, "kind": kind, "count": count, "parent": parent, "parents": parents}
        await connection.execute(_AREAS, {**given, "root": root})
    await connection.execute(_ORGS, {"orgs": ORGS, "towns": TOWNS})
    await connection.execute(_MEMBERS, {"members": MEMBERS})


async def tickets(connection: AsyncConnection, world: World, numbers: range, now: datetime) -> None:
    """The tickets with these numbers, reported within the year before now; then fresh statistics."""
    await connection.execute(text("SELECT setseed(0.42)"))
    given = {
        "first": numbers[0],
        "last": numbers[-1],
        "now": now,
        "town": world.places["town"].id,
        "served": [world.orgs[key].id for key in _SERVED],
        "orgs": ORGS,
        "members": MEMBERS,
        "reporter": world["grid_worker"].member_id,
        "handler": world["dept_handler"].member_id,
        "categories": list(leaf_codes()),
        "open": _OPEN,
        "stages": _STAGES,
    }
    await connection.execute(_TICKETS, given)
    named = {name: given[name] for name in ("first", "last", "orgs")}
    await connection.execute(_ASSIGNMENTS, {**named, "helper": world.orgs["urban"].id})
    await connection.execute(text("ANALYZE"))
