"""A town on a real server for the page to show: some tickets and their folded figures; it can be killed."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
from sqlalchemy import text

from app.core.db import create_engine, create_sessions
from app.models.registry import Household
from app.services.stats import rebuilding
from tests.support import dwellings, visits
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.served import HOST, free_port, served
from tests.support.tickets import Loop
from tests.support.world import World

STATUSES = ("reported", "reported", "accepted", "dispatched", "processing", "processing", "closed", "closed")


_LATE = "UPDATE ticket SET due_at = now() - interval '26 hours' WHERE status IN ('dispatched', 'processing')"


class ShownTown:
    """Where it is, and whoever asks it beside the page."""

    def __init__(self, database: Database, folder: Path, world: World) -> None:
        self._database, self._folder, self._world = database, folder, world
        self._running = ExitStack()
        self._port = free_port()
        self.address = f"http://{HOST}:{self._port}"
        self.page = f"{self.address}/dashboard"

    def start(self) -> None:
        """Run the server, and wait until it answers."""
        self._running.enter_context(served(self._database, self._folder, self._port))

    def kill(self) -> None:
        """End it at once."""
        self._running.close()

    async def fill(self) -> None:
        """Tickets of all stages, some late, a visit, and their figures folded as the worker would."""
        for status in STATUSES:
            await Loop(self.api(), self._world).to(status)
        home = await dwellings.household(self.api(), "grid_worker", self._world.places["grid_a1"])
        visit = visits.body(self._world, Household(id=UUID(home["id"])))
        await visits.recorded(self.api(), "grid_worker", visit)
        engine = create_engine(self._database.url, pool_size=1, name="wangge-test")
        async with engine.begin() as connection:
            await connection.execute(text(_LATE))
        async for _progress in rebuilding.run(create_sessions(engine)):
            pass
        await engine.dispose()

    async def report(self) -> None:
        """One more ticket."""
        await Loop(self.api(), self._world).report()

    def api(self, who: str | None = None) -> Api:
        """A client of the real server."""
        return _Reached(self.address, self._world, self._world.as_(who) if who else None)

    async def told(self, path: str, **query: Any) -> Any:
        """What the API tells the leader."""
        reply = await self.api("leader_viewer").get(f"/v1/stats/{path}", params=query)
        return reply.raise_for_status().json()

    async def screen_token(self) -> str:
        """A new screen's token for the town."""
        area_id = str(self._world.places["town"].id)
        body = {"name": "大厅", "area_id": area_id, "expires_at": "2027-06-01T00:00:00Z"}
        reply = await self.api("system_admin").post("/v1/screens", json=body)
        return str(reply.raise_for_status().json()["token"])


class _Reached(Api):
    """The client of the other tests, over a real socket."""

    def __init__(self, address: str, world: World, headers: dict[str, str] | None) -> None:
        httpx.AsyncClient.__init__(self, base_url=address, headers=headers, trust_env=False, timeout=60)
        self._address, self._world = address, world

    def as_(self, who: str) -> Self:
        return type(self)(self._address, self._world, self._world.as_(who))
