"""Teams: lists, one with its people over time, making, changing and ending them.

A team is seen from the areas below and above its own; those who keep the teams of an area change it. Nobody
is removed from the record: whoever leaves keeps the time that they belonged.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.core.writes import together
from app.models.area import Area
from app.models.enums import Role
from app.models.enums.staff import TeamKind
from app.models.staff import Member
from app.models.team import Team, TeamMember
from app.schemas.team import TeamCreate, TeamDetail, TeamMemberRead, TeamPatch, TeamRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import audit, outbox, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.staff import members

KEEPERS = (Role.SYSTEM_ADMIN, Role.VILLAGE_ADMIN, Role.DISPATCHER)
_BY_ID = Sort.by_id(Team.id)


class TeamEnded(Conflict):
    """The team exists no longer."""

    code = "team_ended"
    title_zh, title_en = "该队伍已撤销", "The team has ended"


class TeamFull(Conflict):
    """As many belong to the team as can."""

    code = "team_full"
    title_zh, title_en = "队伍人数已满", "The team is full"


class InTeamAlready(Conflict):
    """The member belongs to the team already."""

    code = "in_team_already"
    title_zh, title_en = "此人已在队伍中", "Belongs to the team already"


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    kind: TeamKind | None = None,
    member_id: UUID | None = None,
    cursor: str | None,
    limit: int,
) -> Page[TeamRead]:
    """One page of the teams that have not ended, in the order in which they were made."""
    filters: list[Any] = [Team.ended_at.is_(None)]
    if kind:
        filters.append(Team.kind == kind)
    if member_id:
        named = select(TeamMember.team_id).where(TeamMember.member_id == member_id, holds())
        filters.append(Team.id.in_(named))
    statement = page_statement(
        _with_area(), sort=_BY_ID, branches=[visible(actor)], filters=filters, cursor=cursor, limit=limit
    )
    rows = [TeamRead(**_read(row)) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda team: (team.id, team.id))


async def detail(session: AsyncSession, *, actor: Actor, team_id: UUID) -> TeamDetail:
    """One team; `NotFound` outside the caller's reach."""
    row = (await session.execute(_with_area().where(Team.id == team_id, visible(actor)))).one_or_none()
    if row is None:
        raise NotFound
    return TeamDetail(**_read(row), members=await _people(session, team_id))


async def create(session: AsyncSession, *, actor: Actor, new: TeamCreate) -> TeamDetail:
    """A new team; `NotFound` for an area in which the caller keeps no teams."""
    within = and_(_kept(actor), tree.in_force())
    if await session.scalar(select(Area.id).where(Area.id == new.area_id, within)) is None:
        raise NotFound(errors=(tree.unknown("body.area_id"),))
    team_id = uuid7()
    values = new.model_dump() | {"id": team_id, "created_by": actor.id, "updated_by": actor.id}
    await session.execute(insert(Team).values(values))
    await _record(session, actor, "team.create", team_id, {"kind": new.kind, "area_id": str(new.area_id)})
    return await detail(session, actor=actor, team_id=team_id)


async def change(
    session: AsyncSession, *, actor: Actor, team_id: UUID, changes: TeamPatch, expected_version: int | None
) -> TeamDetail:
    """The team with the sent fields changed; `TeamFull` for a capacity below its size."""
    team = await _locked(session, actor, team_id, expected_version)
    for name, value in changes.changes.items():
        setattr(team, name, value)
    await _require_room(session, team, 0)
    await _written(session, actor, team, "team.change", {"fields": sorted(changes.model_fields_set)})
    return await detail(session, actor=actor, team_id=team_id)


async def end(
    session: AsyncSession, *, actor: Actor, team_id: UUID, expected_version: int | None
) -> TeamDetail:
    """End a team now, and with it everybody's time in it."""
    team = await _locked(session, actor, team_id, expected_version)
    team.ended_at = clock.now()
    await session.execute(update(TeamMember).where(_now(team_id)).values(valid_to=team.ended_at))
    await _written(session, actor, team, "team.end", {})
    return await detail(session, actor=actor, team_id=team_id)


async def join(
    session: AsyncSession, *, actor: Actor, team_id: UUID, member_id: UUID, expected_version: int | None
) -> TeamDetail:
    """Let a member join now; `TeamFull`, `InTeamAlready`, `NotFound` for a stranger."""
    team = await _locked(session, actor, team_id, expected_version)
    known = select(Member.id).where(Member.id == member_id, Member.ended_at.is_(None), members.visible(actor))
    if await session.scalar(known) is None:
        raise NotFound(errors=(tree.unknown("body.member_id"),))
    present = select(TeamMember.id).where(_now(team_id), TeamMember.member_id == member_id)
    if await session.scalar(present) is not None:
        raise InTeamAlready
    await _require_room(session, team, 1)
    await session.execute(
        insert(TeamMember).values(team_id=team_id, member_id=member_id, valid_from=clock.now())
    )
    await _written(session, actor, team, "team.join", {"member_id": str(member_id)})
    return await detail(session, actor=actor, team_id=team_id)


async def leave(
    session: AsyncSession, *, actor: Actor, team_id: UUID, member_id: UUID, expected_version: int | None
) -> None:
    """Let a member leave now; `NotFound` for who does not belong to it."""
    team = await _locked(session, actor, team_id, expected_version)
    left = await session.scalar(
        update(TeamMember)
        .where(_now(team_id), TeamMember.member_id == member_id)
        .values(valid_to=clock.now())
        .returning(TeamMember.id)
    )
    if left is None:
        raise NotFound
    await _written(session, actor, team, "team.leave", {"member_id": str(member_id)})


async def leave_all(session: AsyncSession, *, actor: Actor, member_id: UUID, moment: datetime) -> None:
    """Somebody leaves the deployment now or later: their time in every team ends then."""
    ended = await session.scalars(
        update(TeamMember)
        .where(
            TeamMember.member_id == member_id,
            or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > moment),
        )
        .values(valid_to=moment)
        .returning(TeamMember.team_id)
        .execution_options(synchronize_session=False)
    )
    data = {"member_id": str(member_id), "valid_to": moment.isoformat()}
    lines = [("team.leave", team_id, data) for team_id in ended]
    if lines:
        await audit.record_all(session, actor_id=actor.id, lines=lines)
        await outbox.append_all(session, lines)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The teams of the areas that the caller sees."""
    return Team.area_id.in_(select(Area.id).where(tree.visible(actor)))


def holds() -> ColumnElement[bool]:
    """The times in a team that have not ended; one may have an end to come."""
    return or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > clock.now())


def _kept(actor: Actor) -> Any:
    keeper = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in KEEPERS))
    return scope.visible(keeper, Dataset.AREAS, tree.COLUMNS)


def _now(team_id: UUID) -> Any:
    return and_(TeamMember.team_id == team_id, holds())


async def _locked(session: AsyncSession, actor: Actor, team_id: UUID, expected_version: int | None) -> Team:
    mine = Team.area_id.in_(select(Area.id).where(_kept(actor)))
    team = await session.scalar(select(Team).where(Team.id == team_id, mine).with_for_update())
    if team is None:
        raise NotFound
    versions.require(team, expected_version)
    if team.ended_at is not None:
        raise TeamEnded
    return team


async def _require_room(session: AsyncSession, team: Team, joining: int) -> None:
    if team.capacity is None:
        return
    size = await session.scalar(select(func.count()).select_from(TeamMember).where(_now(team.id))) or 0
    if size + joining > team.capacity:
        raise TeamFull


async def _people(session: AsyncSession, team_id: UUID) -> list[TeamMemberRead]:
    statement = (
        select(
            TeamMember.member_id, Member.name, Member.work_phone, TeamMember.valid_from, TeamMember.valid_to
        )
        .join(Member, Member.id == TeamMember.member_id)
        .where(TeamMember.team_id == team_id)
        .order_by(TeamMember.valid_to.desc().nulls_first(), TeamMember.valid_from, TeamMember.id)
        .limit(500)
    )
    return [TeamMemberRead.model_validate(row) for row in await session.execute(statement)]


def _with_area() -> Any:
    size = select(func.count()).where(TeamMember.team_id == Team.id, holds())
    return select(Team, Area.name, size.correlate(Team).scalar_subquery()).join(Area, Area.id == Team.area_id)


def _read(row: Any) -> dict[str, Any]:
    team, area_name, size = row
    plain = ("id", "name", "kind", "capacity", "service_items", "public_phone", "ended_at", "version")
    return {name: getattr(team, name) for name in plain} | {
        "area": Ref(id=team.area_id, name=area_name),
        "size": size,
    }


async def _written(
    session: AsyncSession, actor: Actor, team: Team, action: str, data: dict[str, Any]
) -> None:
    versions.touch(team, actor)
    await session.flush()
    await _record(session, actor, action, team.id, data)


async def _record(
    session: AsyncSession, actor: Actor, action: str, team_id: UUID, data: dict[str, Any]
) -> None:
    line = audit.line(action=action, entity="team", entity_id=team_id, actor_id=actor.id, data=data)
    await together(session, [line, outbox.append(action, team_id, data)])
