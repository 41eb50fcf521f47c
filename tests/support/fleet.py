"""Many phones, each behind a bad network of its own, one real server that dies once, and an office at work.

Phones are killed in the middle of a sync: those of this process by dropping them, others, which are processes
of their own, by SIGKILL. When they die is said by how many requests they have sent, not by a clock.
"""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from app.core.processes import die_with_parent
from app.core.schema import ROOT
from app.demo.phone import STORM, BadNetwork, Fate
from tests.support.database import Database
from tests.support.pocket import NO_TLS, PATIENCE, ROUND, Pocket
from tests.support.served import HOST, free_port, running, served
from tests.support.world import PASSWORD, World

# Two phones of one person, three people of one grid, other grids, a department.
PHONES = (
    *("grid_worker/1", "grid_worker/2", "grid_leader/1", "grid_assistant/1"),
    *("grid_worker_a2/1", "grid_worker_a2/2", "grid_worker_b/1", "grid_worker_b/2"),
    *("grid_worker_c/1", "grid_worker_c/2", "dept_handler/1", "dept_handler_2/1"),
)
PROCESSES = ("grid_worker/2", "grid_worker_b/1", "grid_worker_c/2")
# After how many requests, and with which on its way.
DEATHS = ((9, ""), (5, "PATCH"), (30, ""))
SERVER_DIES_AT = 400
# Whose network cuts requests on their way, and does nothing else.
IN_THE_LIFT = "grid_assistant/1"


class Fleet:
    """All of it, on a database; `counts` is what the networks did, `deaths` how many phones died."""

    def __init__(self, database: Database, world: World, folder: Path, seed: int, each: int) -> None:
        self._database, self._world, self._folder = database, world, folder
        self._seed, self._each = seed, each
        self.port = free_port()
        self.counts: Counter[Fate] = Counter()
        self.deaths: Counter[str] = Counter()
        self.resumed = 0
        self._met, self._enough = 0, asyncio.Event()
        self._server, self._worker = ExitStack(), ExitStack()

    async def __aenter__(self) -> Self:
        await self._start_server()
        self._worker.enter_context(running(self._database, self._folder, "worker"))
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close_the_office()
        await asyncio.to_thread(self._server.close)

    async def close_the_office(self) -> None:
        """From now on nothing is written that phones do not send."""
        await asyncio.to_thread(self._worker.close)

    def file(self, label: str) -> Path:
        """Where a phone keeps what it remembers."""
        return self._folder / f"{label.replace('/', '-')}.sqlite"

    async def live(self) -> None:
        """Everybody works until all is done and answered, in a storm that ends with their work."""
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            group.create_task(self._restart_server())
            for number, label in enumerate(PHONES):
                group.create_task(self._life(label, number))

    async def _life(self, label: str, number: int) -> None:
        weather = {Fate.CUT: 50} if label == IN_THE_LIFT else STORM
        async with BadNetwork(self.port, self._seed + number, weather) as network:
            await (self._process(label, network) if label in PROCESSES else self._here(label, network))
            await network.heal()
            self.counts += network.counts

    async def _here(self, label: str, network: BadNetwork) -> None:
        """A phone of this process, dropped where it stands and opened again from its file."""
        for death in (*DEATHS, None):
            async with Pocket(self.file(label), network.url, label, PASSWORD, self._seed) as pocket:
                life = asyncio.ensure_future(self._days(pocket, label))
                self._watch(network, death, life.cancel)
                try:
                    await asyncio.wait([life])
                finally:
                    life.cancel()
                self.resumed += pocket.phone.resumed
            if not life.cancelled():
                return life.result()
            self.deaths["dropped"] += 1
            self.deaths["in an upload"] += death is not None and death[1] == "PATCH"
        return None

    async def _days(self, pocket: Pocket, label: str) -> None:
        await pocket.sync()
        office = Office(self._world, self.port, f"{self._seed} {label}")
        while pocket.owner.done < self._each:
            for _number in range(min(ROUND, self._each - pocket.owner.done)):
                pocket.owner.do()
            if pocket.owner.done % (3 * ROUND) == 0:
                # As if it had lain in a drawer for a quarter of an hour.
                pocket.phone.memory.write(renew_at="0")
            await pocket.sync()
            await office.work()

    async def _process(self, label: str, network: BadNetwork) -> None:
        """A phone that is a process, killed without a word."""
        told = (str(self.file(label)), network.url, label, PASSWORD, str(self._seed), str(self._each))
        for death in (*DEATHS[:2], None):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.phone_process", *told),
                cwd=ROOT,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
            try:
                self._watch(network, death, process.kill)
                code = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
            if code == 0:
                return
            assert code == -9, f"{label} ended with {code}"
            self.deaths["killed"] += 1

    def _watch(self, network: BadNetwork, death: tuple[int, str] | None, kill: Callable[[], Any]) -> None:
        """Let a phone die with its n-th request or one after that, of the method that is wanted."""
        begun = network.requests
        least, method = death or (sys.maxsize, "")

        def met(number: int, line: str) -> None:
            self._met += 1
            if self._met == SERVER_DIES_AT:
                self._enough.set()
            if number - begun >= least and line.startswith(method):
                network.met = None
                kill()

        network.met = met

    async def _restart_server(self) -> None:
        await self._enough.wait()
        await asyncio.to_thread(self._server.close)
        self.deaths["server"] += 1
        await self._start_server()

    async def _start_server(self) -> None:
        server = served(self._database, self._folder, self.port)
        await asyncio.to_thread(self._server.enter_context, server)


class Office:
    """Somebody works at the server meanwhile, without a phone; some steps are refused, as in life."""

    def __init__(self, world: World, port: int, seed: str) -> None:
        self._world, self._url = world, f"http://{HOST}:{port}"
        self._dice = random.Random(seed)  # noqa: S311 - no secret

    async def work(self) -> None:
        """Four things."""
        async with httpx.AsyncClient(
            base_url=self._url, timeout=60, trust_env=False, verify=NO_TLS
        ) as client:
            for _number in range(4):
                try:
                    await self._one(client)
                except httpx.TransportError:
                    return

    async def _one(self, client: httpx.AsyncClient) -> None:
        dispatcher, keeper = self._world.as_("dispatcher"), self._world.as_("village_admin")
        place = str(self._world.places[self._dice.choice(("grid_a1", "grid_a2"))].id)
        if self._dice.randrange(4):
            found = (await client.get("/v1/tickets?limit=40", headers=dispatcher)).json()["items"]
            if found:
                ticket = self._dice.choice(found)
                path = f"/v1/tickets/{ticket['id']}/actions"
                await client.post(path, headers=dispatcher, json=self._step(ticket["status"], place))
            return
        homes = (await client.get("/v1/households?limit=20", headers=keeper)).json()["items"]
        home = self._dice.choice(homes)["id"]
        address = f"水南街 {self._dice.randrange(1000)} 号"
        if self._dice.randrange(4):
            body = {"area_id": place, "address": address}
            await client.post(f"/v1/households/{home}/move", headers=keeper, json=body)
        else:
            await client.patch(f"/v1/households/{home}", headers=keeper, json={"address": address})

    def _step(self, status: str, place: str) -> dict[str, Any]:
        """The next step of a ticket, or one that anything may get."""
        org = str(self._world.orgs["urban"].id)
        following = {"reported": {"action": "accept"}, "accepted": {"action": "dispatch", "org_id": org}}
        others = [
            {"action": "change", "area_id": place, "opinion": "更正地点"},
            {"action": "urge"},
            {"action": "void", "reason": "test", "opinion": "作废"},
        ]
        if status in following and self._dice.randrange(6):
            return following[status]
        return self._dice.choice(others)
