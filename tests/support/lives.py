"""Random lives over HTTP, and what must hold of all links whatever happened.

`Lives` is people of one village to whom things happen, several a day; `Borders` adds two villages in
different hands, grids that move, merge and split, and transfers. Many events are refused, as in life.
"""

from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.world import World

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
    "two places of a household at once": """
        SELECT a.id FROM household_stay a JOIN household_stay b ON a.household_id = b.household_id
         WHERE a.id < b.id AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)""",
    "two heads at once, at any time": """
        SELECT a.id FROM household_member a JOIN household_member b ON a.household_id = b.household_id
         WHERE a.id < b.id AND a.is_head AND b.is_head
           AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)""",
    "a link that ends before it begins": """
        SELECT id FROM household_member WHERE valid_to < valid_from
        UNION ALL SELECT id FROM residence WHERE valid_to < valid_from
        UNION ALL SELECT id FROM household_stay WHERE valid_to < valid_from""",
    "somebody in a household before it was anywhere, or after its end": """
        SELECT m.id FROM household_member m JOIN household h ON h.id = m.household_id
         WHERE m.valid_from < (SELECT min(valid_from) FROM household_stay s WHERE s.household_id = h.id)
            OR coalesce(m.valid_to, 'infinity') > coalesce(h.ended_on, 'infinity')""",
    "somebody who died and has a link after it": """
        SELECT r.id FROM resident r JOIN household_member m ON m.resident_id = r.id
         WHERE r.died_on IS NOT NULL AND coalesce(m.valid_to, 'infinity') > r.died_on""",
    "something that lies in an area which is over": """
        SELECT x.id FROM (SELECT id, area_id FROM household WHERE ended_on IS NULL
                          UNION ALL SELECT id, area_id FROM building WHERE ended_on IS NULL
                          UNION ALL SELECT id, area_id FROM room WHERE ended_on IS NULL
                          UNION ALL SELECT id, area_id FROM resident
                           WHERE died_on IS NULL AND left_on IS NULL) x
          JOIN area a ON a.id = x.area_id WHERE a.valid_to IS NOT NULL""",
    "a copy of the tree that is not the tree's": """
        SELECT x.id FROM (SELECT id, area_id, grid_id, village_id, town_id FROM household
                           WHERE ended_on IS NULL
                          UNION ALL SELECT id, area_id, grid_id, village_id, town_id FROM building
                           WHERE ended_on IS NULL
                          UNION ALL SELECT id, area_id, grid_id, village_id, town_id FROM room
                           WHERE ended_on IS NULL
                          UNION ALL SELECT id, area_id, grid_id, village_id, town_id FROM resident
                           WHERE died_on IS NULL AND left_on IS NULL) x
          JOIN area a ON a.id = x.area_id
         WHERE NOT a.path @> ARRAY[x.grid_id, x.village_id, x.town_id]""",
    "a room or household that is not where its building is": """
        SELECT r.id FROM room r JOIN building b ON b.id = r.building_id
         WHERE r.ended_on IS NULL AND r.area_id <> b.area_id
        UNION ALL
        SELECT h.id FROM household h JOIN room r ON r.id = h.room_id
         WHERE h.ended_on IS NULL AND h.area_id <> r.area_id""",
}
CLOSED = """
    SELECT 'member', id, household_id, resident_id, relation, is_head, valid_from, valid_to, end_reason
      FROM household_member WHERE valid_to IS NOT NULL
    UNION ALL SELECT 'home', id, household_id, resident_id, address, NULL, valid_from, valid_to, end_reason
      FROM residence WHERE valid_to IS NOT NULL
    UNION ALL SELECT 'stay', id, household_id, area_id, address, NULL, valid_from, valid_to, end_reason
      FROM household_stay WHERE valid_to IS NOT NULL
"""


async def broken(session: AsyncSession) -> dict[str, list[Any]]:
    """What does not hold, by the name of the rule; nothing where all is well."""
    found = {what: (await session.execute(text(question))).all() for what, question in BROKEN.items()}
    return {what: list(rows) for what, rows in found.items() if rows}


async def closed(session: AsyncSession) -> set[tuple[Any, ...]]:
    """Every link that is over, as it stands: the past."""
    return {tuple(row) for row in await session.execute(text(CLOSED))}


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
        self._go_on()
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

    def _go_on(self) -> None:
        """Some days pass, or none."""
        self.day += timedelta(days=self.dice.choice((0, 0, 1, 3)))

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


class Borders(Lives):
    """Two villages: the first's registrar reaches both, the second's only the own; and an administrator."""

    def __init__(self, api: Api, world: World, seed: int) -> None:
        super().__init__(api, world, seed)
        self.admin, self.taker = api.as_("system_admin"), api.as_("village_admin_b")
        self.villages = [str(world.places[key].id) for key in ("village_a", "village_b")]
        self.codes = [world.places[key].code for key in ("village_a", "village_b", "grid_b1", "grid_a2")]
        self.grids = [str(world.places[key].id) for key in ("grid_a1", "grid_a2", "grid_b1", "grid_b2")]
        self.buildings, self.last = list[str](), ""
        self.offers: dict[str, bool] = {}

    async def begin(self, api: Api) -> None:
        """The families, two of them in a building, and a second post for the first registrar."""
        await super().begin(api)
        member = self.world["village_admin"].member_id
        post = {"member_id": str(member), "role": "village_admin", "area_id": self.villages[1]}
        assert (await self.admin.post("/v1/posts", json=post)).status_code == 201
        for key in ("grid_a1", "grid_b1"):
            house = await dwellings.building(api, "village_admin", self.world.places[key])
            room = await dwellings.room(api, "village_admin", house)
            self.buildings.append(house["id"])
            place = {"area_id": None, "address": None, "room_id": room["id"]}
            since = {"since": self.day.isoformat()}
            home = await dwellings.household(api, "village_admin", self.world.places[key], **place, **since)
            self.households.append(home["id"])
            self.people.append(home["people"][0]["resident_id"])
        self.day = clock.today()

    async def step(self) -> None:
        """A border, a transfer, or something in somebody's life; all of it today."""
        chance = self.dice.random()
        if chance < 0.2:
            await self._border()
        elif chance < 0.45:
            await self._transfer()
        else:
            await super().step()

    def _go_on(self) -> None:
        """A border that is drawn anew counts from today: nothing before it can happen afterwards."""

    async def _border(self) -> None:
        grid = self.dice.choice(self.grids)
        what, body = self.dice.choice(
            (
                ("move", {"parent_id": self.dice.choice(self.villages)}),
                ("merge", {"into_id": self.dice.choice(self.grids)}),
                ("split", {"parts": [await self._part(grid)]}),
            )
        )
        if what == "merge" and len(self.grids) < 3:
            return
        reply = await self._sent(self.admin, f"/v1/areas/{grid}/{what}", body)
        if reply.is_success:
            self.done.add(f"areas/{what}")
            if what == "merge":
                self.grids.remove(grid)
            elif what == "split":
                self.grids += [made["id"] for made in reply.json()]

    async def _part(self, grid: str) -> dict[str, Any]:
        """Some of a grid's households and buildings as a grid of its own."""
        listed = await self.client.get("/v1/households", params={"area_id": grid, "limit": "100"})
        homes = [row["id"] for row in listed.json().get("items", ())]
        standing = await self.client.get("/v1/buildings", params={"area_id": grid})
        houses = [row["id"] for row in standing.json().get("items", ())]
        some = self.dice.sample(homes, self.dice.randint(0, len(homes)))
        code = f"4406051219{self.dice.randrange(10**8):08d}"
        return {"code": code, "name": "新网格", "household_ids": some, "building_ids": houses}

    async def _transfer(self) -> None:
        """Offer, or answer an offer that is open."""
        if not self.offers or self.dice.random() < 0.4:
            subject = self.dice.choice(
                ({"household_id": self._home_id()}, {"resident_id": self.dice.choice(self.people)})
            )
            body = {**subject, "to_code": self.dice.choice(self.codes)}
            reply = await self._sent(self.client, "/v1/transfers", body)
            if reply.is_success:
                self.done.add("transfers")
                self.offers[reply.json()["id"]] = "household_id" in subject
            return
        offer, whole = self.dice.choice(list(self.offers.items()))
        who = self.dice.choice((self.client, self.taker))
        verb, answer = self.dice.choice(
            (
                *[("accept", self._household_place() if whole else self._resident_place())] * 6,
                ("refuse", {"refusal": "other"}),
                ("withdraw", {}),
            )
        )
        if (await self._sent(who, f"/v1/transfers/{offer}/{verb}", answer)).is_success:
            self.done.add(verb)
            del self.offers[offer]

    def _household_place(self) -> dict[str, Any]:
        return {"household": {"area_id": self.dice.choice(self.grids), "address": "河清路 9 号"}}

    def _resident_place(self) -> dict[str, Any]:
        relation = self.dice.choice(("20", "99"))
        return {"resident": {"household": {"household_id": self._home_id(), "relation": relation}}}

    def _house(self) -> tuple[str, dict[str, Any]]:
        body = {
            "area_id": self.dice.choice(self.grids),
            "address": f"新街{self.dice.randrange(9)}号",
            "on": "",
        }
        return f"/v1/households/{self._home_id()}/move", body

    async def _sent(self, who: Api, url: str, body: dict[str, Any]) -> Any:
        self.last = f"{url} {body}"
        reply = await who.post(url, json=body)
        assert reply.status_code in {200, 201, 404, 409, 422}, reply.text
        return reply
