"""A ticket that a test walks through the loop: who does which step, said once."""

from collections.abc import Iterator
from typing import Any

from httpx import Response

from tests.support.clients import Api
from tests.support.uploads import uploaded
from tests.support.world import World

REPORT: dict[str, Any] = {
    "title": "沙龙路垃圾堆放三天没人清",
    "content": "沙龙路 12 号门口堆了建筑垃圾，已有三天，影响通行。",
    "category_code": "0501",
    "address": "沙龙路 12 号门口",
    "location": {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"},
    "contact": {"name": "关大婶", "phone": "13812345678"},
}


class Loop:
    """One ticket of village A, reported by its grid worker."""

    def __init__(self, api: Api, world: World) -> None:
        self._api, self._world = api, world
        self.id = ""
        self.status = ""

    def body(self, **changed: Any) -> dict[str, Any]:
        """What the grid worker reports."""
        return {**REPORT, "area_id": str(self._world.places["grid_a1"].id), **changed}

    async def report(self, who: str = "grid_worker", **changed: Any) -> dict[str, Any]:
        """Report it; further keywords replace fields of the body."""
        reply = await self._api.as_(who).post("/v1/tickets", json=self.body(**changed))
        assert reply.status_code == 201, reply.text
        return self._keep(reply)

    async def photos(self, who: str) -> list[dict[str, str]]:
        """Two photos that somebody uploads, from before and from after, as a step names them."""
        return [
            {"id": (await uploaded(self._api, who))["id"], "purpose": purpose}
            for purpose in ("before", "after")
        ]

    async def another(self) -> "Loop":
        """One more ticket of the same reporter, as for a master to merge into."""
        loop = Loop(self._api, self._world)
        await loop.report(title="沙龙路同一处垃圾")
        return loop

    def story(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The steps after the report, in order, with who takes each."""
        yield "dispatcher", {"action": "accept"}
        yield "dispatcher", {"action": "dispatch", "org_id": str(self._world.orgs["urban"].id)}
        yield "dept_handler", {"action": "sign"}
        yield (
            "dept_handler",
            {"action": "resolve", "resolution_type": "solved", "measures": "已清运并冲洗路面"},
        )
        yield (
            "revisit_agent",
            {
                "action": "revisit",
                "method": "phone",
                "reached": True,
                "solved": "solved",
                "satisfaction": "very",
            },
        )
        yield (
            "dispatcher_2",
            {"action": "evaluate", "evaluated_by": "resident", "satisfaction": "very", "solved": "solved"},
        )
        yield "dispatcher_2", {"action": "close"}

    async def to(self, status: str) -> dict[str, Any]:
        """Walk on until the ticket has this status."""
        if not self.id:
            await self.report()
        ticket = await self.read()
        steps = list(self.story())
        done = {
            "reported": 0,
            "accepted": 1,
            "dispatched": 2,
            "processing": 3,
            "resolved": 4,
            "evaluating": 5,
        }
        for who, body in steps[done[self.status] :]:
            if ticket["status"] == status:
                break
            ticket = await self.act(who, **body)
        assert ticket["status"] == status
        return ticket

    async def revisit(self, **answer: str) -> dict[str, Any]:
        """The agent reaches the person; satisfied unless said otherwise."""
        said = {"solved": "solved", "satisfaction": "very", **answer}
        return await self.act("revisit_agent", action="revisit", method="phone", reached=True, **said)

    async def act(self, who: str, **body: Any) -> dict[str, Any]:
        """Take a step that must succeed."""
        reply = await self.try_(who, **body)
        assert reply.status_code == 200, reply.text
        return self._keep(reply)

    async def try_(self, who: str, **body: Any) -> Response:
        """Take a step and look at the answer."""
        return await self._api.as_(who).post(f"/v1/tickets/{self.id}/actions", json=body)

    async def read(self) -> dict[str, Any]:
        """The detail, as the dispatcher sees it."""
        return self._keep(await self._api.as_("dispatcher").get(f"/v1/tickets/{self.id}"))

    def _keep(self, reply: Response) -> dict[str, Any]:
        ticket: dict[str, Any] = reply.json()
        self.id, self.status = ticket["id"], ticket["status"]
        return ticket
