"""A run: sends what is due at one address, a few tickets at once, with no transaction open while it waits.

One run alone sends to an address, so a ticket's messages go out one after the other; what fails holds back
that ticket and nothing else. A receiver that fails eight times in a row, or that is not to be found, is left
alone for a minute, so that a dead one costs little however much waits for it; one that asks for a pause has
it. A run that is killed sends its last batch again.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core import clock, logging
from app.core.courier import CallFailed, Courier, Line, Reply
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.models.enums.third_party import WebhookDeliveryState
from app.services.exchange.webhooks import disabling, due, excerpts, fanout, payloads, schedule, signing
from app.services.exchange.webhooks.due import Held, Result
from app.services.exchange.webhooks.payloads import Message
from app.services.exchange.webhooks.schedule import Attempt, Verdict

AT_ONCE = 8
PATIENCE = 8
TURNS = 100
# A batch is written down by then, long before the lease ends.
TURN_SECONDS = 30.0

log = logging.get(__name__)


@dataclass(slots=True)
class _Run:
    """What a run has seen: results of the present batch, batches, all that was taken, failures in a row.

    `rest`: for how long the receiver is to be left alone; none while it is well.
    """

    results: list[Result] = field(default_factory=list)
    turns: int = 0
    taken: int = 0
    failures: int = 0
    rest: timedelta = timedelta()

    def note(self, row: Mapping[str, Any], attempt: Attempt) -> None:
        """Remember how an attempt ended."""
        found = schedule.verdict(attempt, attempts=row["attempts"] + 1, now=clock.now())
        self.results.append(Result(row, attempt, found))
        self.taken += attempt.taken
        self.failures = 0 if attempt.taken else self.failures + 1
        self.rest = max(self.rest, schedule.rest(attempt))
        if self.failures >= PATIENCE:
            self.leave_alone()

    def leave_alone(self) -> None:
        """Let the receiver rest."""
        self.rest = max(self.rest, schedule.REST)


async def run(
    sessions: Sessions, *, subscription_id: UUID, courier: Courier, vault: Vault, leave: asyncio.Event
) -> int:
    """Send what is due; how many messages were taken. `leave` ends it, even in the middle of a call."""
    done = _Run()
    async with transaction(sessions) as session:
        held = await due.hold(session, subscription_id, vault)
        if held is not None and not held.rows:
            await due.release(session, held)
    if held is None or not held.rows:
        return 0
    try:
        async with courier.line_to(held.url, at_once=AT_ONCE) as line:
            on: Held | None = held
            while on is not None:
                await _send(line, on, done, leave)
                held, on = on, await _turn(sessions, on, done, vault, last=leave.is_set())
    except CallFailed as failed:
        done.note(held.rows[0], Attempt(None, failed.code))
        done.leave_alone()
        await _turn(sessions, held, done, vault, last=True)
    return done.taken


async def _send(line: Line, held: Held, done: _Run, leave: asyncio.Event) -> None:
    """The messages of a batch, as far as the receiver's health and `leave` let them."""
    done.results.clear()
    sending = asyncio.create_task(_all(line, held, done))
    leaving = asyncio.create_task(leave.wait())
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        is_cut = sending.cancel()
        with suppress(asyncio.CancelledError) if is_cut else nullcontext():
            await sending


async def _all(line: Line, held: Held, done: _Run) -> None:
    rows, until = iter(held.rows), asyncio.get_running_loop().time() + TURN_SECONDS
    async with asyncio.TaskGroup() as group:
        for _number in range(AT_ONCE):
            group.create_task(_each(line, held, rows, done, until))


async def _each(line: Line, held: Held, rows: Iterator[Mapping[str, Any]], done: _Run, until: float) -> None:
    moment = asyncio.get_running_loop().time
    for row in rows:
        if done.rest or moment() > until:
            return
        done.note(row, await _attempt(line, held, row))


async def _attempt(line: Line, held: Held, row: Mapping[str, Any]) -> Attempt:
    now = clock.now()
    try:
        message = payloads.message(row, subscription_id=held.id, payload=held.payload, fields=held.fields)
    except (KeyError, TypeError, ValueError) as broken:
        # A bug, and of one message: the others go out.
        log.warning("webhook_broken", delivery_id=str(row["id"]), error=type(broken).__name__)
        return Attempt(None, "message_broken")
    try:
        reply = await line.post(message.body, _headers(message, held, now))
    except CallFailed as failed:
        return Attempt(None, failed.code, failed.seconds)
    return _answered(reply, message)


def _headers(message: Message, held: Held, now: datetime) -> dict[str, str]:
    signed = signing.headers(message.id, int(now.timestamp()), message.body, held.secrets)
    return {"Content-Type": "application/json", "User-Agent": "Wangge-Webhooks/1.0", **signed}


def _answered(reply: Reply, message: Message) -> Attempt:
    taken = reply.status in schedule.OK
    excerpt = None if taken else excerpts.cleaned(reply.beginning, message.telling)
    return Attempt(reply.status, None, reply.seconds, excerpt, reply.pause)


async def _turn(sessions: Sessions, held: Held, done: _Run, vault: Vault, *, last: bool) -> Held | None:
    """Write down what became of a batch; the next one, or None where the run is over."""
    done.turns += 1
    async with transaction(sessions) as session:
        off = _switched_off(held, done)
        if off is not None:
            await disabling.switch_off(session, subscription_id=held.id, reason=off)
            await due.settle(session, [_kept(result) for result in done.results])
            return None
        found = await due.hold(session, held.id, vault, held=held.until, results=done.results)
        if found is None:
            return None
        if not found.rows or last or done.rest or done.turns == TURNS or found.url != held.url:
            await due.release(session, found, rest=done.rest)
            if found.rows and not (last or done.rest):
                await fanout.wake(session, [held.id])
            return None
        return found


def _switched_off(held: Held, done: _Run) -> str | None:
    now, taken = clock.now(), any(result.attempt.taken for result in done.results)
    since = now if taken or held.failing_since is None else held.failing_since
    reasons = (
        schedule.switched_off(result.attempt, failing_since=since, now=now)
        for result in done.results
        if not result.attempt.taken
    )
    return next((reason for reason in reasons if reason is not None), None)


def _kept(result: Result) -> Result:
    """Nothing is lost when a receiver is switched off: what it did not take waits for it."""
    if result.attempt.taken:
        return result
    return Result(result.row, result.attempt, Verdict(WebhookDeliveryState.WAITING, clock.now()))
