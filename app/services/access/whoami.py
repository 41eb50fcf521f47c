"""Who am I: the caller's name, roles and posts, for the first screen of every client.

Reads what the caller may know of themselves; it changes nothing.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.access import Account, ApiClient
from app.models.staff import Member
from app.schemas.auth import MeRead, RoleRead
from app.services.access import post_list
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor


async def describe(session: AsyncSession, *, actor: Actor) -> MeRead:
    """What the caller is to this deployment (two statements)."""
    if actor.account_id is None:
        return await _client(session, actor)
    person = (
        await session.execute(
            select(Member.name, Account.username)
            .join(Account, Account.member_id == Member.id)
            .where(Account.id == actor.account_id)
        )
    ).one()
    return MeRead(
        id=actor.id,
        kind="person",
        name=person.name,
        username=person.username,
        must_change_password=actor.must_change_password,
        roles=_roles(actor),
        posts=await post_list.current_of(session, member_id=actor.id),
        token_scopes=[],
    )


async def _client(session: AsyncSession, actor: Actor) -> MeRead:
    name = (await session.scalars(select(ApiClient.name).where(ApiClient.id == actor.id))).one()
    return MeRead(
        id=actor.id,
        kind="client",
        name=name,
        username=None,
        must_change_password=False,
        roles=_roles(actor),
        posts=[],
        token_scopes=sorted(actor.token_scopes),
    )


def _roles(actor: Actor) -> list[RoleRead]:
    held = [(role, spec) for role, spec in ROLES.items() if role in actor.roles]
    return [RoleRead(role=role, label=spec.label_zh, label_en=spec.label_en) for role, spec in held]
