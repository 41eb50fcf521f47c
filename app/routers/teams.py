"""Teams: lists, one with its people, making, changing, ending, joining and leaving."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import StaffReader, TeamKeeper
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums.staff import TeamKind
from app.models.team import Team
from app.schemas.history import ChangeRead
from app.schemas.team import TeamCreate, TeamDetail, TeamJoin, TeamPatch, TeamRead
from app.schemas.types import PageRead
from app.services.platform import record_history
from app.services.staff import teams

PREFIX = "/v1/teams"
router = APIRouter(
    prefix=PREFIX, tags=["staff"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="队伍列表", operation_id="teams_list")
async def teams_list(
    *,
    session: Session,
    actor: StaffReader,
    kind: TeamKind | None = None,
    member_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[TeamRead]:
    """The teams that concern the caller's areas."""
    page = await teams.page(session, actor=actor, kind=kind, member_id=member_id, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="组建队伍", operation_id="team_create")
async def team_create(
    session: Session, actor: TeamKeeper, response: Response, body: TeamCreate
) -> TeamDetail:
    """Make a team in an area of one's own."""
    team = await teams.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/{team.id}"
    return _tagged(response, team)


@router.get("/{team_id}", summary="队伍详情", operation_id="team_read")
async def team_read(session: Session, actor: StaffReader, response: Response, team_id: UUID) -> TeamDetail:
    """One team with everybody who belongs or belonged to it."""
    return _tagged(response, await teams.detail(session, actor=actor, team_id=team_id))


@router.get("/{team_id}/history", summary="队伍变更记录", operation_id="team_history")
async def team_history(session: Session, actor: StaffReader, team_id: UUID) -> list[ChangeRead]:
    """Who made, changed or ended a team, who let whom join or leave, and when, the latest first."""
    within = teams.visible(actor)
    return await record_history.changes(session, table=Team, row_id=team_id, within=within)


@router.patch("/{team_id}", summary="修改队伍", operation_id="team_change")
async def team_change(
    session: Session,
    actor: TeamKeeper,
    response: Response,
    team_id: UUID,
    body: TeamPatch,
    if_match: IfMatch = None,
) -> TeamDetail:
    """Change a team; 409 for a capacity below its size."""
    expected = etags.expected_version(if_match)
    team = await teams.change(session, actor=actor, team_id=team_id, changes=body, expected_version=expected)
    return _tagged(response, team)


@router.post("/{team_id}/end", summary="撤销队伍", operation_id="team_end")
async def team_end(
    session: Session, actor: TeamKeeper, response: Response, team_id: UUID, if_match: IfMatch = None
) -> TeamDetail:
    """End a team now, and with it everybody's time in it."""
    expected = etags.expected_version(if_match)
    return _tagged(
        response, await teams.end(session, actor=actor, team_id=team_id, expected_version=expected)
    )


@router.post("/{team_id}/members", status_code=201, summary="加入队伍", operation_id="team_join")
async def team_join(
    session: Session,
    actor: TeamKeeper,
    response: Response,
    team_id: UUID,
    body: TeamJoin,
    if_match: IfMatch = None,
) -> TeamDetail:
    """Let a member join; 409 when the team is full."""
    team = await teams.join(
        session,
        actor=actor,
        team_id=team_id,
        member_id=body.member_id,
        expected_version=etags.expected_version(if_match),
    )
    return _tagged(response, team)


@router.delete(
    "/{team_id}/members/{member_id}", status_code=204, summary="退出队伍", operation_id="team_leave"
)
async def team_leave(
    session: Session, actor: TeamKeeper, team_id: UUID, member_id: UUID, if_match: IfMatch = None
) -> None:
    """Let a member leave; their time in the team stays on record."""
    expected = etags.expected_version(if_match)
    await teams.leave(session, actor=actor, team_id=team_id, member_id=member_id, expected_version=expected)


def _tagged(response: Response, team: TeamDetail) -> TeamDetail:
    response.headers["ETag"] = etags.of_version(team.version)
    return team
