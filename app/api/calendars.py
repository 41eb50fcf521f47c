"""The default working calendar as this process holds it."""

from typing import Annotated

from fastapi import Depends

from app.api.deadlines import Deadlines
from app.services.platform.worktime import Calendar


async def _calendar(deadlines: Deadlines) -> Calendar:
    return deadlines.calendar()


WorkCalendar = Annotated[Calendar, Depends(_calendar)]
