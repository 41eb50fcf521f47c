"""Tickets as rows, for tests that need many or old ones: reported at a place, some time ago."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import AreaLevel
from app.models.ticket import Ticket
from tests.support.world import World

RUBBISH: dict[str, Any] = {
    "title": "沙龙路垃圾堆放三天没人清",
    "content": "沙龙路 12 号门口堆了建筑垃圾，已有三天，影响通行。",
    "address": "沙龙路 12 号门口",
    "category_code": "0501",
}
_LEVELS = (AreaLevel.TOWN, AreaLevel.VILLAGE, AreaLevel.GRID)
_numbers = count(1)


async def add_ticket(
    session: AsyncSession,
    world: World,
    area: str = "grid_a1",
    *,
    at: tuple[float, float] | None = (113.005, 22.835),
    age: timedelta = timedelta(0),
    **changed: Any,
) -> UUID:
    """A ticket about rubbish in an area of the world, at a point in WGS-84; columns may be changed."""
    ticket_id, moment = uuid7(), clock.now() - age
    levels = {place.id: place.level for place in world.places.values()}
    copies: dict[str, UUID | None] = {f"{level}_id": None for level in _LEVELS}
    copies |= {
        f"{levels[area_id]}_id": area_id for area_id in world.places[area].path if levels[area_id] in _LEVELS
    }
    values = {
        **RUBBISH,
        **copies,
        "id": ticket_id,
        "no": f"R{next(_numbers)}",
        "source": "grid_patrol",
        "urgency": "normal",
        "stage": "report",
        "status": "reported",
        "area_id": world.places[area].id,
        "lng": at[0] if at else None,
        "lat": at[1] if at else None,
        "reported_at": moment,
        "revisit_state": "needed",
    }
    await session.execute(insert(Ticket).values(values | changed))
    await session.commit()
    return ticket_id
