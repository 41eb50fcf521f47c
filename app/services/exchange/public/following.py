"""Following a report by its number and code: how it stands, in the words of the public.

One that was merged into another stands as that one does, unless that is confidential. A wrong code and a
number that nobody has look the same. Tries are limited before they come here.
"""

import hmac

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.crypto import Vault, hash_token
from app.core.errors import NotFound
from app.models.enums import ClockKind, Status
from app.models.public import PublicReport
from app.models.ticket import Ticket
from app.models.ticket_step import TicketClock
from app.schemas.public_report import FollowedStep, FollowRead
from app.services.exchange.open311 import states, steps
from app.services.exchange.public import answer_links, follow_codes
from app.services.tickets import view
from app.services.tickets.labels import STATUS_ZH
from app.services.tickets.view import TicketView

_MASTER = aliased(Ticket)


class WrongCode(NotFound):
    """No report has this number and code."""

    code = "wrong_follow_code"
    title_zh, title_en = "查询号或查询码不对", "The number or the code is wrong"


async def read(session: AsyncSession, *, vault: Vault, number: str, code: str) -> FollowRead:
    """How the report stands; `WrongCode`."""
    report = await _found(session, follow_codes.read(number), follow_codes.read(code))
    ticket = await view.load(session, report.ticket_id)
    taken = (await steps.notes(session, [ticket.id]))[ticket.id]
    handled = await _handled(session, ticket)
    due = select(func.max(TicketClock.due_at)).where(
        TicketClock.ticket_id == handled.id, TicketClock.kind == ClockKind.HANDLE
    )
    labels = dict.fromkeys((STATUS_ZH[ticket.status], STATUS_ZH[handled.status]))
    return FollowRead(
        number=follow_codes.shown(report.number, by=5),
        service_name=ticket.row["category_label"],
        state=states.of(handled.status),
        label="，".join(labels),
        agency=handled.row["org_name"],
        reported_at=ticket.row["reported_at"],
        expected_at=await session.scalar(due),
        public_reply=(handled.row["outcome"] or {}).get("public_reply") or None,
        steps=[FollowedStep(at=step["datetime"], label=step["description"]) for step in taken],
        answer=answer_links.sign(vault, ticket=ticket)[0] if answer_links.is_asked(ticket) else None,
    )


async def _handled(session: AsyncSession, ticket: TicketView) -> TicketView:
    """The ticket in which the report is handled: its own, or the one that it was merged into."""
    handled = ticket
    while handled.status is Status.MERGED:
        into = select(_MASTER.id).join(Ticket, Ticket.merged_into_id == _MASTER.id)
        found = await session.scalar(into.where(Ticket.id == handled.id, ~_MASTER.confidential))
        if found is None:
            return ticket
        handled = await view.load(session, found)
    return handled


async def _found(session: AsyncSession, number: str, code: str) -> PublicReport:
    known = follow_codes.is_number(number) and code.isascii() and code.isprintable()
    statement = select(PublicReport).where(PublicReport.number == number)
    report = await session.scalar(statement) if known else None
    if report is None or not hmac.compare_digest(report.code_hash, hash_token(code)):
        raise WrongCode
    return report
