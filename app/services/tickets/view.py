"""One ticket as it stands, read in one statement: the row, its names, open clocks and latest outcomes.

The detail page, the workflow service (before and after a step) and the reply of an action use the same
reading. It carries no scope of its own: `reads.require_visible` comes first, always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import fetch_all, fetch_one
from app.core.errors import NotFound
from app.models.enums import ClockKind, RevisitState, SlaUnit, Status, Urgency
from app.services.tickets.clocks import Clock

_VIEW = """
    SELECT ticket.*,
        category.self_handled, category.revisit_percent, category.auto_dispatch,
        category.label_zh AS category_label, category.label_en AS category_label_en,
        area.name AS area_name, area.path AS area_path,
        org.name AS org_name, coalesce(handler.name, handling.name) AS handler_name,
        reporter.name AS reporter_name,
        contact.name AS contact_name, contact.phone_last4 AS contact_last4,
        (SELECT json_agg(json_build_object('kind', kind, 'unit', unit, 'amount', amount, 'round', round,
                'halved', halved, 'given', given, 'started_at', started_at, 'due_at', due_at,
                'provisional', provisional, 'next_at', next_at, 'level', level, 'org_id', ticket_clock.org_id,
                'paused_at', paused_at, 'stopped_at', stopped_at) ORDER BY started_at, id)
           FROM ticket_clock WHERE ticket_id = ticket.id) AS clocks,
        ARRAY(SELECT handler_id FROM ticket_assignment
               WHERE ticket_id = ticket.id AND handler_id IS NOT NULL
              UNION
              SELECT actor_id FROM ticket_event
               WHERE ticket_id = ticket.id AND action IN ('sign', 'self_resolve') AND actor_id IS NOT NULL)
            AS handlers,
        (SELECT json_agg(json_build_object('org_id', org_id, 'name', helper.short_name,
                'dispatched_at', dispatched_at, 'done_at', ticket_assignment.ended_at)
                ORDER BY dispatched_at, org_id)
           FROM ticket_assignment JOIN org AS helper ON helper.id = org_id
          WHERE ticket_id = ticket.id AND NOT is_lead) AS helpers,
        (SELECT row_to_json(asked) FROM (
            SELECT kind, reason, basis, proposed_org_id, amount, resume_on, asked_by, asked_at
              FROM ticket_request WHERE ticket_id = ticket.id AND state = 'pending') AS asked) AS request,
        (SELECT row_to_json(pressed) FROM (
            SELECT level, at, replied_at FROM ticket_supervision
             WHERE ticket_id = ticket.id AND lifted_at IS NULL ORDER BY at DESC LIMIT 1) AS pressed)
            AS supervision,
        (SELECT row_to_json(told) FROM (
            SELECT resolution_type, measures, public_reply, at FROM ticket_outcome
             WHERE ticket_id = ticket.id ORDER BY round DESC LIMIT 1) AS told) AS outcome,
        (SELECT json_agg(json_build_object('round', round, 'at', at, 'method', method,
                'reached', reached, 'solved', solved, 'satisfaction', satisfaction) ORDER BY at, id)
           FROM revisit WHERE ticket_id = ticket.id) AS revisits,
        (SELECT json_agg(json_build_object('round', round, 'at', at, 'evaluated_by', evaluated_by,
                'satisfaction', satisfaction, 'solved', solved) ORDER BY at, id)
           FROM evaluation WHERE ticket_id = ticket.id) AS evaluations,
        (SELECT json_agg(json_build_object('id', attachment.id, 'kind', kind, 'mime', mime, 'size', size,
                'purpose', purpose, 'event_seq', seq) ORDER BY seq, attachment.id)
           FROM ticket_attachment JOIN attachment ON attachment.id = attachment_id
           JOIN ticket_event ON ticket_event.id = event_id
          WHERE ticket_attachment.ticket_id = ticket.id) AS attachments,
        (SELECT json_agg(json_build_object('purpose', purpose, 'event_seq', seq,
                'named_at', awaited_file.created_at) ORDER BY seq, awaited_file.id)
           FROM awaited_file JOIN ticket_event ON ticket_event.id = event_id
          WHERE awaited_file.ticket_id = ticket.id) AS awaited_attachments,
        (SELECT data ->> 'coord_type_fits' FROM ticket_event WHERE ticket_id = ticket.id AND seq = 1)
            AS coord_type_fits,
        (SELECT ref FROM external_ref WHERE external_ref.ticket_id = ticket.id AND kind = 'ticket')
            AS source_ref,
        (SELECT visit_id FROM visit_opinion WHERE visit_opinion.ticket_id = ticket.id) AS visit_id,
        ARRAY(WITH RECURSIVE following AS (
                SELECT id FROM ticket AS merged WHERE merged.merged_into_id = ticket.id
                UNION
                SELECT merged.id FROM ticket AS merged JOIN following ON merged.merged_into_id = following.id)
              SELECT id FROM following) AS followers
    FROM ticket
    JOIN category ON category.code = ticket.category_code
    JOIN area ON area.id = ticket.area_id
    LEFT JOIN org ON org.id = ticket.lead_org_id
    LEFT JOIN member AS handler ON handler.id = ticket.handler_id
    LEFT JOIN api_client AS handling ON handling.id = ticket.handler_client_id
    LEFT JOIN member AS reporter ON reporter.id = ticket.reporter_id
    LEFT JOIN ticket_contact AS contact ON contact.ticket_id = ticket.id
    """
_ONE = f"{_VIEW} WHERE ticket.id = $1"
_MANY = f"{_VIEW} WHERE ticket.id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class TicketView:
    """The reading; `row` has the columns of `ticket` and the joined names, lists are oldest first."""

    row: Mapping[str, Any]
    clocks: Sequence[Mapping[str, Any]]
    revisits: Sequence[Mapping[str, Any]]
    evaluations: Sequence[Mapping[str, Any]]
    helpers: Sequence[Mapping[str, Any]]
    request: Mapping[str, Any] | None
    handlers: frozenset[UUID]

    @property
    def id(self) -> UUID:
        """The ticket's id."""
        ticket_id: UUID = self.row["id"]
        return ticket_id

    @property
    def status(self) -> Status:
        """Where it stands."""
        return Status(self.row["status"])

    @property
    def handler(self) -> UUID | None:
        """Who handles it: a member, or an organisation's own system."""
        found: UUID | None = self.row["handler_id"] or self.row["handler_client_id"]
        return found

    @property
    def urgency(self) -> Urgency:
        """How fast it must go."""
        return Urgency(self.row["urgency"])

    @property
    def round(self) -> int:
        """Which round of handling this is: 1, or more after reworks and reopenings."""
        return int(self.row["rework_count"]) + int(self.row["reopen_count"]) + 1

    def clock(self, kind: ClockKind) -> Clock | None:
        """The open clock of a kind, running or paused."""
        return next((clock for clock in self.open_clocks if clock.kind is kind), None)

    @property
    def exempt(self) -> bool:
        """Whether a policy let it off the revisit."""
        return bool(self.row["revisit_state"] == RevisitState.EXEMPT)

    @property
    def open_clocks(self) -> tuple[Clock, ...]:
        """The clocks that run or are paused."""
        return tuple(_clock(clock) for clock in self.clocks if clock["stopped_at"] is None)

    def of_round(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of some outcome rows that belong to the present round."""
        return [row for row in rows if row["round"] == self.round]


async def load(session: AsyncSession, ticket_id: UUID) -> TicketView:
    """Read a ticket that the caller was already found to see."""
    row = await fetch_one(session, _ONE, ticket_id)
    if row is None:
        raise NotFound
    return _view(row)


async def load_all(session: AsyncSession, ticket_ids: Sequence[UUID]) -> list[TicketView]:
    """Read tickets that the caller was already found to see, in one statement and in no order."""
    return [_view(row) for row in await fetch_all(session, _MANY, ticket_ids)]


def _view(row: Record) -> TicketView:
    return TicketView(
        row=dict(row),
        clocks=row["clocks"] or (),
        revisits=row["revisits"] or (),
        evaluations=row["evaluations"] or (),
        helpers=row["helpers"] or (),
        request=row["request"],
        handlers=frozenset(row["handlers"] or ()),
    )


def _clock(row: Mapping[str, Any]) -> Clock:
    return Clock(
        kind=ClockKind(row["kind"]),
        unit=SlaUnit(row["unit"]),
        amount=row["amount"],
        started_at=datetime.fromisoformat(row["started_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        provisional=row["provisional"],
        paused_at=_moment(row["paused_at"]),
        round=row["round"],
        halved=row["halved"],
        next_at=_moment(row["next_at"]),
        level=row["level"],
        org_id=UUID(row["org_id"]) if row["org_id"] else None,
        given=row["given"],
    )


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
