"""The figures of visits against a slow count: the funnel and the day's log, of visits drawn at random."""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import Solved, Status
from app.models.ticket import Ticket
from tests.support import households
from tests.support.clients import Api
from tests.support.visits import SOMETHING_HEARD, URL, at, body, recorded
from tests.support.world import World

VISITS = 14
GRIDS = {"grid_a1": "grid_worker", "grid_a2": "grid_worker_a2", "grid_b1": "grid_worker_b"}
HEARD: list[dict[str, Any]] = [
    SOMETHING_HEARD,
    {"content": "楼道灯已换", "outcome": "settled"},
    {"content": "希望多装路灯", "outcome": "noted"},
]
FATES: list[tuple[Status, Solved | None, str]] = [
    (Status.REPORTED, None, "undecided"),
    (Status.RETURNED, None, "undecided"),
    (Status.NOT_ACCEPTED, None, "refused"),
    (Status.WITHDRAWN, None, "withdrawn"),
    (Status.VOIDED, None, "withdrawn"),
    (Status.DISPATCHED, None, "open"),
    (Status.PROCESSING, None, "open"),
    (Status.CLOSED, Solved.SOLVED, "solved"),
    (Status.CLOSED, Solved.BASICALLY, "solved"),
    (Status.CLOSED, Solved.UNSOLVED, "unsolved"),
]


async def drawn(api: Api, session: AsyncSession, world: World, seed: int) -> list[dict[str, Any]]:
    """Visits with opinions, and tickets at random states; each says its grid and its opinions' places."""
    dice, found = random.Random(seed), []  # noqa: S311 - a draw that can be repeated
    homes = {
        key: await households.add(session, world, world.places[key], number)
        for number, key in enumerate(GRIDS)
    }
    for _visit in range(VISITS):
        key = dice.choice(list(GRIDS))
        moment = clock.now() - timedelta(hours=dice.randint(0, 24 * 40))
        heard = dice.choices(HEARD, k=dice.randint(0, 3))
        sent = body(
            world, homes[key], occurred_at=moment.isoformat(), opinions=heard, location=at(world, key)
        )
        sent |= {"result": dice.choice(["met", "met", "not_met"]), "duration_s": dice.randint(0, 900)}
        visit = await recorded(api, GRIDS[key], sent)
        places = [await _fate(session, dice, opinion) for opinion in visit["opinions"]]
        found.append(visit | {"key": key, "places": places, "moment": moment})
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_coverage_is_of_the_households_that_were_reached_in_the_period(
    api: Api, session: AsyncSession, world: World, seed: int
) -> None:
    visits = [visit for visit in await drawn(api, session, world, seed) if visit["is_effective"]]
    days = [visit["moment"].astimezone(clock.BUSINESS_ZONE).date() for visit in visits]
    today, reached = clock.today(), set()
    for first, last in ((40, 0), (10, 0), (40, 20), (25, 5), (90, 60)):
        span = today - timedelta(days=first), today - timedelta(days=last)
        params = {"first": str(span[0]), "last": str(span[1])}
        found = (await api.as_("leader_viewer").get("/v1/stats/visits", params=params)).json()["covered"]
        homes = {
            visit["household_id"]
            for visit, day in zip(visits, days, strict=True)
            if span[0] <= day <= span[1]
        }
        assert (found["numerator"], found["denominator"]) == (len(homes), len(GRIDS)), (first, last)
        reached.add(len(homes))
    assert len(reached) > 1


async def _fate(session: AsyncSession, dice: random.Random, opinion: dict[str, Any]) -> str:
    if opinion["ticket_id"] is None:
        return str(opinion["outcome"])
    status, solved, place = dice.choice(FATES)
    ended = clock.now() if status is Status.CLOSED or place in {"refused", "withdrawn"} else None
    row = update(Ticket).where(Ticket.id == UUID(opinion["ticket_id"]))
    await session.execute(row.values(status=status, solved=solved, closed_at=ended))
    return place


@pytest.mark.parametrize("seed", range(3))
async def test_the_funnel_counts_what_a_slow_count_finds(
    api: Api, session: AsyncSession, world: World, seed: int
) -> None:
    visits = await drawn(api, session, world, seed)
    for who, keys in (("village_admin", {"grid_a1", "grid_a2"}), ("grid_worker_b", {"grid_b1"})):
        start = clock.now() - timedelta(days=20)
        for since in (start, clock.now() - timedelta(days=60)):
            seen = [one for one in visits if one["key"] in keys and one["moment"] >= since]
            places = Counter(place for one in seen for place in one["places"])
            asked = {"start": since.isoformat(), "before": (clock.now() + timedelta(hours=1)).isoformat()}
            told = (await api.as_(who).get(f"{URL}/funnel", params=asked)).json()
            assert told["visits"] == len(seen)
            assert told["effective_visits"] == sum(one["is_effective"] for one in seen)
            assert told["visits_with_opinion"] == sum(bool(one["places"]) for one in seen)
            assert {kind: told[kind] for kind in places} == dict(places)
            accepted = places["open"] + places["solved"] + places["unsolved"]
            undone = places["undecided"] + places["refused"] + places["withdrawn"]
            assert (told["opinions"], told["accepted"]) == (places.total(), accepted)
            assert told["reported"] == accepted + undone
            judged = accepted + places["refused"]
            assert told["acceptance_rate"]["rate"] == (accepted / judged if judged else None)


@pytest.mark.parametrize("seed", range(2))
async def test_the_days_logs_together_tell_every_visit_once(
    api: Api, session: AsyncSession, world: World, seed: int
) -> None:
    visits = [one for one in await drawn(api, session, world, seed) if one["key"] == "grid_a1"]
    by_day: dict[str, list[dict[str, Any]]] = {}
    for one in visits:
        at_home = datetime.fromisoformat(one["occurred_at"]).astimezone(clock.BUSINESS_ZONE)
        by_day.setdefault(at_home.date().isoformat(), []).append(one)
    told: list[str] = []
    for day, seen in by_day.items():
        log = (await api.as_("grid_worker").get("/v1/daily-log", params={"on": day})).json()
        assert log["visits"] == len(seen)
        assert log["effective_visits"] == sum(one["is_effective"] for one in seen)
        assert log["opinions"] == sum(len(one["places"]) for one in seen)
        assert log["minutes"] == sum(one["duration_s"] for one in seen) // 60
        told += [one["id"] for one in log["visited"]]
    assert sorted(told) == sorted(one["id"] for one in visits)
    tickets = await session.scalars(select(Ticket.id))
    today = (await api.as_("grid_worker").get("/v1/daily-log")).json()
    reported = [opinion for one in visits for opinion in one["opinions"] if opinion["ticket_id"]]
    assert today["tickets_reported"] == len(reported) <= len(tickets.all())
