"""The answer of the person who complained, by a link: a revisit that nobody made, and their evaluation.

Both are steps of the workflow like anybody's. A link comes from whoever may revisit the ticket, is sent as a
text message if they want, and is shown to a reporter who followed their report.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import Conflict, invalid_field
from app.models.enums import Action, EvaluatedBy, RevisitMethod, Satisfaction, Status
from app.models.public import PublicReport
from app.models.ticket import TicketContact
from app.schemas.public_report import AnswerAsked, AnswerCreate, AnswerLinkRead, AnswerTaken
from app.services.exchange.public import answer_links, follow_codes
from app.services.exchange.public.answer_links import AlreadyAnswered
from app.services.platform import audit, queue
from app.services.platform.actor import Actor
from app.services.tickets import commands, reads, relations, transitions, view
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.labels import STATUS_ZH
from app.services.tickets.problems import NotYours
from app.services.tickets.system import RESIDENT
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import permits, rows_for

JOB, PAGE = "send_answer_link", "/answer"
_REVISITED = {"method": RevisitMethod.LINK, "reached": True}
# Of the mainland, Hong Kong and Macao: what begins otherwise is a landline.
MOBILES = ("1", "+852", "+853")
NO_ANSWERS = frozenset({Satisfaction.UNEVALUATED, Satisfaction.UNREACHABLE})


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A text message to the person who complained."""

    phone: str
    text: str


class NoPhone(Conflict):
    """A text message has nowhere to go: no phone, no gateway, or no address that links begin with."""

    code = "no_phone"
    title_zh = "不能发送短信：工单没有联系人的手机号，或系统未配置短信网关和公开地址"
    title_en = "No text message can be sent: no mobile phone, or no gateway or public address is configured"


async def make(
    session: AsyncSession,
    *,
    actor: Actor,
    ticket_id: UUID,
    vault: Vault,
    base: str,
    send: bool,
    sendable: bool,
) -> AnswerLinkRead:
    """A link, for whoever may revisit the ticket or evaluate it; `AlreadyAnswered`, `NoPhone`."""
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id)
    ticket = await view.load(session, ticket_id)
    _require_asker(actor, ticket)
    link, until = answer_links.sign(vault, ticket=ticket)
    if send:
        if not sendable or await _mobile(session, ticket_id, vault) is None:
            raise NoPhone
        await queue.enqueue(session, job=JOB, payload={"ticket_id": str(ticket_id)})
    told = {"expires_at": until.isoformat(), "sent": send}
    await audit.record(
        session,
        action="ticket.answer_link",
        entity="ticket",
        entity_id=ticket_id,
        actor_id=actor.id,
        data=told,
    )
    return AnswerLinkRead(url=f"{base}/{link}", expires_at=until, sent=send)


async def letter(session: AsyncSession, *, ticket_id: UUID, vault: Vault, public_url: str) -> Letter | None:
    """The text message with a link; None when nothing is asked any more, or there is no phone."""
    ticket, phone = await view.load(session, ticket_id), await _mobile(session, ticket_id, vault)
    if phone is None or not answer_links.is_asked(ticket):
        return None
    link, _until = answer_links.sign(vault, ticket=ticket)
    url = f"{public_url.rstrip('/')}{PAGE}/{link}"
    return Letter(phone, f"您反映的“{ticket.row['category_label']}”已办理，请评价：{url}")


async def asked(session: AsyncSession, *, vault: Vault, link: str) -> AnswerAsked:
    """What a link asks; `AnswerLinkExpired`, `AlreadyAnswered`."""
    linked = answer_links.read(vault, link=link)
    ticket = await view.load(session, linked.ticket_id)
    answer_links.require_asked(ticket, linked)
    number = await session.scalar(
        select(PublicReport.number).where(PublicReport.ticket_id == linked.ticket_id)
    )
    return AnswerAsked(
        number=follow_codes.shown(number, by=5) if number else None,
        service_name=ticket.row["category_label"],
        public_reply=(ticket.row["outcome"] or {}).get("public_reply") or None,
        resolved_at=ticket.row["resolved_at"],
        expires_at=linked.expires_at,
    )


async def answer(
    session: AsyncSession, *, vault: Vault, link: str, new: AnswerCreate, deadlines: Deadlines
) -> AnswerTaken:
    """Take an answer; `AnswerLinkExpired`, `AlreadyAnswered`, `Invalid` for what is no answer."""
    if new.satisfaction in NO_ANSWERS:
        raise invalid_field("body.satisfaction", "请选择满意程度", "Say how content you are")
    linked = answer_links.read(vault, link=link)
    await reads.require_visible(session, actor=RESIDENT, ticket_id=linked.ticket_id, lock=True)
    ticket = await view.load(session, linked.ticket_id)
    answer_links.require_asked(ticket, linked)
    said = {"solved": new.solved, "satisfaction": new.satisfaction}
    if ticket.status is Status.RESOLVED:
        ticket = await _act(session, ticket, deadlines, action=Action.REVISIT, **_REVISITED, **said)
    body = {"evaluated_by": EvaluatedBy.RESIDENT, "opinion": new.opinion, **said}
    ticket = await _act(session, ticket, deadlines, action=Action.EVALUATE, **body)
    return AnswerTaken(label=STATUS_ZH[ticket.status])


async def _act(session: AsyncSession, ticket: TicketView, deadlines: Deadlines, **body: object) -> TicketView:
    return await transitions.act(
        session,
        actor=RESIDENT,
        ticket_id=ticket.id,
        command=commands.ADAPTER.validate_python(body),
        expected_version=None,
        deadlines=deadlines,
    )


def _require_asker(actor: Actor, ticket: TicketView) -> None:
    """Who may revisit or evaluate now may have a link; nobody may while nothing is asked."""
    action = Action.REVISIT if ticket.status is Status.RESOLVED else Action.EVALUATE
    rows = rows_for(ticket.status, action)
    if not answer_links.is_asked(ticket) or not rows:
        raise AlreadyAnswered
    held, related = relations.roles_on(actor, ticket), relations.relations(actor, ticket)
    if not any(permits(row, held, related) for row in rows):
        raise NotYours(action, [(row.roles, row.relation) for row in rows])


async def _mobile(session: AsyncSession, ticket_id: UUID, vault: Vault) -> str | None:
    """Where a text message can go; a landline takes none."""
    contact = select(TicketContact.phone_sealed).where(TicketContact.ticket_id == ticket_id)
    sealed = await session.scalar(contact)
    phone = vault.open(sealed) if sealed else None
    return phone if phone and phone.startswith(MOBILES) else None
