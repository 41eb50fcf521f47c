"""Desks: who routes by hand what no rule catches, so that a ticket never goes nowhere.

The dispatchers of the ticket's town; where it has none, of the next level up, and so on to the top; only
then of the levels below the town, nearest first. Somebody counts who holds the post now, has not left and
can sign in: their scope holds the ticket, so it stands in their queue. Where nobody dispatches at all, the
administrators are named: one is always left, and can appoint a dispatcher. Command centres are named with
the level they belong to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.access import Account
from app.models.area import Area
from app.models.enums import AccountStatus, AreaLevel, OrgKind, Role
from app.models.staff import Member, Org, Post
from app.schemas.types import Ref

_LEVELS = tuple(AreaLevel)
_TOWN = _LEVELS.index(AreaLevel.TOWN)


@dataclass(frozen=True, slots=True)
class Desk:
    """The people who have to route a ticket, by name; without an area they are administrators."""

    area: Ref | None
    level: AreaLevel | None
    dispatchers: Sequence[Ref] = ()
    centres: Sequence[Ref] = ()
    administrators: Sequence[Ref] = ()


async def of(session: AsyncSession, *, area_path: Sequence[UUID]) -> Desk:
    """The desk of a place, given by its area and all above it; one statement, two where nobody dispatches."""
    statement = (
        select(
            Area.id.label("area_id"),
            Area.name.label("area_name"),
            Area.level,
            Member.id.label("member_id"),
            Member.name.label("member_name"),
            Org.id.label("centre_id"),
            Org.name.label("centre_name"),
        )
        .join(Post, and_(Post.area_id == Area.id, Post.role == Role.DISPATCHER))
        .join(Member, Member.id == Post.member_id)
        .join(Account, Account.member_id == Member.id)
        .outerjoin(
            Org,
            and_(Org.area_id == Area.id, Org.kind == OrgKind.COMMAND_CENTRE, Org.ended_at.is_(None)),
        )
        .where(Area.id.in_(area_path), *_at_work())
    )
    rows = (await session.execute(statement)).all()
    if not rows:
        return Desk(None, None, administrators=await _administrators(session))
    nearest = min(rows, key=_turn)
    here = [row for row in rows if row.area_id == nearest.area_id]
    return Desk(
        Ref(id=nearest.area_id, name=nearest.area_name),
        AreaLevel(nearest.level),
        dispatchers=_refs((row.member_id, row.member_name) for row in here),
        centres=_refs((row.centre_id, row.centre_name) for row in here if row.centre_id),
    )


def _turn(row: Any) -> tuple[bool, int]:
    """The town first, then up, then down from the town."""
    level = _LEVELS.index(AreaLevel(row.level))
    return level > _TOWN, abs(level - _TOWN)


async def _administrators(session: AsyncSession) -> Sequence[Ref]:
    statement = (
        select(Member.id, Member.name)
        .join(Post, and_(Post.member_id == Member.id, Post.role == Role.SYSTEM_ADMIN))
        .join(Account, Account.member_id == Member.id)
        .where(*_at_work())
    )
    return _refs((row.id, row.name) for row in await session.execute(statement))


def _at_work() -> tuple[ColumnElement[bool], ...]:
    moment = clock.now()
    return (
        Post.valid_from <= moment,
        or_(Post.valid_to.is_(None), Post.valid_to > moment),
        or_(Member.ended_at.is_(None), Member.ended_at > moment),
        Account.status == AccountStatus.ACTIVE,
    )


def _refs(found: Any) -> list[Ref]:
    return [Ref(id=row_id, name=name) for row_id, name in sorted(set(found))]
