"""Following a report by its number and code: how it stands, in the words of the public.

A wrong code and a number that nobody has look the same. Tries are limited before they come here.
"""

import hmac

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault, hash_token
from app.core.errors import NotFound
from app.models.enums import ClockKind
from app.models.public import PublicReport
from app.models.ticket_step import TicketClock
from app.schemas.public_report import FollowedStep, FollowRead
from app.services.exchange.open311 import states, steps
from app.services.exchange.public import answer_links, follow_codes
from app.services.tickets import view
from app.services.tickets.labels import STATUS_ZH


class WrongCode(NotFound):
    """No report has this number and code."""

    code = "wrong_follow_code"
    title_zh, title_en = "查询号或查询码不对", "The number or the code is wrong"


async def read(session: AsyncSession, *, vault: Vault, number: str, code: str) -> FollowRead:
    """How the report stands; `WrongCode`."""
    report = await _found(session, follow_codes.read(number), follow_codes.read(code))
    ticket = await view.load(session, report.ticket_id)
    taken = (await steps.notes(session, [ticket.id]))[ticket.id]
    due = select(func.max(TicketClock.due_at)).where(
        TicketClock.ticket_id == ticket.id, TicketClock.kind == ClockKind.HANDLE
    )
    return FollowRead(
        number=follow_codes.shown(report.number, by=5),
        service_name=ticket.row["category_label"],
        state=states.of(ticket.status),
        label=STATUS_ZH[ticket.status],
        agency=ticket.row["org_name"],
        reported_at=ticket.row["reported_at"],
        expected_at=await session.scalar(due),
        public_reply=(ticket.row["outcome"] or {}).get("public_reply") or None,
        steps=[FollowedStep(at=step["datetime"], label=step["description"]) for step in taken],
        answer=answer_links.sign(vault, ticket=ticket)[0] if answer_links.is_asked(ticket) else None,
    )


async def _found(session: AsyncSession, number: str, code: str) -> PublicReport:
    known = follow_codes.is_number(number) and code.isascii() and code.isprintable()
    statement = select(PublicReport).where(PublicReport.number == number)
    report = await session.scalar(statement) if known else None
    if report is None or not hmac.compare_digest(report.code_hash, hash_token(code)):
        raise WrongCode
    return report
