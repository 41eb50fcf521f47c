"""What deadlines are computed from, as this process holds it: loaded once, refreshed every minute.

So a step of a ticket does not read a thousand days and the rules. What this process changes itself counts
from the next request on (`forgets_deadlines`), what another one changes within a minute.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.sessions import Session
from app.core.db import Sessions, transaction
from app.services.tickets import deadlines

REFRESH_SECONDS = 60


class DeadlineCache:
    """One process's copy of the calendars and the rules."""

    def __init__(self) -> None:
        self._held: deadlines.Deadlines | None = None
        self._forgotten = 0

    async def get(self, session: AsyncSession) -> deadlines.Deadlines:
        """The copy; read now if this process has none."""
        return self._held or await self._load(session)

    def forget(self) -> None:
        """Read again at the next use; what is just being read is not kept."""
        self._held = None
        self._forgotten += 1

    async def keep_fresh(self, sessions: Sessions) -> None:
        """Reload every minute until cancelled; a database that is away leaves the last copy in use."""
        while True:
            with suppress(DBAPIError, OSError, LookupError):
                async with transaction(sessions) as session:
                    await self._load(session)
            await asyncio.sleep(REFRESH_SECONDS)

    async def _load(self, session: AsyncSession) -> deadlines.Deadlines:
        before = self._forgotten
        loaded = await deadlines.load(session)
        if before == self._forgotten:
            self._held = loaded
        return loaded


async def _deadlines(request: Request, session: Session) -> deadlines.Deadlines:
    cache: DeadlineCache = request.app.state.deadlines
    return await cache.get(session)


async def _deadlines_apart(request: Request) -> deadlines.Deadlines:
    cache: DeadlineCache = request.app.state.deadlines
    async with transaction(request.app.state.sessions) as session:
        return await cache.get(session)


async def _forget(request: Request) -> AsyncIterator[None]:
    yield
    if request.method != "GET":
        request.app.state.deadlines.forget()


Deadlines = Annotated[deadlines.Deadlines, Depends(_deadlines)]
DeadlinesApart = Annotated[deadlines.Deadlines, Depends(_deadlines_apart)]
# For a router whose writes change deadlines. It stands before whatever takes a session, so that it ends
# after the commit.
forgets_deadlines = Depends(_forget, scope="function")
