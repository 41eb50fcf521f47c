"""What a third party adds to a ticket that it sent: supplements, and its withdrawal; steps of the workflow.

A supplement answers a ticket that was returned for it, and is a comment on any other. A withdrawal takes
back what nobody has accepted, asks the dispatcher about what was, and later, or where others were merged into
the ticket, is a note to whoever has it, who resolves it as withdrawn by the person. The same again changes
nothing.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Action, Status
from app.models.enums.third_party import RefKind, WithdrawalOutcome
from app.schemas.intake import SupplementCreate, WithdrawalCreate
from app.services.exchange.intake import profiles, refs
from app.services.exchange.intake.pushing import Desk, Taken
from app.services.exchange.intake.refs import Known
from app.services.platform.actor import Actor
from app.services.tickets import transitions, view
from app.services.tickets.commands import MODELS
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import TERMINAL

_TO_WITHDRAW = frozenset({Status.DRAFT, Status.REPORTED, Status.RETURNED})
_NOTE = "诉求人撤单：{reason}"


async def supplement(
    session: AsyncSession, *, actor: Actor, ref: str, new: SupplementCreate, desk: Desk
) -> Taken:
    """Add to a ticket; `is_new` tells whether this was not there before. `NotFound` for an unknown ticket."""
    known, ticket = await _locked(session, actor, ref)
    mine = _claim(known, refs.digests_of(new, desk.vault))
    there = await refs.claim(
        session,
        client_id=actor.id,
        known=mine,
        field="body.supplement_ref",
        kind=RefKind.SUPPLEMENT,
        part=new.supplement_ref,
    )
    if there is None:
        action = Action.SUBMIT if ticket.status is Status.RETURNED else Action.COMMENT
        ticket = await _act(
            session, actor, ticket, action, desk, opinion=new.content, attachments=new.attachments
        )
    words = await profiles.words(session, client_id=actor.id, codes=())
    return Taken(known, ticket, words, is_new=there is None)


async def withdraw(
    session: AsyncSession, *, actor: Actor, ref: str, new: WithdrawalCreate, desk: Desk
) -> tuple[Taken, WithdrawalOutcome]:
    """Take a ticket back as far as it still can be; the workflow's refusal once it has ended."""
    known, ticket = await _locked(session, actor, ref)
    outcome = _outcome(ticket)
    if ticket.status is not Status.WITHDRAWN and ticket.row["pending"] != "withdraw":
        ticket = await _withdraw(session, actor, known, ticket, new.reason, desk)
    words = await profiles.words(session, client_id=actor.id, codes=())
    return Taken(known, ticket, words), outcome


def _outcome(ticket: TicketView) -> WithdrawalOutcome:
    if ticket.status is Status.ACCEPTED:
        return WithdrawalOutcome.ASKED
    alone = not ticket.row["followers"]
    if ticket.status in TERMINAL or (ticket.status in _TO_WITHDRAW and alone):
        return WithdrawalOutcome.WITHDRAWN
    return WithdrawalOutcome.NOTED


async def _withdraw(
    session: AsyncSession, actor: Actor, known: Known, ticket: TicketView, reason: str, desk: Desk
) -> TicketView:
    match _outcome(ticket):
        case WithdrawalOutcome.WITHDRAWN:
            return await _act(session, actor, ticket, Action.WITHDRAW, desk, opinion=reason)
        case WithdrawalOutcome.ASKED:
            return await _act(session, actor, ticket, Action.REQUEST_WITHDRAW, desk, opinion=reason)
    # Whatever its words: a note is given once.
    claimed = await refs.claim(
        session,
        client_id=actor.id,
        known=_claim(known, (b"",)),
        field="body.reason",
        kind=RefKind.WITHDRAWAL,
    )
    if claimed is not None:
        return ticket
    return await _act(session, actor, ticket, Action.COMMENT, desk, opinion=_NOTE.format(reason=reason))


async def _locked(session: AsyncSession, actor: Actor, ref: str) -> tuple[Known, TicketView]:
    known = await refs.ticket(session, actor=actor, ref=ref, lock=True)
    return known, await view.load(session, known.ticket_id)


async def _act(
    session: AsyncSession, actor: Actor, ticket: TicketView, action: Action, desk: Desk, **body: object
) -> TicketView:
    command = MODELS[action].model_validate({"action": action, **body})
    return await transitions.act(
        session,
        actor=actor,
        ticket_id=ticket.id,
        command=command,
        expected_version=None,
        deadlines=desk.deadlines,
    )


def _claim(known: Known, digests: Sequence[bytes]) -> Known:
    return Known(known.ref, known.ticket_id, digests, None, None)
