"""Answers that many poll: 304 by a mark that costs one statement, the same bytes to all who ask the same.

The mark tells of everything that changes figures; with whose figures, which question and which minute it
makes the ETag. This process keeps the last answer to each question: for a second it is given to whoever asks
the same, so that hundreds of screens beside a busy town cost one reading a second; after that it is still
the answer while the mark stands. An answer is made of news at most half a second old, so figures are at most
two seconds behind. A process works out two answers at once, and whoever waits holds no connection: who would
wait for more than a second is given the last answer, which says as of when it is.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from weakref import WeakValueDictionary

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import etags
from app.api.actors import FigureReader
from app.api.sessions import Session
from app.core import clock
from app.core.db import let_go
from app.core.replica import AWAY, Replica
from app.schemas.stats_screen import Narrowed
from app.services.platform import outbox
from app.services.platform.actor import Actor, Dataset
from app.services.stats import questions
from app.services.stats.tail import Tails

CACHE = "private, no-cache"
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "自上次以来没有变化"}}
KEPT_BYTES = 32_000_000
AT_ONCE = 2
HELD_SECONDS = 1.0
PATIENCE_SECONDS = 1.0
Ask = Callable[[AsyncSession], Awaitable[BaseModel]]
Mark = Callable[[AsyncSession], Awaitable[str]]


@dataclass(slots=True)
class Kept:
    """The last answer to a question, and when this process last knew that it was the answer."""

    etag: str
    body: bytes
    known_at: float


class Answers:
    """The last answers by their questions; those that were not asked for longest go when there are too many.

    held_seconds: for how long an answer is given without looking whether it still is the answer; half as long
    others may be made of the news that it was made of.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES, held_seconds: float = HELD_SECONDS) -> None:
        self._most, self._held = most_bytes, held_seconds
        self._size = 0
        self.tails = Tails(held_seconds / 2)
        # However many screens ask: the work of the town goes on beside their answers.
        self._places = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, question: str) -> AsyncIterator[Kept | None]:
        """A place to work the answer out, or the last answer where the wait for one is too long."""
        last = self._kept.get(question)
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(None if last is None else PATIENCE_SECONDS):
                    await held.enter_async_context(self._turns.setdefault(question, asyncio.Lock()))
                    await held.enter_async_context(self._places)
            except TimeoutError:
                yield last
            else:
                yield None

    def fresh(self, question: str) -> Kept | None:
        """The answer, if it need not be looked at again yet."""
        kept = self._kept.get(question)
        return kept if kept is not None and _now() - kept.known_at < self._held else None

    def still(self, question: str, etag: str) -> Kept | None:
        """The answer, if it is the one with this ETag; it then is fresh again."""
        kept = self._kept.get(question)
        if kept is None or kept.etag != etag:
            return None
        self._kept.move_to_end(question)
        kept.known_at = _now()
        return kept

    def keep(self, question: str, etag: str, body: bytes) -> Kept:
        """Keep the answer to a question, in place of an older one."""
        older = self._kept.pop(question, None)
        self._size += len(body) - (len(older.body) if older else 0)
        kept = self._kept[question] = Kept(etag, body, _now())
        while self._size > self._most:
            self._size -= len(self._kept.popitem(last=False)[1].body)
        return kept


class Poll:
    """Somebody's question about figures, to be answered cheaply: 200, or 304 for one who has the answer."""

    def __init__(self, request: Request, session: AsyncSession, actor: Actor) -> None:
        """Made for each request."""
        self.actor = actor
        self._request = request
        self._session = session

    async def figures(self, asked: Narrowed) -> Response:
        """The answer to one question, which changes with its figures and with the minute."""

        async def ask(session: AsyncSession) -> BaseModel:
            return await questions.answer(session, actor=self.actor, asked=asked)

        return await self.told(ask)

    async def told(
        self, ask: Ask, *, mark: Mark = outbox.change_mark, cache: str = CACHE, own: bool = False
    ) -> Response:
        """What `ask` finds, unless nothing that the mark tells of has changed, nor the minute.

        Read from the replica while that is fit, else from the primary. `own` says that the answer is for
        this caller alone, and not for everybody with the same reach.
        """
        replica: Replica | None = self._request.app.state.replica
        if replica is not None and replica.fit:
            try:
                async with replica.readers() as reader:
                    return await self._told(reader, ask, mark, cache, own=own)
            except AWAY:
                replica.lost()
        return await self._told(self._session, ask, mark, cache, own=own)

    async def _told(self, session: AsyncSession, ask: Ask, mark: Mark, cache: str, *, own: bool) -> Response:
        answers: Answers = self._request.app.state.answers
        question = self._question(own=own)
        kept = answers.fresh(question)
        if kept is None:
            minute = clock.now().replace(second=0, microsecond=0).isoformat()
            etag = f'"{_digest(question, minute, await mark(session))}"'
            if etags.matches(self._request, etag):
                return self._reply(etag, None, cache)
            # Who waits keeps no connection from others.
            await let_go(session)
            async with answers.turn(question) as last:
                kept = last or answers.fresh(question) or answers.still(question, etag)
                if kept is None:
                    with answers.tails.shared(session):
                        found = await ask(session)
                    kept = answers.keep(question, etag, found.model_dump_json().encode())
        unchanged = etags.matches(self._request, kept.etag)
        return self._reply(kept.etag, None if unchanged else kept.body, cache)

    def _reply(self, etag: str, body: bytes | None, cache: str) -> Response:
        headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Authorization"}
        if body is None:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    def _question(self, *, own: bool) -> str:
        """Whose figures, what they may see, and which question."""
        url, actor = self._request.url, self.actor
        seen = (actor.reach(Dataset.STATS), actor.reach(Dataset.TICKETS), str(actor.member_id is None))
        return _digest(*seen, str(actor.id) if own else "", url.path, url.query)


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _poll(request: Request, session: Session, actor: FigureReader) -> Poll:
    return Poll(request, session, actor)


Polled = Annotated[Poll, Depends(_poll)]
