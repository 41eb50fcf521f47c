"""People beyond the small town's, for tests that give somebody an account or a post."""

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Employment, Gender, Role
from app.models.staff import Member, Post
from tests.support.world import World


async def new_member(session: AsyncSession, world: World, name: str = "谢新人") -> UUID:
    """Somebody who works in the town and has neither account nor post."""
    member = Member(
        id=uuid7(),
        name=name,
        gender=Gender.UNSTATED,
        employment=Employment.OFFICIAL,
        area_id=world.places["town"].id,
    )
    session.add(member)
    await session.commit()
    return member.id


async def give_post(session: AsyncSession, world: World, who: str, role: Role, *, area_id: UUID) -> None:
    """One more post in an area."""
    post = {"member_id": world[who].member_id, "role": role.value, "area_id": area_id}
    await session.execute(insert(Post).values(id=uuid7(), valid_from=clock.now(), **post))
    await session.commit()
