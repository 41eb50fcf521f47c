"""Reading what a third party sent, by its own references; only its own, and only where it may look now."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.paging import Page, Sort, page_of
from app.models.enums.third_party import RefKind
from app.models.intake import ExternalRef, IntakeProfile
from app.models.ticket import Ticket
from app.services.exchange.intake import profiles, refs
from app.services.exchange.intake.profiles import Words
from app.services.exchange.intake.pushing import Taken
from app.services.platform.actor import Actor
from app.services.tickets import reads, view

_REF: Any = ExternalRef.__table__
_T: Any = Ticket.__table__
_NEWEST = Sort.by_time(_REF.c.created_at, _REF.c.ticket_id, descending=True)
_ROWS = (
    select(
        _REF.c.ref.label("external_ref"),
        _REF.c.category_code.label("sent_category_code"),
        _REF.c.reply_due_at,
        _REF.c.created_at,
        *(
            _T.c[name]
            for name in (
                "id",
                "no",
                "status",
                "stage",
                "category_code",
                "urgency",
                "reported_at",
                "due_at",
                "closed_at",
                "version",
            )
        ),
        IntakeProfile.statuses,
    )
    .join(_T, _T.c.id == _REF.c.ticket_id)
    .outerjoin(IntakeProfile, IntakeProfile.client_id == _REF.c.client_id)
    .where(_REF.c.kind == RefKind.TICKET.value)
)


async def one(session: AsyncSession, *, actor: Actor, ref: str) -> Taken:
    """The ticket of a reference; `NotFound` where it was never sent or may not be seen now."""
    known = await refs.ticket(session, actor=actor, ref=ref)
    ticket = await view.load(session, known.ticket_id)
    return Taken(known, ticket, await profiles.words(session, client_id=actor.id, codes=()))


async def page(
    session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int
) -> Page[Mapping[str, Any]]:
    """What the client sent, the newest first, in its own words."""
    statement = _ROWS.where(_REF.c.client_id == actor.client_id, reads.visible(actor))
    if cursor is not None:
        statement = statement.where(_NEWEST.after(cursor))
    found = await session.execute(statement.order_by(*_NEWEST.order()).limit(limit + 1))
    rows = [_worded(dict(row)) for row in found.mappings()]
    return page_of(rows, limit, lambda row: (row["created_at"], row["id"]))


def _worded(row: dict[str, Any]) -> dict[str, Any]:
    words = Words(statuses=row["statuses"] or {})
    return {**row, "status_word": words.status(row["status"])}
