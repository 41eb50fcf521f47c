"""What a record contributes to the figures now: the one definition that all of them come from.

SQL over the records whose ids stand in `wanted_ticket` and `wanted_visit`; it gives `record_now`, where they
are and what they are about, and `fact_now`, how much they add to which measure, in which hour, of which
organisation and person. `counts_from` is the instant from which a fact counts, where it does not at once; the
hour `-infinity` holds what is so now. Drafts, withdrawn and merged tickets, and those that are not to be
assessed, give nothing but what is listed; voided and rejected ones count as reports that were judged.

A clock counts when it was due, against who held it: in time, or late, or overdue when something else ended
it. One that ended before it was due, without what it measures, counts for nobody.
"""

from app.models.enums import ClockKind
from app.services.stats import kpis
from app.services.tickets.workflow import MET_BY

_MET = ", ".join(f"('{kind}', '{action}')" for kind in ClockKind for action in sorted(MET_BY[kind]))
DAY = "({} AT TIME ZONE 'Asia/Shanghai')::date"
# Of a `tick` and its `working` day: seconds of work up to it, from where the days of work begin.
WORKING = f"working.calendar_id = tick.calendar_id AND working.day = {DAY.format('tick.at')}"
WORKED = """(working.before + coalesce(
    (SELECT sum(greatest(0, extract(epoch FROM least(tick.at, upper(open.hours)) - lower(open.hours))))
       FROM unnest(working.hours) AS open (hours)), 0))"""
RECORDS = """
record_now AS (
    SELECT placed.id, placed.village_id, placed.grid_id, placed.category, placed.source,
           array_remove(ARRAY[placed.town_id, placed.village_id, placed.grid_id,
               CASE WHEN area.level NOT IN ('town', 'village', 'grid') THEN area.id END], NULL) AS areas
      FROM (SELECT id, area_id, town_id, village_id, grid_id, category_code AS category, source
              FROM ticket JOIN wanted_ticket USING (id)
             UNION ALL
            SELECT id, area_id, town_id, village_id, grid_id, NULL, NULL
              FROM visit JOIN wanted_visit USING (id)) AS placed
      JOIN area ON area.id = placed.area_id)
"""
_STEPS = f"""
seen AS (
    SELECT ticket.*, status NOT IN ('voided', 'not_accepted') AS live
      FROM ticket JOIN wanted_ticket USING (id)
     WHERE status NOT IN ('draft', 'withdrawn', 'merged') AND NOT excluded_from_assessment),
step AS (
    SELECT ticket_event.* FROM ticket_event JOIN seen ON seen.id = ticket_event.ticket_id),
past AS (
    SELECT ticket_id,
           min(at) FILTER (WHERE action IN ('accept', 'self_resolve')) AS accepted_at,
           bool_or(action = 'self_resolve') AS self_resolved,
           bool_or(action IN ('reroute', 'approve_decline')) AS rerouted,
           bool_or(action = 'void' AND from_status = 'draft') AS never_reported
      FROM step GROUP BY ticket_id),
result AS (
    SELECT step.ticket_id, step.at, step.actor_id, lead.org_id, step.data ? 'exempt_policy' AS exempt,
           row_number() OVER (PARTITION BY step.ticket_id ORDER BY step.seq) AS round,
           lead(step.at) OVER (PARTITION BY step.ticket_id ORDER BY step.seq) AS next_at
      FROM step
      LEFT JOIN ticket_assignment lead ON lead.ticket_id = step.ticket_id AND lead.is_lead
       AND lead.ended_at = step.at AND lead.end_reason = 'resolved'
     WHERE step.action IN ('resolve', 'self_resolve')),
limited AS (
    SELECT clock.*, stop.action IS NOT NULL AS met, stop.actor_id,
           coalesce(clock.paused_at, clock.stopped_at) AS ended_at
      FROM ticket_clock clock
      JOIN seen ON seen.id = clock.ticket_id AND seen.live
      LEFT JOIN step stop ON stop.ticket_id = clock.ticket_id AND stop.at = clock.stopped_at
       AND (clock.kind, stop.action) IN ({_MET})),
turn AS (
    SELECT limited.id, step.at, told.sign
      FROM limited
      JOIN step ON step.ticket_id = limited.ticket_id
       AND step.at >= limited.started_at AND step.at < limited.stopped_at
      JOIN LATERAL (VALUES ('paused', 1), ('resumed', -1)) AS told (name, sign)
        ON step.data #> ARRAY['clocks', told.name] @> '[{{"kind": "handle"}}]'
     WHERE limited.kind = 'handle' AND limited.met
     UNION ALL
    SELECT id, stopped_at, 1 FROM limited WHERE kind = 'handle' AND met),
tick AS (
    SELECT turn.id, turn.sign * told.sign AS sign, told.at, coalesce(
               (SELECT org.work_calendar_id FROM org WHERE org.id = limited.org_id),
               (SELECT id FROM work_calendar WHERE is_default)) AS calendar_id
      FROM turn JOIN limited ON limited.id = turn.id
     CROSS JOIN LATERAL (VALUES (1, turn.at), (-1, limited.started_at)) AS told (sign, at)),
working AS MATERIALIZED (
    SELECT found.* FROM (SELECT {DAY.format("min(at)")} AS first, {DAY.format("max(at)")} AS last FROM tick)
                        AS span
     CROSS JOIN LATERAL working_days(span.first, span.last) AS found),
ran AS (
    SELECT tick.id, floor(sum(tick.sign * extract(epoch FROM tick.at)) / 60)::int AS wall,
           floor(sum(tick.sign * {WORKED}) / 60)::int AS work
      FROM tick JOIN working ON {WORKING}
     GROUP BY tick.id)
"""  # noqa: S608 - made of enums and constants alone
_REPORT = """
    SELECT seen.id, seen.reported_at AS at, NULL::timestamptz AS counts_from, NULL::uuid AS org_id,
           seen.reporter_id AS member_id, told.measure, told.n
      FROM seen JOIN past ON past.ticket_id = seen.id
      JOIN LATERAL (VALUES
           ('reported', seen.status <> 'voided'),
           ('judged', NOT past.never_reported),
           ('valid', seen.live AND past.accepted_at IS NOT NULL),
           ('self_resolved', seen.live AND past.self_resolved)) AS told (measure, n) ON true
"""
_ACCEPTED = """
    SELECT seen.id, past.accepted_at, NULL, NULL, NULL, told.measure, told.n
      FROM seen JOIN past ON past.ticket_id = seen.id AND seen.live AND past.accepted_at IS NOT NULL
      JOIN LATERAL (VALUES
           ('accepted', true),
           ('supervised', EXISTS (SELECT FROM ticket_supervision pressed
                                   WHERE pressed.ticket_id = seen.id))) AS told (measure, n) ON true
"""
_CLOCKS = """
    SELECT limited.ticket_id, limited.due_at, limited.due_at, limited.org_id, lead.handler_id,
           told.measure, told.n
      FROM limited
      LEFT JOIN LATERAL (
           SELECT handler_id FROM ticket_assignment given
            WHERE limited.kind = 'handle' AND given.ticket_id = limited.ticket_id AND given.is_lead
              AND given.org_id = limited.org_id
              AND given.dispatched_at <= coalesce(limited.stopped_at, 'infinity')
            ORDER BY given.dispatched_at DESC, given.round DESC LIMIT 1) AS lead ON true
      JOIN LATERAL (VALUES
           (limited.kind || '_due', true),
           (CASE limited.kind WHEN 'overall' THEN 'overall_closed' ELSE limited.kind || '_met' END,
            limited.met AND (limited.kind = 'overall' OR limited.ended_at <= limited.due_at))
           ) AS told (measure, n) ON true
     WHERE limited.met OR limited.ended_at IS NULL OR limited.ended_at > limited.due_at
"""
_DISPATCHES = """
    SELECT given.ticket_id, given.dispatched_at, NULL, given.org_id, NULL, told.measure, told.n
      FROM ticket_assignment given
      JOIN seen ON seen.id = given.ticket_id AND seen.live AND given.is_lead
      JOIN step ON step.ticket_id = given.ticket_id AND step.at = given.dispatched_at
       AND step.action IN ('dispatch', 'reroute', 'approve_decline', 'decide', 'rework')
       AND step.data ->> 'org_id' = given.org_id::text
      JOIN LATERAL (VALUES
           ('dispatched', true),
           ('misrouted', given.end_reason IN ('reroute', 'approve_decline', 'declined')),
           ('declined', given.end_reason IN ('approve_decline', 'declined'))
           ) AS told (measure, n) ON true
"""
_RESULTS = """
    SELECT result.ticket_id, result.at, NULL, result.org_id, result.actor_id, told.measure, told.n
      FROM result JOIN seen ON seen.id = result.ticket_id AND seen.live
      JOIN LATERAL (VALUES
           ('results', true),
           ('revisit_needed', NOT result.exempt),
           ('revisited', NOT result.exempt AND EXISTS (
               SELECT FROM revisit asked WHERE asked.ticket_id = result.ticket_id
                  AND asked.at >= result.at AND asked.at < coalesce(result.next_at, 'infinity'))),
           ('resolved', result.round = 1),
           ('reworked', result.round = 1 AND seen.rework_count > 0)) AS told (measure, n) ON true
     UNION ALL
    SELECT step.ticket_id, step.at, NULL, result.org_id, NULL, 'reworks', true
      FROM step JOIN seen ON seen.id = step.ticket_id AND seen.live AND step.data ? 'rework'
      LEFT JOIN result ON result.ticket_id = step.ticket_id AND step.at >= result.at
       AND step.at < coalesce(result.next_at, 'infinity')
     UNION ALL
    SELECT asked.ticket_id, asked.at, NULL, result.org_id, asked.agent_id, told.measure, told.n
      FROM revisit asked
      JOIN seen ON seen.id = asked.ticket_id AND seen.live
      LEFT JOIN result ON result.ticket_id = asked.ticket_id AND asked.at >= result.at
       AND asked.at < coalesce(result.next_at, 'infinity')
      JOIN LATERAL (VALUES
           ('attempts', true),
           ('reached', asked.reached),
           ('said_solved', asked.reached AND asked.solved IN ('solved', 'basically'))
           ) AS told (measure, n) ON true
"""
_CLOSED = """
    SELECT seen.id, seen.closed_at, NULL, result.org_id, result.actor_id, told.measure, told.n
      FROM seen JOIN past ON past.ticket_id = seen.id AND seen.status = 'closed'
      LEFT JOIN result ON result.ticket_id = seen.id AND result.next_at IS NULL
      JOIN LATERAL (VALUES
           ('closed', true),
           ('first_time', seen.rework_count = 0 AND seen.reopen_count = 0 AND NOT past.rerouted),
           ('at_village', seen.handling_level = 1),
           ('at_town', seen.handling_level = 2),
           ('answered', seen.satisfaction
                        IN ('very', 'satisfied', 'basically', 'dissatisfied', 'very_dis')),
           ('content', seen.satisfaction IN ('very', 'satisfied', 'basically')),
           ('satisfied', seen.satisfaction IN ('very', 'satisfied')),
           ('disputes', seen.category_code LIKE '01%'),
           ('disputes_solved', seen.category_code LIKE '01%' AND seen.resolution_type = 'solved'
                               AND seen.solved IS DISTINCT FROM 'unsolved')
           ) AS told (measure, n) ON true
     UNION ALL
    SELECT pressed.ticket_id, pressed.at, NULL, pressed.org_id, NULL, told.measure, told.n
      FROM ticket_supervision pressed
      JOIN seen ON seen.id = pressed.ticket_id AND seen.live
      JOIN LATERAL (VALUES
           ('supervisions', true),
           ('yellow_cards', pressed.level = 'yellow'),
           ('red_cards', pressed.level = 'red')) AS told (measure, n) ON true
"""
_OPEN = """
    SELECT seen.id, '-infinity', told.counts_from, seen.lead_org_id, seen.handler_id, told.measure, true
      FROM seen
      JOIN LATERAL (VALUES
           ('open_' || seen.stage, NULL),
           (CASE WHEN seen.status = 'suspended' THEN 'suspended' END, NULL),
           ('overdue', seen.due_at),
           ('overdue_' || seen.stage, seen.due_at),
           ('overdue_1d', seen.due_at + interval '24 hours'),
           ('overdue_3d', seen.due_at + interval '72 hours'),
           ('overdue_7d', seen.due_at + interval '168 hours'),
           ('aged_1d', seen.reported_at + interval '24 hours'),
           ('aged_3d', seen.reported_at + interval '72 hours'),
           ('aged_7d', seen.reported_at + interval '168 hours'),
           ('aged_15d', seen.reported_at + interval '360 hours'),
           ('aged_30d', seen.reported_at + interval '720 hours')
           ) AS told (measure, counts_from) ON told.measure IS NOT NULL
       AND (told.counts_from IS NOT NULL OR told.measure IN ('open_' || seen.stage, 'suspended'))
     WHERE seen.closed_at IS NULL
"""
_LISTED = """
    SELECT ticket.id, ticket.reported_at, NULL, ticket.lead_org_id, NULL, 'listed', true
      FROM ticket JOIN wanted_ticket USING (id) WHERE status <> 'draft'
     UNION ALL
    SELECT ticket.id, ticket.closed_at, NULL, ticket.lead_org_id, ticket.handler_id, told.measure, told.n
      FROM ticket JOIN wanted_ticket USING (id)
      JOIN LATERAL (VALUES
           ('listed_closed', true),
           ('listed_answered', ticket.satisfaction
                               IN ('very', 'satisfied', 'basically', 'dissatisfied', 'very_dis')),
           ('listed_content', ticket.satisfaction IN ('very', 'satisfied', 'basically'))
           ) AS told (measure, n) ON true
     WHERE status = 'closed'
"""
_TIMES = """
    SELECT limited.ticket_id, limited.stopped_at, NULL, limited.org_id, limited.actor_id,
           told.measure, told.n
      FROM limited JOIN ran ON ran.id = limited.id
      JOIN LATERAL (VALUES
           ('handled', 1), ('work_minutes', ran.work), ('wall_minutes', ran.wall),
           {classes}) AS told (measure, n) ON true
"""
_VISITS = """
    SELECT visit.id, visit.occurred_at, NULL, NULL, visit.visitor_id, told.measure, told.n
      FROM visit JOIN wanted_visit USING (id)
      JOIN LATERAL (VALUES
           ('visits', 1), ('effective_visits', visit.is_effective::int),
           ('opinions', (SELECT count(*)::int FROM visit_opinion heard WHERE heard.visit_id = visit.id))
           ) AS told (measure, n) ON true
"""
_CLASSES = ", ".join(f"('{name}', (ran.work <= {minutes})::int)" for name, minutes in kpis.CLASSES.items())
_FLAGS = (_REPORT, _ACCEPTED, _CLOCKS, _DISPATCHES, _RESULTS, _CLOSED, _OPEN, _LISTED)
FACTS = f"""{_STEPS},
flag (id, at, counts_from, org_id, member_id, measure, n) AS (
{"    UNION ALL".join(_FLAGS)}),
fact_now AS (
    SELECT id AS record_id, date_trunc('hour', at) AS hour, counts_from, org_id, member_id, measure, n
      FROM (SELECT id, at, counts_from, org_id, member_id, measure, n::int FROM flag WHERE n
             UNION ALL {_TIMES.format(classes=_CLASSES)}
             UNION ALL {_VISITS}) AS entry
     WHERE n <> 0)
"""  # noqa: S608
