"""What the reader of the outbox must know of a batch of news to tell the right people, in a few statements.

Tickets as they stand now with who asked and who pressed last, the steps that the news are about, posts that
hold now, who offered a transfer and who carries out a plan. It reads for the system, so it knows no scope;
what a message says of it is decided elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.platform import Outbox

_TICKETS = text("""
    SELECT ticket.id, ticket.no, category.label_zh AS label, ticket.status, ticket.due_at, area.path,
        ticket.lead_org_id, ticket.handler_id, ticket.reporter_id, ticket.revisit_state,
        ticket.extension_count,
        (SELECT asked_by FROM ticket_request WHERE ticket_id = ticket.id
          ORDER BY asked_at DESC LIMIT 1) AS asked_by,
        (SELECT by_id FROM ticket_supervision WHERE ticket_id = ticket.id AND by_id IS NOT NULL
          ORDER BY at DESC LIMIT 1) AS pressed_by
    FROM ticket
    JOIN category ON category.code = ticket.category_code
    JOIN area ON area.id = ticket.area_id
    WHERE ticket.id = ANY(CAST(:ids AS uuid[]))
    """)
_STEPS = text("""
    SELECT ticket_event.ticket_id, ticket_event.seq, actor_id, actor_role,
        data -> 'helper_org_ids' AS helpers
    FROM unnest(CAST(:ids AS uuid[]), CAST(:seqs AS integer[])) AS asked (ticket_id, seq)
    JOIN ticket_event ON ticket_event.ticket_id = asked.ticket_id AND ticket_event.seq = asked.seq
    """)
_PATHS = text("SELECT id, path FROM area WHERE id = ANY(CAST(:ids AS uuid[]))")
_MAKERS = text("SELECT id, created_by FROM transfer WHERE id = ANY(CAST(:ids AS uuid[]))")
_ASSIGNEES = text(
    "SELECT plan_id AS id, member_id FROM visit_plan_assignee WHERE plan_id = ANY(CAST(:ids AS uuid[]))"
)
_POSTS = text("""
    SELECT post.member_id, post.role, post.area_id, post.org_id, area.level
    FROM post LEFT JOIN area ON area.id = post.area_id
    WHERE (post.area_id = ANY(CAST(:areas AS uuid[])) OR post.org_id = ANY(CAST(:orgs AS uuid[])))
      AND post.valid_from <= :now AND (post.valid_to IS NULL OR post.valid_to > :now)
    """)
_ADMINISTRATORS = text("""
    SELECT member_id FROM post WHERE role = 'system_admin'
      AND valid_from <= :now AND (valid_to IS NULL OR valid_to > :now)
    """)
_AT_WORK = text("""
    SELECT account.member_id FROM account JOIN member ON member.id = account.member_id
    WHERE account.member_id = ANY(:members) AND account.status = 'active'
      AND (member.ended_at IS NULL OR member.ended_at > :now)
    """).bindparams(bindparam("members"))


@dataclass(slots=True)
class Facts:
    """All that a batch needs; `steps` by ticket and sequence number, `posts` by area or organisation."""

    tickets: dict[UUID, Row[Any]] = field(default_factory=dict)
    steps: dict[tuple[UUID, int], Row[Any]] = field(default_factory=dict)
    paths: dict[UUID, Sequence[UUID]] = field(default_factory=dict)
    makers: dict[UUID, UUID | None] = field(default_factory=dict)
    assignees: dict[UUID, list[UUID]] = field(default_factory=dict)
    administrators: Sequence[UUID] = ()
    posts: dict[UUID, list[Row[Any]]] = field(default_factory=dict)

    def step(self, row: Outbox) -> Row[Any] | None:
        """The step of the timeline that a row of the outbox is about."""
        return self.steps.get((row.entity_id, int(row.data.get("seq") or 0)))


async def load(session: AsyncSession, rows: Sequence[Outbox]) -> Facts:
    """Read what these rows need; topics that need nothing cost nothing."""
    facts = Facts()
    of_tickets = [row for row in rows if row.topic.startswith(("ticket.", "notice."))]
    await _load_tickets(session, of_tickets, facts)
    transfers = [row for row in rows if row.topic.startswith("transfer.")]
    if transfers:
        asked = {"ids": [row.data["to_area_id"] for row in transfers]}
        facts.paths = {row.id: row.path for row in await session.execute(_PATHS, asked)}
        made = await session.execute(_MAKERS, {"ids": [row.entity_id for row in transfers]})
        facts.makers = {row.id: row.created_by for row in made}
    plans = [row.entity_id for row in rows if row.topic.startswith("visit_plan.")]
    if plans:
        for found in await session.execute(_ASSIGNEES, {"ids": plans}):
            facts.assignees.setdefault(found.id, []).append(found.member_id)
    if any(row.topic.startswith("webhook.") for row in rows):
        facts.administrators = (await session.scalars(_ADMINISTRATORS, {"now": clock.now()})).all()
    await _load_posts(session, facts)
    return facts


async def at_work(session: AsyncSession, members: Sequence[UUID]) -> frozenset[UUID]:
    """Those of them who have not left and can sign in."""
    found = await session.scalars(_AT_WORK, {"members": list(members), "now": clock.now()})
    return frozenset(found)


async def _load_tickets(session: AsyncSession, rows: Sequence[Outbox], facts: Facts) -> None:
    if not rows:
        return
    ids = [row.entity_id for row in rows]
    facts.tickets = {row.id: row for row in await session.execute(_TICKETS, {"ids": ids})}
    seqs = [int(row.data.get("seq") or 0) for row in rows]
    steps = await session.execute(_STEPS, {"ids": ids, "seqs": seqs})
    facts.steps = {(row.ticket_id, row.seq): row for row in steps}


async def _load_posts(session: AsyncSession, facts: Facts) -> None:
    areas = {area for ticket in facts.tickets.values() for area in ticket.path}
    areas |= {area for path in facts.paths.values() for area in path}
    orgs = {ticket.lead_org_id for ticket in facts.tickets.values() if ticket.lead_org_id}
    orgs |= set(_helpers(facts.steps))
    if not areas and not orgs:
        return
    asked: Mapping[str, Any] = {"areas": list(areas), "orgs": list(orgs), "now": clock.now()}
    for post in await session.execute(_POSTS, asked):
        facts.posts.setdefault(post.org_id or post.area_id, []).append(post)


def _helpers(steps: Mapping[Any, Row[Any]]) -> Iterator[UUID]:
    for step in steps.values():
        yield from (UUID(org_id) for org_id in step.helpers or ())
