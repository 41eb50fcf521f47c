"""Whatever happens to people, in any order: nobody is in two places, and nobody is nowhere by accident.

Random lives over HTTP, several events a day; then the database is asked for what must hold of all links.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.world import World

EVENTS = 70
BROKEN = {
    "two memberships at once": """
        SELECT a.id FROM household_member a JOIN household_member b ON a.resident_id = b.resident_id
         WHERE a.id < b.id AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)""",
    "two homes at once": """
        SELECT a.id FROM residence a JOIN residence b ON a.resident_id = b.resident_id
         WHERE a.id < b.id AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)""",
    "a gap in the memberships": """
        SELECT id FROM (SELECT id, valid_to, end_reason,
            lead(valid_from) OVER (PARTITION BY resident_id ORDER BY valid_from, id) AS next
            FROM household_member) spans
         WHERE next <> valid_to AND end_reason <> 'moved_out'""",
    "a gap in the homes": """
        SELECT id FROM (SELECT id, valid_to, end_reason,
            lead(valid_from) OVER (PARTITION BY resident_id ORDER BY valid_from, id) AS next
            FROM residence) spans
         WHERE next <> valid_to AND end_reason <> 'moved_out'""",
    "a gap in the stays": """
        SELECT id FROM (SELECT id, valid_to,
            lead(valid_from) OVER (PARTITION BY household_id ORDER BY valid_from, id) AS next
            FROM household_stay) spans
         WHERE next <> valid_to""",
    "somebody here without a household, or gone with one": """
        SELECT id FROM resident WHERE (died_on IS NULL AND left_on IS NULL) <> EXISTS (
            SELECT FROM household_member WHERE resident_id = resident.id AND valid_to IS NULL)""",
    "somebody here without a home, or gone with one": """
        SELECT id FROM resident WHERE (died_on IS NULL AND left_on IS NULL) <> EXISTS (
            SELECT FROM residence WHERE resident_id = resident.id AND valid_to IS NULL)""",
    "a household that is somewhere after its end, or nowhere before": """
        SELECT id FROM household WHERE (ended_on IS NULL) <> EXISTS (
            SELECT FROM household_stay WHERE household_id = household.id AND valid_to IS NULL)""",
    "people in a household that has ended": """
        SELECT household.id FROM household
          JOIN household_member m ON m.household_id = household.id AND m.valid_to IS NULL
         WHERE ended_on IS NOT NULL""",
    "a wrong count or mark": """
        SELECT id FROM (SELECT h.id, h.member_count, h.needs_head, count(m.id) AS people,
            count(*) FILTER (WHERE m.is_head) AS heads
            FROM household h LEFT JOIN household_member m ON m.household_id = h.id AND m.valid_to IS NULL
            GROUP BY h.id) counted
         WHERE member_count <> people OR heads > 1 OR needs_head <> (people > 0 AND heads = 0)""",
    "somebody listed where they do not live": """
        SELECT r.id FROM resident r
          JOIN residence l ON l.resident_id = r.id AND l.valid_to IS NULL
          JOIN household h ON h.id = l.household_id WHERE r.area_id <> h.area_id OR r.grid_id <> h.grid_id""",
    "somebody away who is not listed where they are registered": """
        SELECT r.id FROM resident r
          JOIN residence l ON l.resident_id = r.id AND l.valid_to IS NULL AND l.address IS NOT NULL
          JOIN household_member m ON m.resident_id = r.id AND m.valid_to IS NULL
          JOIN household h ON h.id = m.household_id WHERE r.area_id <> h.area_id""",
    "a household that is not where its stay says": """
        SELECT h.id FROM household h JOIN household_stay s ON s.household_id = h.id AND s.valid_to IS NULL
         WHERE h.area_id <> s.area_id OR h.address <> s.address""",
}


class Lives:
    """People of one village, to whom things happen."""

    def __init__(self, api: Api, world: World, seed: int) -> None:
        self.client, self.world, self.dice = api.as_("village_admin"), world, Random(seed)  # noqa: S311 - dice, not secrets
        self.day = clock.today() - timedelta(days=400)
        self.households: list[str] = []
        self.people: list[str] = []
        self.done: set[str] = set()
        self.who, self.home, self.kin = "", "", list[str]()

    async def begin(self, api: Api) -> None:
        """Four families in two grids."""
        for number in range(4):
            family = [
                {"name": "何大文", "relation": "02"},
                {"name": "陈小红", "relation": "10"},
                {"name": "何小明", "relation": "20"},
            ]
            place = self.world.places[("grid_a1", "grid_a2")[number % 2]]
            home = await dwellings.household(
                api, "village_admin", place, residents=family, since=self.day.isoformat(), no=f"W{number}"
            )
            self.households.append(home["id"])
            self.people += [person["resident_id"] for person in home["people"]]

    async def step(self) -> None:
        """One event, which may well be refused."""
        await self._look()
        self.day += timedelta(days=self.dice.choice((0, 0, 1, 3)))
        event = self.dice.choice(
            (self._move, self._elsewhere, self._split, self._merge, self._birth, self._death)
        )
        rarer = self.dice.choice((self._depart, self._house, self._head, self._end))
        url, body = (event if self.dice.random() < 0.75 else rarer)()
        reply = await self.client.post(
            url, json=body | {"on": self.day.isoformat()} if "on" in body else body
        )
        assert reply.status_code in {200, 201, 404, 409, 422}, reply.text
        if reply.is_success:
            self.done.add(url.rsplit("/", 1)[-1])
        if reply.status_code == 201:
            (self.people if "births" in url else self.households).append(reply.json()["id"])

    async def _look(self) -> None:
        """Somebody, their household, and who else belongs to it."""
        self.who = self.dice.choice(self.people)
        household = (await self.client.get(f"/v1/residents/{self.who}")).json()["household"]
        self.home = household["id"] if household else self._home_id()
        people = (await self.client.get(f"/v1/households/{self.home}")).json()["people"]
        self.kin = [person["resident_id"] for person in people]

    def _move(self) -> tuple[str, dict[str, Any]]:
        relation = self.dice.choice(("20", "30", "99", "02"))
        body = {"household": {"household_id": self._home_id(), "relation": relation}, "on": ""}
        return f"/v1/residents/{self.who}/moves", body

    def _elsewhere(self) -> tuple[str, dict[str, Any]]:
        home = self.dice.choice(({"household_id": self._home_id()}, {"address": "深圳市宝安区"}))
        return f"/v1/residents/{self.who}/moves", {"home": home, "reason": "work", "on": ""}

    def _split(self) -> tuple[str, dict[str, Any]]:
        members = [{"resident_id": self.who, "relation": "02"}]
        return f"/v1/households/{self.home}/split", {"members": members, "on": ""}

    def _merge(self) -> tuple[str, dict[str, Any]]:
        members = [{"resident_id": who, "relation": "99"} for who in self.kin]
        body = {"household_id": self.home, "members": members, "on": ""}
        return f"/v1/households/{self._home_id()}/merge", body

    def _birth(self) -> tuple[str, dict[str, Any]]:
        child = {"name": "何小宝", "relation": "21", "birth_on": self.day.isoformat()}
        return f"/v1/households/{self._home_id()}/births", child

    def _death(self) -> tuple[str, dict[str, Any]]:
        head = self.dice.choice(({}, {"head": {"resident_id": self.dice.choice(self.kin or [self.who])}}))
        return f"/v1/residents/{self.who}/death", {**head, "on": ""}

    def _depart(self) -> tuple[str, dict[str, Any]]:
        return f"/v1/residents/{self.who}/departure", {"on": ""}

    def _house(self) -> tuple[str, dict[str, Any]]:
        place = self.world.places[self.dice.choice(("grid_a1", "grid_a2"))]
        body = {"area_id": str(place.id), "address": f"新街{self.dice.randrange(9)}号", "on": ""}
        return f"/v1/households/{self._home_id()}/move", body

    def _head(self) -> tuple[str, dict[str, Any]]:
        relations = [{"resident_id": kin, "relation": "97"} for kin in self.kin if kin != self.who]
        body = {"resident_id": self.who, "relations": relations, "on": ""}
        return f"/v1/households/{self.home}/head", body

    def _end(self) -> tuple[str, dict[str, Any]]:
        return f"/v1/households/{self._home_id()}/end", {"ended_on": self.day.isoformat()}

    def _home_id(self) -> str:
        return self.dice.choice(self.households)


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_lives_no_link_overlaps_and_no_gap_is_there_that_nobody_made(
    api: Api, session: AsyncSession, world: World, seed: int
) -> None:
    lives = Lives(api, world, seed)
    await lives.begin(api)
    for _event in range(EVENTS):
        await lives.step()
    assert lives.done >= {"moves", "split", "merge", "births", "death"}
    for what, question in BROKEN.items():
        assert (await session.execute(text(question))).all() == [], what


async def test_the_database_itself_refuses_a_second_home_at_the_same_time(
    api: Api, session: AsyncSession, world: World
) -> None:
    home = await dwellings.household(api, "village_admin", world.places["grid_a1"])
    resident_id = home["people"][0]["resident_id"]
    twice = text(
        "INSERT INTO residence (id, resident_id, address, reason, valid_from)"
        " VALUES (gen_random_uuid(), :who, 'x', 'other', :day)"
    )
    with pytest.raises(Exception, match="ex_residence_resident_id"):
        await session.execute(twice, {"who": resident_id, "day": date(2999, 1, 1)})
