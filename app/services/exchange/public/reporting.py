"""A report of the public: it becomes a ticket that waits to be accepted, with a number and code to follow it.

Nothing of it is public before a dispatcher says so. What is kept of the code is a hash, so whoever may have
to send a report again gives the attempt an id: of it and the contents the server makes a proof, of which the
ticket's id and the code are parts. The same again finds the same, and nothing of a code is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault, hash_token
from app.models.enums import EventSource, Urgency
from app.models.enums.attachment import AttachmentPurpose
from app.models.enums.third_party import ServiceKind
from app.models.public import PublicReport
from app.schemas.attachment import AttachmentName
from app.services.exchange.public import answers, follow_codes, services, whereabouts
from app.services.exchange.public.answers import Answers
from app.services.platform import attachments as storage
from app.services.platform.actor import Actor
from app.services.platform.attachments import Placed
from app.services.tickets import report
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.report import Contact, NewTicket, Place

TITLE_LENGTH, PICTURE = 60, "附图："


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """What somebody reported; `address` in words, `area_id` where no point says it.

    files: as they were placed; where: what the field of the point is called, to whom it is wrong; proof: 32
    bytes that the same attempt with the same contents has again.
    """

    service_code: str
    description: str | None
    source: EventSource
    place: Place | None = None
    address: str | None = None
    area_id: UUID | None = None
    name: str | None = None
    phone: str | None = None
    media_url: str | None = None
    answers: Answers = field(default_factory=dict)
    files: Sequence[Placed] = ()
    confidential: bool = False
    where: str = "lat"
    proof: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """What became of it; `number` and `code` as they are stored."""

    ticket_id: UUID
    number: str
    code: str
    kind: ServiceKind

    @property
    def notice(self) -> str:
        """What whoever reported is told."""
        number, code = follow_codes.shown(self.number, by=5), follow_codes.shown(self.code, by=4)
        return f"已收到，等待受理。查询号 {number}，查询码 {code}，请妥善保存，查询码只显示这一次。"


async def take(
    session: AsyncSession, *, actor: Actor, sent: Sent, deadlines: Deadlines, vault: Vault, prefix: str
) -> Taken:
    """Store a report; `UnknownService`, `NotFound` outside the caller's reach, `Invalid` for wrong fields."""
    row = await services.require(session, sent.service_code)
    kind, ticket_id = ServiceKind(row.PublicService.kind), None
    if sent.proof is not None:
        ticket_id = UUID(bytes=sent.proof[:16], version=4)
        known = await _number_of(session, ticket_id)
        if known is not None:
            return Taken(ticket_id, known, follow_codes.code_of(sent.proof), kind)
    asked = row.PublicService.attributes
    kept = answers.checked(asked, sent.answers)
    area = await whereabouts.find(
        session, actor=actor, place=sent.place, area_id=sent.area_id, where=sent.where
    )
    lines = [sent.description or row.name, *answers.in_words(asked, kept)]
    if sent.media_url:
        lines.append(f"{PICTURE}{sent.media_url}")
    files = [(await storage.record(session, actor=actor, placed=one))[0] for one in sent.files]
    new = NewTicket(
        title=_title(sent.description or row.name),
        content="\n".join(lines),
        category_code=sent.service_code,
        source=sent.source,
        urgency=Urgency.NORMAL,
        area_id=area.id,
        address=sent.address or area.name,
        ticket_id=ticket_id,
        place=sent.place,
        confidential=sent.confidential,
        contact=Contact(sent.name, sent.phone) if sent.name or sent.phone else None,
        attachments=[AttachmentName(id=file.id, purpose=AttachmentPurpose.EVIDENCE) for file in files],
    )
    ticket, _is_new = await report.report(
        session, actor=actor, new=new, deadlines=deadlines, vault=vault, prefix=prefix
    )
    number = follow_codes.new_number()
    code = follow_codes.code_of(sent.proof) if sent.proof else follow_codes.new_code()
    await session.execute(
        insert(PublicReport).values(
            ticket_id=ticket.id,
            number=number,
            code_hash=hash_token(code),
            answers=kept,
            created_at=clock.now(),
        )
    )
    return Taken(ticket.id, number, code, kind)


async def _number_of(session: AsyncSession, ticket_id: UUID) -> str | None:
    """The number of a report that is there; who sends the same meanwhile waits."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(ticket_id), 0))))
    found: str | None = await session.scalar(
        select(PublicReport.number).where(PublicReport.ticket_id == ticket_id)
    )
    return found


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1]}…"
