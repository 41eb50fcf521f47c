"""Two administrators at once: whoever comes second must not lock everybody out."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.models.enums import AccountStatus, Role
from app.models.staff import Post
from app.schemas.account import AccountPatch
from app.services.access import accounts
from app.services.access.administrators import LastAdministrator
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Grant
from tests.support.settings import SECRET
from tests.support.waiting import until_somebody_waits
from tests.support.world import Person, World

DISABLED = AccountPatch(status=AccountStatus.DISABLED)


def administrator(person: Person) -> Actor:
    """This person as the caller, an administrator."""
    spec = ROLES[Role.SYSTEM_ADMIN]
    return Actor(
        id=person.member_id,
        grants=(Grant(Role.SYSTEM_ADMIN, spec.kind, spec.datasets),),
        member_id=person.member_id,
    )


async def disable(sessions: Sessions, by: Person, account_id: UUID) -> None:
    """One administrator disables an account."""
    async with transaction(sessions) as session:
        await _disable(session, by, account_id)


async def _disable(session: AsyncSession, by: Person, account_id: UUID) -> None:
    await accounts.change(
        session,
        actor=administrator(by),
        account_id=account_id,
        expected_version=None,
        patch=DISABLED,
        vault=Vault(SECRET),
    )


@pytest.mark.commits
async def test_two_administrators_cannot_disable_each_other(sessions: Sessions, world: World) -> None:
    one, other = world["system_admin"], world["statistician"]
    async with transaction(sessions) as session:
        promoted = {"role": Role.SYSTEM_ADMIN, "area_id": None}
        await session.execute(update(Post).where(Post.id == other.post_id).values(promoted))
    async with transaction(sessions) as session:
        await _disable(session, one, other.account_id)
        second = asyncio.create_task(disable(sessions, other, one.account_id))
        await until_somebody_waits(sessions)
    with pytest.raises(LastAdministrator):
        await second
