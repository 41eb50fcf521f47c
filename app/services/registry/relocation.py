"""Where rows of the registry lie after a border was drawn anew: rooms and households follow their building.

Each row carries copies of its grid's place in the tree; this module writes them for all that hangs on a
building or a room.
"""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.registry import Building, Household, Room
from app.services.areas.tree import Chain
from app.services.platform.actor import Actor
from app.services.registry import reach


async def building(session: AsyncSession, *, actor: Actor, building: Building, chain: Chain) -> None:
    """Put a building into another grid, with its rooms and the households that live in them."""
    for name, value in reach.copies(chain).items():
        setattr(building, name, value)
    rooms = select(Room.id).where(Room.building_id == building.id, Room.ended_on.is_(None))
    for table, condition in (
        (Household, Household.room_id.in_(rooms) & Household.ended_on.is_(None)),
        (Room, Room.id.in_(rooms)),
    ):
        await session.execute(
            update(table)
            .where(condition)
            .values(
                **reach.copies(chain),
                version=table.version + 1,
                updated_at=clock.now(),
                updated_by=actor.id,
            )
            .execution_options(synchronize_session=False)
        )
