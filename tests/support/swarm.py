"""Several phones, the office, and a wire that loses, doubles and delays: what happens is said step by step.

A phone has a store and a queue of its own and knows of the server only what it was told. At the end all
that hangs in the wire arrives, every queue is sent, every phone pulls: then all must agree.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import text

from app.core import clock
from app.core.db import Sessions
from app.core.ids import uuid7
from tests.support import phones, visits
from tests.support.clients import Api
from tests.support.phones import Store
from tests.support.waiting import until_all_have_ended
from tests.support.world import World

FATES = ("arrives", "arrives", "request lost", "reply lost", "doubled", "delayed")
STEPS = ("accept", "sign", "resolve", "withdraw", "progress", "comment", "comment")
BODIES: dict[str, dict[str, Any]] = {
    "resolve": {"resolution_type": "solved", "measures": "已办"},
    "progress": {"opinion": "正在办理"},
}
# Two phones of one person, two people of one grid, the grid next door, a department.
OWNERS = ("grid_worker", "grid_worker", "grid_leader", "grid_worker_a2", "dept_handler")
_texts = count(1)
FINAL = frozenset({"applied", "already_applied", "conflict", "refused"})


@dataclass(slots=True)
class Phone:
    """One phone: what it keeps, and what it was told of what it sent."""

    who: str
    store: Store
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    @property
    def queue(self) -> list[dict[str, Any]]:
        """What it has still to send."""
        return self.store.memory.queue()

    def do(self, entry: dict[str, Any]) -> None:
        """Put an operation into the queue."""
        self.store.memory.put(entry)
        self.sent[entry["op_id"]] = entry

    def hear(self, results: list[dict[str, Any]]) -> None:
        """Take out of the queue what has been answered for good; an answer never changes."""
        for result in results:
            op_id, outcome = result["op_id"], result["outcome"].removeprefix("already_")
            if result["outcome"] in FINAL:
                assert self.told.setdefault(op_id, outcome) == outcome
        self.store.memory.hear(results)


class Swarm:
    """The phones, the wire between, and the office at the other end."""

    def __init__(self, api: Api, sessions: Sessions, world: World, homes: list[Any]) -> None:
        self._api, self._sessions, self._world, self._homes = api, sessions, world, homes
        self.phones = [Phone(who, Store(api, who)) for who in OWNERS]
        self._delayed: list[tuple[Phone, list[dict[str, Any]]]] = []

    async def begin(self) -> None:
        """Everybody has synced and has a report to work with."""
        for phone in self.phones:
            if phone.who != "dept_handler":
                self._offline(phone, "report", 0)
        await self.settle()

    async def step(self, kind: str, which: int, choice: int, fate: str) -> None:
        """One thing happens: on a phone, in the wire or in the office."""
        phone = self.phones[which % len(self.phones)]
        match kind:
            case "push":
                await self._push(phone, fate, 1 + choice % 5)
            case "pull":
                await self._pull(phone, fate)
            case "late":
                await self._deliver()
            case "office":
                await self._office(choice)
            case _:
                self._offline(phone, kind, choice)

    async def settle(self) -> None:
        """The network is back: all arrives, everything is sent, everybody is told."""
        await self._deliver()
        for phone in self.phones:
            for _try in range(50):
                await self._push(phone, "arrives", 500)
                if not phone.queue:
                    break
            assert not phone.queue
        await until_all_have_ended(self._sessions)
        for phone in self.phones:
            await phone.store.sync()

    def _offline(self, phone: Phone, kind: str, choice: int) -> None:
        place = "grid_a2" if phone.who == "grid_worker_a2" else "grid_a1"
        if kind == "report":
            phone.do(phones.report(self._world, place, body={"title": f"第 {next(_texts)} 件"}))
        elif kind == "visit":
            body = visits.body(self._world, self._homes[choice % len(self._homes)])
            phone.do(phones.entry("visit.record", body, id=str(uuid7())))
        elif kind == "duty":
            way = ("attendance.check_in", "attendance.check_out")[choice % 2]
            phone.do(phones.entry(way, {}))
        elif kind == "revise" and phone.store.kept["visits"]:
            visit = _nth(phone.store.kept["visits"], choice)
            body = {"content": f"更正 {next(_texts)}"}
            phone.do(phones.entry("visit.change", body, id=visit["id"], version=visit["version"]))
        elif kind == "act":
            self._act(phone, choice)

    def _act(self, phone: Phone, choice: int) -> None:
        """A step on a ticket that the phone knows, also one that it has not sent yet."""
        own = {one["id"]: {"id": one["id"]} for one in phone.queue if one["kind"] == "ticket.report"}
        known = phone.store.kept["tickets"] | own
        if not known:
            return
        ticket, step = _nth(known, choice), STEPS[choice % len(STEPS)]
        seen = {"version": ticket["version"]} if "version" in ticket and step != "comment" else {}
        body = BODIES.get(step, {})
        if step == "comment":
            body = {"opinion": f"意见 {next(_texts)}"}
        phone.do(phones.action(ticket["id"], step, body=body, **seen))

    async def _push(self, phone: Phone, fate: str, most: int) -> None:
        part = phone.queue[:most]
        if not part or fate == "request lost":
            return
        if fate == "delayed":
            self._delayed.append((phone, part))
            return
        replies = await asyncio.gather(*(self._send(phone, part) for _ in range(1 + (fate == "doubled"))))
        if fate != "reply lost":
            phone.hear(replies[-1])

    async def _send(self, phone: Phone, part: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return await phones.push(self._api, phone.who, *part, sent_at=clock.now())

    async def _pull(self, phone: Phone, fate: str) -> None:
        if fate == "request lost":
            return
        reply = await phone.store.page(limit=3)
        if reply.status_code == 410:
            phone.store.memory.begin_anew()
        elif fate != "reply lost":
            phone.store.take(reply.json())
            if fate == "doubled":
                phone.store.take(reply.json())

    async def _deliver(self) -> None:
        """What hung in the wire arrives at last, out of order; nobody waits for the answers any more."""
        while self._delayed:
            phone, part = self._delayed.pop()
            await self._send(phone, part)

    async def _office(self, choice: int) -> None:
        """Somebody works at the server meanwhile; many steps are refused, as in life."""
        dispatcher, keeper = self._api.as_("dispatcher"), self._api.as_("village_admin")
        other = str(self._world.places[("grid_a1", "grid_a2")[choice % 2]].id)
        home = self._homes[choice % len(self._homes)]
        async with self._sessions() as session:
            rows = await session.scalars(text("SELECT id FROM ticket ORDER BY id DESC LIMIT 8"))
            tickets = [str(row) for row in rows]
        org = str(self._world.orgs["urban"].id)
        steps: list[dict[str, Any]] = [
            {"action": "accept"},
            {"action": "dispatch", "org_id": org},
            {"action": "change", "area_id": other, "opinion": "更正地点"},
            {"action": "urge"},
            {"action": "void", "reason": "test", "opinion": "作废"},
        ]
        if tickets and choice % 7 < len(steps):
            address = f"/v1/tickets/{tickets[choice % len(tickets)]}/actions"
            await dispatcher.post(address, json=steps[choice % 7])
        elif choice % 7 == len(steps):
            place = {"area_id": other, "address": f"水北街 {choice} 号"}
            await keeper.post(f"/v1/households/{home.id}/move", json=place)
        else:
            await keeper.patch(f"/v1/households/{home.id}", json={"address": f"水南街 {choice} 号"})


def _nth(known: dict[str, Any], choice: int) -> dict[str, Any]:
    found: dict[str, Any] = known[sorted(known)[choice % len(known)]]
    return found
