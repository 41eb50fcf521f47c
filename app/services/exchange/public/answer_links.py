"""Links by which the person who complained says whether it is solved, without an account.

A link holds the ticket, the round of handling and until when, signed with a key of the deployment's secret;
it names nobody and serves this one purpose. It is of use while the ticket waits for an answer in that round,
so that it is answered once: the answer itself moves the ticket on. Nothing of it is stored.
"""

import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.core import base64url, clock
from app.core.crypto import Vault
from app.core.errors import Conflict, NotFound
from app.models.enums import Status
from app.services.tickets.view import TicketView

VALID_FOR = timedelta(days=14)
_PURPOSE = b"wangge:answer:1"
_BODY = struct.Struct(">4sHI16s")
_MAC_BYTES = 32


class AnswerLinkExpired(NotFound):
    """The link was good once, or never: which of the two is not told."""

    code = "answer_link_expired"
    title_zh, title_en = "链接无效或已过期，请重新获取", "The link is not valid or has expired"


class AlreadyAnswered(Conflict):
    """Nothing is asked about the outcome any more, or not yet again."""

    code = "already_answered"
    title_zh, title_en = "该工单已评价，或正在重新办理，谢谢", "It was answered, or is being worked on again"


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to."""

    ticket_id: UUID
    round: int
    expires_at: datetime


def sign(vault: Vault, *, ticket: TicketView) -> tuple[str, datetime]:
    """The text of a link, safe in a path, and when it expires (UTC, whole seconds)."""
    until = (clock.now() + VALID_FOR).replace(microsecond=0)
    body = _BODY.pack(vault.key_id, ticket.round, int(until.timestamp()), ticket.id.bytes)
    return base64url.spelt(body + vault.sign(_PURPOSE + body)), until


def read(vault: Vault, *, link: str) -> Linked:
    """What a link says; `AnswerLinkExpired` for a forged or old one."""
    try:
        told = base64url.read(link)
        body, mac = told[:-_MAC_BYTES], told[-_MAC_BYTES:]
        key_id, number, until, raw = _BODY.unpack(body)
    except (ValueError, struct.error):
        raise AnswerLinkExpired from None
    if not vault.knows(key_id) or not hmac.compare_digest(mac, vault.sign(_PURPOSE + body, key_id=key_id)):
        raise AnswerLinkExpired
    expires_at = datetime.fromtimestamp(until, UTC)
    if expires_at <= clock.now():
        raise AnswerLinkExpired
    return Linked(UUID(bytes=raw), number, expires_at)


def is_asked(ticket: TicketView) -> bool:
    """Whether the person is asked now: what came of it, or after somebody else's revisit how content."""
    if ticket.status is Status.RESOLVED:
        return not ticket.exempt
    return ticket.status is Status.EVALUATING and not ticket.of_round(ticket.evaluations)


def require_asked(ticket: TicketView, linked: Linked) -> None:
    """`AlreadyAnswered` unless the ticket waits for an answer in the link's round."""
    if ticket.round != linked.round or not is_asked(ticket):
        raise AlreadyAnswered
