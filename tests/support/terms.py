"""The limits that every deployment begins with, by a calendar of which no year is published."""

from uuid import UUID

from app.services.platform.calendars import Calendars, Office
from app.services.tickets.deadlines import Deadlines

DEADLINES = Deadlines(Calendars.of((Office(UUID(int=1), "default", is_default=True),)))
