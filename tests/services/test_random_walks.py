"""Several people act on tickets in any order, the system among them, and at every step the books are right.

What people are offered works where the body is sensible, and is refused for its body where it is not; what
they are not offered is refused for its reason; and the tickets' rows agree with their timelines.
"""

from datetime import timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from app.models.enums import Action, EventSource, Status, Urgency
from app.services.tickets import commands, workflow
from app.services.tickets.problems import GuardRefused, IllegalTransition, NotYours, OwnRequest
from tests.support.walking import PEOPLE, Offer, Town, Walk

# A walk that only talks, or ends as soon as it can, teaches little.
WEIGHTS = {
    **dict.fromkeys(("reject", "withdraw", "void", "approve_withdraw", "merge", "comment"), 1),
    **dict.fromkeys(("urge", "supervise", "instruct", "progress", "change", "return_for_info"), 3),
}
WEIGHT = 9
WHOLE = ("accept", "dispatch", "sign", "resolve", "revisit", "evaluate", "close")
BEGUN = WHOLE[:3]
# A walk may be led as far as one of these goes before it is left to itself.
PATHS = (
    (),
    WHOLE,
    (*WHOLE, "reopen", "resolve"),
    (*WHOLE, "request_review", "approve_review"),
    (*WHOLE[:5], "rework", "resolve", "revisit", "rework", "resolve"),
    ("self_resolve", "revisit", "close"),
    ("reject", "appeal"),
    ("return_for_info", "merge", "unmerge"),
    (*WHOLE[:2], "decline", "approve_decline", "dispatch", "decline", "deny_decline"),
    (*WHOLE[:2], "contact", "escalate", "decide"),
    (*BEGUN, "transfer_down", "escalate", "decide"),
    (*BEGUN, "transfer_down", "merge", "unmerge"),
    (*BEGUN, "request_joint", "supervise", "finish_joint", "reply_supervision", "lift_supervision"),
    (*BEGUN, "escalate", "decide", "escalate"),
    (*BEGUN, "request_extension", "approve_extension", "change", "request_extension"),
    (*BEGUN, "request_suspend", "approve_suspend", "change", "merge", "unmerge", "resume"),
    (*BEGUN, "request_suspend", "deny_suspend", "request_suspend", "approve_suspend", "review_suspension"),
    (*BEGUN, "request_extension", "deny_extension", "progress", "reroute"),
    ("accept", "request_withdraw", "deny_withdraw", "request_withdraw", "approve_withdraw"),
)
STEPS = 10
NIGHT, FORTNIGHT, SEASON = 40 * 60, 14 * 24 * 60, 95 * 24 * 60
PACES = (*[90] * 12, *[NIGHT] * 6, FORTNIGHT, SEASON)
# Whose needs leave open what the ticket then refuses: the guard looks at the body.
ASKS_THE_BODY = {"supervise", "change", "decide", "self_resolve"}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(min_value=0),
    path=st.sampled_from(PATHS),
    draft=st.booleans(),
    source=st.sampled_from([EventSource.GRID_PATROL, EventSource.PHONE, EventSource.IOT]),
    urgency=st.sampled_from(Urgency),
)
async def test_any_walk_keeps_the_books_and_every_offer_holds(
    town: Town, seed: int, path: tuple[str, ...], draft: bool, source: EventSource, urgency: Urgency
) -> None:
    walk = Walk(town, Random(seed))  # noqa: S311 - a walk, not a secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", walk.tick)
        await walk.photograph(["grid_worker"])
        await walk.begin(source, urgency, draft=draft)
        await walk.begin(EventSource.PHONE, urgency, draft=False)
        for wanted in (*path, *[None] * STEPS):
            await time_passes(walk, led=wanted is not None)
            first = wanted is not None or walk.dice.random() < 0.8
            await one_step(walk, walk.ids[0] if first else walk.ids[1], wanted)


async def time_passes(walk: Walk, *, led: bool) -> None:
    """Minutes or weeks; the sweep comes by at times, less often while the walk is led somewhere."""
    walk.now += timedelta(minutes=1 + walk.dice.randrange(90 if led else walk.dice.choice(PACES)))
    if walk.dice.random() < (0.1 if led else 0.5):
        await walk.sweep()


async def one_step(walk: Walk, ticket_id: UUID, wanted: str | None) -> None:
    """Somebody takes a step that they are offered, and before that three try what they are not."""
    await walk.look(ticket_id)
    row, offers = walk.rows[ticket_id], walk.offers[ticket_id]
    await refuses_what_it_does_not_offer(walk, ticket_id)
    if not offers:
        assert row["archived_at"], "a ticket that is not archived has somebody who may do something"
        return
    who, entry = pick(offers, wanted, walk.dice)
    led = wanted is not None or walk.dice.random() < 0.8
    sensible = walk.sensible(who, entry["action"], row) if led else None
    body = sensible or walk.careless(who, entry["action"])
    refusal = await try_(walk, ticket_id, who, body)
    await walk.audit(ticket_id)
    after = walk.rows[ticket_id]
    if refusal is None:
        assert after["version"] == row["version"] + 1
        assert after["status"] in entry["to"]
    else:
        assert sensible is None, (body, refusal.detail_zh)
        assert refused_for_its_body(refusal, entry), (entry["action"], refusal.detail_zh)
        assert after == row


async def try_(walk: Walk, ticket_id: UUID, who: str, body: dict[str, Any]) -> Problem | None:
    """Take the step; returns the refusal where the body or the ticket does not allow it."""
    try:
        await walk.act(ticket_id, who, body)
    except (Invalid, GuardRefused, NotFound) as refusal:
        return refusal
    return None


def refused_for_its_body(refusal: Problem, entry: dict[str, Any]) -> bool:
    """Whether what was filled in is to blame: a field that the refusal names, or what a guard looks at."""
    if isinstance(refusal, GuardRefused):
        return entry["action"] in ASKS_THE_BODY
    fields = {f"body.{need['field']}" for need in entry["needs"]}
    named = {".".join(error.where.split(".")[:2]) for error in refusal.errors}
    return bool(named) and named <= fields


def pick(offers: list[Offer], wanted: str | None, dice: Random) -> Offer:
    """One of the offers: first what is done, as wanted or by its weight, then who does it."""
    doers: dict[str, list[Offer]] = {}
    for offer in offers:
        doers.setdefault(offer[1]["action"], []).append(offer)
    weights = [WEIGHTS.get(action, WEIGHT) for action in doers]
    (drawn,) = dice.choices(list(doers), weights)
    return dice.choice(doers[wanted if wanted in doers else drawn])


async def refuses_what_it_does_not_offer(walk: Walk, ticket_id: UUID) -> None:
    """Three steps that nobody offered are refused, each for its reason, in Chinese."""
    status = Status(walk.rows[ticket_id]["status"])
    offered = {(who, entry["action"]) for who, entry in walk.offers[ticket_id]}
    others = [pair for pair in product(PEOPLE, commands.ACTIONS) if pair not in offered]
    for who, action in walk.dice.sample(others, 3):
        with pytest.raises((Conflict, Forbidden, NotFound)) as refused:
            await walk.act(ticket_id, who, walk.careless(who, action))
        known = workflow.rows_for(status, Action(action))
        reasons = (NotYours, OwnRequest, GuardRefused) if known else (IllegalTransition,)
        assert isinstance(refused.value, reasons if who in walk.seers[ticket_id] else NotFound)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.detail_zh)
