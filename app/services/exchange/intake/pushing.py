"""Taking in what a third party sends: one ticket in the caller's transaction, or many, each in its own.

A ticket is reported by the same service as a person's. The reference makes it idempotent: the same again
answers with the ticket that is there. Of many, those with a reference in common go one after the other, and
what is wrong with one holds up no other.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import failures, lanes, notes
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.errors import Busy, Problem
from app.core.ids import uuid7
from app.models.enums.third_party import IntakeOutcome
from app.schemas.intake import IntakeCreate
from app.services.exchange.intake import placing, profiles, refs
from app.services.exchange.intake.placing import Places
from app.services.exchange.intake.profiles import Words
from app.services.exchange.intake.refs import Known
from app.services.platform.actor import Actor
from app.services.tickets import reads, view
from app.services.tickets import report as reporting
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.report import Contact, NewTicket, Place
from app.services.tickets.view import TicketView

REF = "body.external_ref"


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking in needs besides: deadlines, the vault, how ticket numbers begin."""

    deadlines: Deadlines
    vault: Vault
    prefix: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that is no ticket; `ref` where at least that could be read."""

    ref: str | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket under its reference, in its sender's words; `is_new` when it was made just now."""

    known: Known
    ticket: TicketView
    words: Words
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item of many; `problem` as `notes` keeps it."""

    ref: str | None
    outcome: IntakeOutcome
    taken: Taken | None = None
    problem: dict[str, Any] | None = None


async def push(session: AsyncSession, *, actor: Actor, new: IntakeCreate, desk: Desk) -> Taken:
    """Take in one ticket, or find it there; raises what the report refuses, with the fields."""
    return await _take(session, actor, new, desk, await _lookups(session, actor, [new]))


async def push_all(
    sessions: Sessions,
    *,
    actor: Actor,
    items: Sequence[IntakeCreate | Unreadable],
    desk: Desk,
    side_by_side: int,
    gate: asyncio.Semaphore,
) -> list[Result]:
    """Take in many, each in a transaction of its own; one result for each, in their order."""
    readable = [item for item in items if isinstance(item, IntakeCreate)]
    async with transaction(sessions) as session:
        lookups = await _lookups(session, actor, readable)
    found: dict[int, Result] = {}

    async def step(position: int) -> None:
        found[position] = await _each(sessions, actor, position, items[position], desk, lookups)

    names = [_names(item) for item in items]
    await lanes.carry(names, step, side_by_side=side_by_side, gate=gate)
    return [found[position] for position in range(len(items))]


async def _lookups(
    session: AsyncSession, actor: Actor, items: Sequence[IntakeCreate]
) -> tuple[Words, Places]:
    codes = {item.category_code for item in items if item.category_code}
    words = await profiles.words(session, client_id=actor.id, codes=codes)
    return words, await placing.places(session, actor=actor, items=items)


async def _each(
    sessions: Sessions,
    actor: Actor,
    position: int,
    item: IntakeCreate | Unreadable,
    desk: Desk,
    lookups: tuple[Words, Places],
) -> Result:
    if isinstance(item, Unreadable):
        return Result(item.ref, IntakeOutcome.REFUSED, problem=notes.packed(item.problem))
    try:
        async with transaction(sessions) as session:
            taken = await _take(session, actor, item, desk, lookups)
    except Exception as error:  # noqa: BLE001 - whatever one breaks, the others are not held up by it
        problem = failures.as_problem(error, kind="intake")
        passes = isinstance(problem, Busy) or problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        outcome = IntakeOutcome.RETRY if passes else IntakeOutcome.REFUSED
        return Result(item.external_ref, outcome, problem=_located(notes.packed(problem), position))
    outcome = IntakeOutcome.CREATED if taken.is_new else IntakeOutcome.ALREADY_THERE
    return Result(item.external_ref, outcome, taken)


async def _take(
    session: AsyncSession, actor: Actor, new: IntakeCreate, desk: Desk, lookups: tuple[Words, Places]
) -> Taken:
    words, places = lookups
    digests = refs.digests_of(new, desk.vault)
    mine = Known(new.external_ref, uuid7(), digests, new.category_code, new.reply_due_at)
    known = await refs.claim(session, client_id=actor.id, known=mine, field=REF)
    if known is not None:
        await reads.require_visible(session, actor=actor, ticket_id=known.ticket_id)
        return Taken(known, await view.load(session, known.ticket_id), words)
    ticket, _is_new = await reporting.report(
        session,
        actor=actor,
        new=_report(new, mine, words, places),
        deadlines=desk.deadlines,
        vault=desk.vault,
        prefix=desk.prefix,
    )
    return Taken(mine, ticket, words, is_new=True)


def _report(new: IntakeCreate, known: Known, words: Words, places: Places) -> NewTicket:
    point, caller = new.location, new.contact
    return NewTicket(
        title=new.title,
        content=new.content,
        category_code=words.category(new.category_code),
        source=words.source,
        urgency=new.urgency,
        area_id=places.of(new),
        address=new.address,
        ticket_id=known.ticket_id,
        place=Place(point.lng, point.lat, point.coord_type) if point else None,
        contact=Contact(caller.name, caller.phone) if caller else None,
        occurred_at=new.occurred_at,
        confidential=new.confidential,
        attachments=new.attachments,
        due_at=new.reply_due_at,
    )


def _names(item: IntakeCreate | Unreadable) -> set[object]:
    """What may not be worked on twice at a time: the reference, and files."""
    if isinstance(item, Unreadable):
        return set()
    return {item.external_ref, *(entry.id for entry in item.attachments)}


def _located(problem: dict[str, Any], position: int) -> dict[str, Any]:
    """The problem of an item with its fields named as those of the whole body."""
    errors = [[_where(where, position), *rest] for where, *rest in problem["errors"]]
    return {**problem, "errors": errors}


def _where(where: str, position: int) -> str:
    return f"body.items.{position}.{where.removeprefix('body.')}"
