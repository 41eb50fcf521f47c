"""A client's own references: which of our tickets each is, claimed before the ticket is made.

Claiming inserts the row, so the same reference sent at the same moment waits for the first and then finds it.
A claim stands or falls with the work. What was sent is kept as a keyed digest: the same again is no news,
something else under the same reference is refused. Where the secret of a digest is gone nobody can tell, and
the reference alone counts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict, FieldError, NotFound
from app.models.enums.third_party import RefKind
from app.models.intake import ExternalRef
from app.models.ticket import Ticket
from app.services.platform.actor import Actor
from app.services.tickets import reads

_TABLE: Any = ExternalRef.__table__
_C: Any = _TABLE.c
_TICKET: Any = Ticket.__table__
_SECRET, _SECRET_BYTES = "external_ref", 4
_CLAIM = text("""
    INSERT INTO external_ref
        (client_id, ref, kind, part, ticket_id, digest, category_code, reply_due_at, created_at)
    VALUES (:client_id, :ref, :kind, :part, :ticket_id, :digest, :category_code, :reply_due_at, :created_at)
    ON CONFLICT DO NOTHING
    RETURNING ticket_id
    """)


class ReferenceReused(Conflict):
    """The reference is that of something else that the client sent."""

    code = "external_ref_reused"
    title_zh, title_en = "同一编号已用于内容不同的工单", "This reference was used with other contents"

    def __init__(self, field: str) -> None:
        zh = "这个编号已用于不同的内容：要补充请用补充接口，新的事件请用新的编号"
        en = "This reference was used with other contents: send a supplement, or a new reference"
        super().__init__(zh, en, errors=(FieldError(field, "reused", zh, en),))


@dataclass(frozen=True, slots=True)
class Known:
    """What a reference stands for; `sent_category` and `reply_due_at` as the client said.

    `digests` are those that the contents may have.
    """

    ref: str
    ticket_id: UUID
    digests: Sequence[bytes]
    sent_category: str | None
    reply_due_at: datetime | None


def digests_of(body: BaseModel, vault: Vault) -> Sequence[bytes]:
    """36 bytes that are the same for the same contents; keyed, so that no number can be tried on them.

    As each secret at hand makes them, the present one first; they begin with what tells the secret.
    """
    sent = body.model_dump(mode="json", exclude_defaults=True)
    plain = json.dumps(sent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    made = zip(vault.indexes(_SECRET), vault.indexes(plain), strict=True)
    return [secret[:_SECRET_BYTES] + digest for secret, digest in made]


async def claim(
    session: AsyncSession,
    *,
    client_id: UUID,
    known: Known,
    field: str,
    kind: RefKind = RefKind.TICKET,
    part: str = "",
) -> Known | None:
    """None: it is ours to make; else what it stands for already. `ReferenceReused` where that is another."""
    values = {
        "client_id": client_id,
        "ref": known.ref,
        "kind": kind.value,
        "part": part,
        "ticket_id": known.ticket_id,
        "digest": known.digests[0],
        "category_code": known.sent_category,
        "reply_due_at": known.reply_due_at,
        "created_at": clock.now(),
    }
    if await session.scalar(_CLAIM, values) is not None:
        return None
    mine = (_C.client_id == client_id, _C.ref == known.ref, _C.kind == kind.value, _C.part == part)
    row = (await session.execute(select(_TABLE).where(*mine))).one()
    if not _same(bytes(row.digest), known.digests):
        raise ReferenceReused(field)
    return _known(row)


async def ticket(session: AsyncSession, *, actor: Actor, ref: str, lock: bool = False) -> Known:
    """The ticket of a client's reference; with `lock`, held until the end.

    `NotFound` where the client never sent it, or may not look where it lies now.
    """
    mine = (_C.client_id == actor.id, _C.ref == ref, _C.kind == RefKind.TICKET.value)
    statement = select(_TABLE).join(_TICKET, _TICKET.c.id == _C.ticket_id)
    statement = statement.where(*mine, reads.visible(actor))
    row = (await session.execute(statement.with_for_update(of=_TICKET) if lock else statement)).one_or_none()
    if row is None:
        raise NotFound
    return _known(row)


def _same(kept: bytes, mine: Sequence[bytes]) -> bool:
    return kept in mine or kept[:_SECRET_BYTES] not in {digest[:_SECRET_BYTES] for digest in mine}


def _known(row: Any) -> Known:
    return Known(row.ref, row.ticket_id, (bytes(row.digest),), row.category_code, row.reply_due_at)
