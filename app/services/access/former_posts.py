"""Posts that ended: what somebody could do then, for what they send late and for what left their phone.

Who holds what now is `actors`' business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.enums import AreaLevel, Role
from app.models.staff import Org, Post
from app.services.access.roles import ROLES
from app.services.platform.actor import Grant


@dataclass(frozen=True, slots=True)
class FormerPost:
    """A post with its time, [from, to), and what it opened."""

    grant: Grant
    valid_from: datetime
    valid_to: datetime

    def held_at(self, moment: datetime) -> bool:
        """Whether it was held then."""
        return self.valid_from <= moment < self.valid_to


async def ended_since(session: AsyncSession, *, member_id: UUID, since: datetime) -> Sequence[FormerPost]:
    """The posts of a member that ended between an instant and now."""
    ended = _posts(member_id).where(Post.valid_to > since, Post.valid_to <= clock.now())
    rows = await session.execute(ended)
    return [FormerPost(_grant(row), row.valid_from, row.valid_to) for row in rows]


async def grants_at(session: AsyncSession, *, member_id: UUID, moment: datetime) -> tuple[Grant, ...]:
    """What a member's posts opened at an instant, as far as is known now."""
    held = _posts(member_id).where(
        Post.valid_from <= moment, or_(Post.valid_to.is_(None), Post.valid_to > moment)
    )
    return tuple(_grant(row) for row in await session.execute(held))


def _posts(member_id: UUID) -> Select[Any, Any, Any, Any, Any, Any]:
    return (
        select(Post.role, Post.org_id, Post.valid_from, Post.valid_to, Area.id.label("area_id"), Area.level)
        .outerjoin(Org, Org.id == Post.org_id)
        .outerjoin(Area, Area.id == func.coalesce(Post.area_id, Org.area_id))
        .where(Post.member_id == member_id)
    )


def _grant(row: Any) -> Grant:
    spec = ROLES[Role(row.role)]
    level = AreaLevel(row.level) if row.level else None
    return Grant(Role(row.role), spec.kind, spec.datasets, row.area_id, level, row.org_id)
