"""People move, die, are visited and looked after, borders are drawn anew, and phones pull now and then.

At the end each phone holds what a new one would, and counts the tasks that the badges show.
"""

from typing import Any

import pytest

from app.core import clock
from app.core.db import Sessions
from tests.support import visits
from tests.support.clients import Api
from tests.support.lives import Borders
from tests.support.phones import Store
from tests.support.world import World

EVENTS = 40
OWNERS = (
    *("grid_worker", "grid_leader", "grid_worker_a2", "grid_worker_b", "village_admin", "village_admin_b"),
    *("dispatcher", "auditor"),
)


class Neighbours(Borders):
    """The same people, visited and looked after, too; names and what is written of them change."""

    def __init__(self, api: Api, world: World, seed: int) -> None:
        super().__init__(api, world, seed)
        self.api, self.cared = api, list[str]()

    async def step(self) -> None:
        """One more thing of everyday, or what happens anyway."""
        if self.dice.random() < 0.5:
            await super().step()
            return
        event = self.dice.choice(
            (self._visit, self._care, self._review, self._hand_over, self._correct, self._rename)
        )
        reply = await event()
        assert reply is None or reply.status_code in {200, 201, 404, 409, 422}, reply.text
        if reply is not None and reply.is_success:
            self.done.add(event.__name__)

    async def _visit(self) -> Any:
        sent = {
            "household_id": self._home_id(),
            "visit_type": "care",
            "mode": "in_person",
            "result": "met",
            "occurred_at": clock.now().isoformat(),
            "duration_s": 600,
            "content": "身体尚可。",
        }
        who = self.dice.choice(("grid_worker", "grid_leader", "village_admin"))
        return await self.api.as_(who).post(visits.URL, json=sent)

    async def _care(self) -> Any:
        whom = self.dice.choice(
            ({"household_id": self._home_id()}, {"resident_id": self.dice.choice(self.people)})
        )
        sent = {**whom, "category": "disabled", "care_level": self.dice.choice(("red", "yellow"))}
        reply = await self.client.post("/v1/care-objects", json=sent | self._somebody())
        if reply.is_success:
            self.cared.append(reply.json()["id"])
        return reply

    async def _review(self) -> Any:
        if not self.cared:
            return None
        care, verb = self.dice.choice(self.cared), self.dice.choice(("review", "review", "end"))
        body = {"care_level": self.dice.choice(("red", "yellow"))} if verb == "review" else {}
        return await self.client.post(f"/v1/care-objects/{care}/{verb}", json=body)

    async def _hand_over(self) -> Any:
        if not self.cared:
            return None
        care = self.dice.choice(self.cared)
        return await self.client.patch(f"/v1/care-objects/{care}", json=self._somebody())

    async def _correct(self) -> Any:
        if self.dice.random() < 0.5:
            name = {"name": self.dice.choice(("何春花", "欧阳冬生"))}
            return await self.client.patch(f"/v1/residents/{self.dice.choice(self.people)}", json=name)
        changed = {"household_type": self.dice.choice(("resident", "vacant"))}
        return await self.client.patch(f"/v1/households/{self._home_id()}", json=changed)

    async def _rename(self) -> Any:
        place = self.dice.choice((*self.grids, *self.villages))
        return await self.admin.patch(f"/v1/areas/{place}", json={"name": f"新名{self.dice.randrange(99)}"})

    def _somebody(self) -> dict[str, Any]:
        who = self.dice.choice(("grid_worker", "grid_leader", "village_admin"))
        return {"responsible_id": str(self.world[who].member_id)}


@pytest.mark.commits
@pytest.mark.parametrize("seed", range(3))
async def test_phones_follow_lives_and_borders(api: Api, sessions: Sessions, world: World, seed: int) -> None:
    lives = Neighbours(api, world, seed)
    await lives.begin(api)
    phones = [Store(api, who, sessions) for who in OWNERS]
    for _event in range(EVENTS):
        await lives.step()
        if lives.dice.random() < 0.4:
            await lives.dice.choice(phones).sync(limit=lives.dice.choice((1, 7, 100)))
    assert len(lives.done) > 8
    for phone in phones:
        await phone.sync()
        await agrees(api, phone)


async def agrees(api: Api, phone: Store) -> None:
    """The phone holds what a new one would, and counts what the badges show."""
    anew = Store(api, phone.who)
    await anew.sync()
    assert phone.kept == anew.kept, phone.who
    reply = await api.as_(phone.who).get("/v1/todo")
    badges = reply.json()["tasks"]
    assert phone.tasks() == {task: badge["count"] for task, badge in badges.items() if badge["count"]}
