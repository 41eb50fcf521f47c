"""The working calendar as this process holds it: loaded once, refreshed in the background every minute.

So a step of a ticket does not read a thousand days; a newly published day counts within a minute.
"""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.sessions import Session
from app.core.db import Sessions, transaction
from app.services.platform import calendars
from app.services.platform.worktime import Calendar

REFRESH_SECONDS = 60


class CalendarCache:
    """One process's copy of the default calendar."""

    def __init__(self) -> None:
        self._calendar: Calendar | None = None

    async def get(self, session: AsyncSession) -> Calendar:
        """The calendar; read now if this process has not read it yet."""
        if self._calendar is None:
            self._calendar = await calendars.load(session)
        return self._calendar

    async def keep_fresh(self, sessions: Sessions) -> None:
        """Reload every minute until cancelled; a database that is away leaves the last copy in use."""
        while True:
            with suppress(DBAPIError, OSError):
                async with transaction(sessions) as session:
                    self._calendar = await calendars.load(session)
            await asyncio.sleep(REFRESH_SECONDS)


async def _calendar(request: Request, session: Session) -> Calendar:
    cache: CalendarCache = request.app.state.calendars
    return await cache.get(session)


WorkCalendar = Annotated[Calendar, Depends(_calendar)]
