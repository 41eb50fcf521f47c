"""Whoever is told of a ticket may see it, whatever happened to it: random walks, told step by step."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.enums import EventSource, Urgency
from app.models.message import Notification
from app.models.platform import Outbox
from app.services.mobile import reader
from tests.services.test_random_walks import PATHS, STEPS, one_step, time_passes
from tests.support.walking import Town, Walk

# Who asked is told the answer, also where it hands the ticket to somebody else: its number, and no more.
ANSWERS = {"approved", "denied"}


async def newest(sessions: Sessions, table: type[Outbox]) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.max(table.id))) or 0


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0), path=st.sampled_from(PATHS), urgency=st.sampled_from(Urgency))
async def test_nobody_is_told_of_a_ticket_that_is_not_theirs_to_see(
    town: Town, seed: int, path: tuple[str, ...], urgency: Urgency
) -> None:
    walk = Walk(town, Random(seed))  # noqa: S311 - a walk, not a secret
    names = {actor.member_id: who for who, actor in town.cast.items() if actor.member_id}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", walk.tick)
        seen, told = await newest(town.sessions, Outbox), set()
        await walk.photograph(["grid_worker"])
        for _ticket in range(2):
            await walk.begin(EventSource.GRID_PATROL, urgency, draft=False)
        for wanted in (*path, *[None] * STEPS):
            await time_passes(walk, led=wanted is not None)
            await one_step(walk, walk.ids[0] if wanted or walk.dice.random() < 0.8 else walk.ids[1], wanted)
            async with transaction(town.sessions) as session:
                rows = (
                    await session.scalars(select(Outbox).where(Outbox.id > seen).order_by(Outbox.id))
                ).all()
                seen = rows[-1].id if rows else seen
                await reader.tell(session, rows)
                messages = (await session.scalars(select(Notification))).all()
            for ticket_id in walk.ids:
                await walk.look(ticket_id)
            for message in messages:
                if message.id not in told and message.entity_id in walk.seers and message.member_id in names:
                    told.add(message.id)
                    who = names[message.member_id]
                    assert who in walk.seers[message.entity_id] or message.kind in ANSWERS, (
                        who,
                        message.kind,
                    )
