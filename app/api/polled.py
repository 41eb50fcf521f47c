"""Answers that many poll: 304 by a mark that costs one statement, the same bytes to all who ask the same.

The mark tells of everything that changes figures; with whose figures, which question and which minute it
makes the ETag. An answer is kept in this process under its ETag, so that of many screens with one scope the
first asks the database and the others get what it got. It owns no question.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import etags
from app.api.actors import FigureReader
from app.api.sessions import Session
from app.core import clock
from app.core.replica import AWAY, Replica
from app.schemas.stats_screen import Narrowed
from app.services.platform import outbox
from app.services.platform.actor import Dataset
from app.services.stats import questions

CACHE = "private, max-age=1"
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "自上次以来没有变化"}}
KEPT_BYTES = 32_000_000
Ask = Callable[[AsyncSession], Awaitable[BaseModel]]
Mark = Callable[[AsyncSession], Awaitable[str]]


class Answers:
    """The last answers as bytes by their ETags; the oldest go when there are too many of them."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, etag: str) -> bytes | None:
        """The answer with this ETag, if it is still here."""
        if etag in self._kept:
            self._kept.move_to_end(etag)
        return self._kept.get(etag)

    def keep(self, etag: str, body: bytes) -> None:
        """Keep an answer under its ETag."""
        self._size += len(body) - len(self._kept.pop(etag, b""))
        self._kept[etag] = body
        while self._size > self._most:
            self._size -= len(self._kept.popitem(last=False)[1])


class Poll:
    """Somebody's question about figures, to be answered cheaply: 200, or 304 for one who has the answer."""

    def __init__(self, request: Request, session: Session, actor: FigureReader) -> None:
        """Made by FastAPI for each request."""
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
        etag = self._etag(await mark(session), own=own)
        headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Authorization"}
        if etags.matches(self._request, etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        body = answers.get(etag)
        if body is None:
            body = (await ask(session)).model_dump_json().encode()
            answers.keep(etag, body)
        return Response(body, headers=headers, media_type="application/json")

    def _etag(self, mark: str, *, own: bool) -> str:
        """By what changed last, whose figures, what they may see, the question, and the minute."""
        url, actor = self._request.url, self.actor
        minute = clock.now().replace(second=0, microsecond=0).isoformat()
        seen = (actor.reach(Dataset.STATS), actor.reach(Dataset.TICKETS), str(actor.member_id is None))
        parts = (mark, *seen, str(actor.id) if own else "", url.path, url.query, minute)
        return f'"{hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]}"'


Polled = Annotated[Poll, Depends()]
