"""The probe: one request of each operation, in this process, to see which SQL the server really sends.

The application is the same; SQLAlchemy tells each statement with its values before it goes out.
`BEGIN` and `COMMIT` are not among them.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.config import Settings
from app.demo.people import Account
from app.main import create_app
from bench.requests import ETAG, ID, Ask
from bench.stand import SECRET, Filled

WARM = 2


@dataclass(frozen=True, slots=True)
class Sent:
    """One statement in PostgreSQL's own words (`$1`), and its values."""

    sql: str
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Probed:
    """The statements of each request of a story, and the Unix milliseconds at which it began."""

    since: int
    requests: tuple[tuple[Sent, ...], ...]

    @property
    def per_request(self) -> float:
        """How many statements a request sends, on average over the story."""
        return sum(map(len, self.requests)) / len(self.requests)


class Probe:
    """Sends requests to an application in this process and listens to its engine."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://bench")
        self._etag = ""

    async def story(self, story: Sequence[Ask], record_id: str = "") -> Probed:
        """Tell a story a few times, and report its last telling; `record_id` for one that needs a record.

        The first telling fills caches (keys, calendar), which no later request pays for.
        """
        for _ in range(WARM if not record_id else 0):
            await self._tell(story, record_id)
        return await self._tell(story, record_id)

    async def read(self, ask: Ask, record_id: str = "") -> Any:
        """The answer's body."""
        return (await self._send(ask, record_id)).json()

    async def sign_in(self, account: Account) -> str:
        """A token of this person."""
        form = {"username": account.username, "password": account.password}
        reply = await self._client.post("/v1/auth/token", data=form)
        return str(reply.raise_for_status().json()["access_token"])

    async def _tell(self, story: Sequence[Ask], record_id: str) -> Probed:
        since, told = time.time_ns() // 1_000_000, []
        for ask in story:
            with _listening() as sent:
                reply = await self._send(ask, record_id)
            record_id = record_id or reply.headers.get("Location", "")[-36:]
            told.append(tuple(sent))
        return Probed(since, tuple(told))

    async def _send(self, ask: Ask, record_id: str) -> httpx.Response:
        headers = {name: value.replace(ETAG, self._etag) for name, value in ask.all_headers().items()}
        reply = await self._client.request(
            ask.method, ask.path.replace(ID, record_id), json=ask.body, headers=headers
        )
        if reply.is_error:
            raise RuntimeError(f"{ask.method} {ask.path}: {reply.status_code} {reply.text}")
        self._etag = reply.headers.get("ETag", self._etag)
        return reply


@asynccontextmanager
async def probing(database: Filled) -> AsyncIterator[Probe]:
    """A probe of this code's application on a database."""
    settings = Settings(_env_file=None, environment="test", secret_key=SecretStr(SECRET), log_level="WARNING")
    app = create_app(settings, database.url)
    async with app.router.lifespan_context(app):
        yield Probe(app)


@contextmanager
def _listening() -> Iterator[list[Sent]]:
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_rest: Any) -> None:
        sent.append(Sent(sql, tuple(values)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
