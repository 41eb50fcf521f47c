"""Receivers of webhooks on the loopback, well-behaved and not, and what a test does with subscriptions."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import text
from standardwebhooks import Webhook

from app.core import clock
from app.core.courier import Courier
from app.core.db import Sessions, transaction
from app.core.outside import Rules
from app.services.exchange.webhooks import due, fanout, sending
from tests.support.clients import Api
from tests.support.settings import vault_of_tests
from tests.support.world import World

HERE = Rules(networks=(ip_network("127.0.0.0/8"),), plain=True)
PATIENCE = 120
PATH = "/v1/webhooks"


@dataclass(frozen=True, slots=True)
class Got:
    """One call as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The body, read without a look at the signature."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def data(self) -> dict[str, Any]:
        """What the message says."""
        found: dict[str, Any] = self.message["data"]
        return found

    def verified(self, secret: str) -> dict[str, Any]:
        """The message, if this secret signed it; raises otherwise."""
        found: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return found


Answer = Callable[[Got], bytes]


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer."""
    told = {"Content-Length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass(slots=True)
class Receiver:
    """A small HTTP/1.1 server that keeps connections; `got` are the calls, `answers` what it says to each.

    With `hangs` it takes a call and says nothing more; `waiting` is set when it does.
    """

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: Answer = lambda _got: answer(204)
    hangs: bool = False
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self) -> list[str]:
        """The types of what came in, in order."""
        return [got.message["type"] for got in self.got]

    def seqs(self, ticket_id: str) -> list[int]:
        """The steps of a ticket that came in, in order."""
        return [got.data["seq"] for got in self.got if got.data["ticket_id"] == ticket_id]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, call after call."""
        self.connections += 1
        self._open.add(writer)
        try:
            while True:
                self.got.append(await _call(reader))
                if self.hangs:
                    self.waiting.set()
                    await reader.read()
                    return
                writer.write(self.answers(self.got[-1]))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._open.discard(writer)

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._open:
            writer.close()


async def _call(reader: asyncio.StreamReader) -> Got:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = (line.partition(": ") for line in head.split("\r\n")[1:] if line)
    headers = {name.lower(): value for name, _, value in lines}
    return Got(headers, await reader.readexactly(int(headers["content-length"])))


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver while the block runs."""
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found
        found.hang_up()


def dead_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Post:
    """The town's post office: subscribes, makes messages of what happened, and carries them out."""

    def __init__(self, api: Api, sessions: Sessions, world: World, courier: Courier | None = None) -> None:
        self._api, self._sessions, self._world = api, sessions, world
        self.courier = courier or Courier(HERE, seconds=5)
        self.leave = asyncio.Event()

    async def subscribe(self, url: str, who: str = "system_admin", **wanted: Any) -> dict[str, Any]:
        """A subscription of the town's client for village A, as the administrator makes it."""
        body = {"url": url, "description": "测试"} | wanted
        if who == "system_admin":
            area = {"area_id": str(self._world.places["village_a"].id)}
            body = {"client_id": str(self._world.client.id)} | area | body
        reply = await self._api.as_(who).post(PATH, json=body)
        assert reply.status_code == 201, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def give(self, *fields: str) -> None:
        """Give the client fields that may tell of somebody."""
        address = f"/v1/clients/{self._world.client.id}"
        reply = await self._api.as_("system_admin").patch(address, json={"fields": fields})
        assert reply.status_code == 200, reply.text

    async def read(self, webhook: dict[str, Any]) -> dict[str, Any]:
        """The subscription as it is now."""
        found: dict[str, Any] = (await self._api.as_("system_admin").get(f"{PATH}/{webhook['id']}")).json()
        return found

    async def log(self, webhook: dict[str, Any]) -> list[dict[str, Any]]:
        """Its log, the newest first."""
        query = {"webhook_id": webhook["id"], "limit": "100"}
        reply = await self._api.as_("system_admin").get("/v1/webhook-deliveries", params=query)
        found: list[dict[str, Any]] = reply.json()["items"]
        return found

    async def collect(self) -> int:
        """Make messages of all that has been committed: other databases hold the reader up, too."""
        made = 0
        async with asyncio.timeout(PATIENCE):
            while not await self._is_read():
                made += await fanout.run(self._sessions)
                await asyncio.sleep(0.01)
        return made

    async def carry(self, webhook: dict[str, Any]) -> int:
        """One run for a subscription; how many messages were taken."""
        return await sending.run(
            self._sessions,
            subscription_id=UUID(webhook["id"]),
            courier=self.courier,
            vault=vault_of_tests(),
            leave=self.leave,
        )

    async def deliver(self, *webhooks: dict[str, Any]) -> int:
        """Collect, then a run for each."""
        await self.collect()
        return sum([await self.carry(webhook) for webhook in webhooks])

    async def overdue(self) -> Sequence[UUID]:
        """The subscriptions that the minute's look would wake."""
        async with transaction(self._sessions) as session:
            return await due.overdue(session)

    async def _is_read(self) -> bool:
        unread = text(
            "SELECT NOT EXISTS (SELECT FROM outbox, outbox_reader AS reader"
            " WHERE reader.name = 'webhooks' AND outbox.txid >= reader.txid)"
        )
        async with self._sessions() as session:
            return bool(await session.scalar(unread))


class Later:
    """A clock that a test moves on; everybody signs in anew."""

    def __init__(self, monkeypatch: Any, world: World) -> None:
        self._real, self._ahead, self._world = clock.now, timedelta(), world
        monkeypatch.setattr(clock, "now", lambda: self._real() + self._ahead)

    def on(self, ahead: timedelta) -> None:
        """So much later."""
        self._ahead += ahead
        for who in self._world.people:
            self._world._tokens.pop(who, None)


def id_of(webhook: dict[str, Any]) -> UUID:
    """The id of a subscription."""
    return UUID(webhook["id"])


async def replayed(sessions: Sessions, webhook: dict[str, Any], since: str) -> int:
    """Have all steps since then sent again; how many messages that makes."""
    begin = datetime.fromisoformat(since)
    return await fanout.replay(sessions, subscription_id=id_of(webhook), since=begin, before=clock.now())
