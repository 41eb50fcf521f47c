"""Routing rules for tests: the row of one that sends tickets of the small town somewhere."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.enums import Role
from app.models.routing import RoutingRule
from app.models.staff import Post
from tests.support.world import World

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
# Rules are listed as they were made, which ids of one millisecond do not tell.
_milliseconds = count(int(SINCE.timestamp()) * 1000)


async def add_rule(
    session: AsyncSession, world: World, org: str, *, area: str | None = None, **criteria: Any
) -> UUID:
    """A running rule to an organisation of the world, for an area of it, and further columns."""
    area_id = world.places[area].id if area else None
    rule = RoutingRule(id=uuid7(next(_milliseconds)), org_id=world.orgs[org].id, area_id=area_id, **criteria)
    session.add(rule)
    await session.commit()
    return rule.id


async def add_dispatcher(session: AsyncSession, world: World, who: str, area: str) -> None:
    """Somebody of the world dispatches an area besides what they do anyway."""
    post = Post(
        id=uuid7(),
        member_id=world[who].member_id,
        role=Role.DISPATCHER,
        area_id=world.places[area].id,
        valid_from=SINCE,
    )
    session.add(post)
    await session.commit()
