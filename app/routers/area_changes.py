"""What happens to areas, for administrators: moves, mergers, splits, the end; and an area's history."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import Admin, AreaReader
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.area import AreaDetail, AreaRead, AreaRef
from app.schemas.area_change import AreaHistory, AreaMerge, AreaMove, GridSplit
from app.services.areas.tree import Chain
from app.services.registry import area_end as ending
from app.services.registry import grid_changes

router = APIRouter(
    prefix="/v1/areas/{area_id}",
    tags=["areas"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("/history", summary="区域变更记录", operation_id="area_history")
async def area_history(session: Session, actor: AreaReader, area_id: UUID) -> AreaHistory:
    """What happened to an area, the latest first, and who wrote what."""
    return await grid_changes.past(session, actor=actor, area_id=area_id)


@router.post("/move", summary="区域划转", operation_id="area_move")
async def area_move(
    session: Session,
    actor: Admin,
    area_id: UUID,
    body: AreaMove,
    response: Response,
    if_match: IfMatch = None,
) -> AreaDetail:
    """A village, grid or micro-grid below another parent; households and open tickets follow."""
    expected = etags.expected_version(if_match)
    chain = await grid_changes.move(
        session, actor=actor, area_id=area_id, body=body, expected_version=expected
    )
    return _detail(chain, response)


@router.post("/merge", summary="区域合并", operation_id="area_merge")
async def area_merge(
    session: Session,
    actor: Admin,
    area_id: UUID,
    body: AreaMerge,
    response: Response,
    if_match: IfMatch = None,
) -> AreaDetail:
    """An area goes into another of its level and ends; the answer is the other one."""
    expected = etags.expected_version(if_match)
    chain = await grid_changes.merge(
        session, actor=actor, area_id=area_id, body=body, expected_version=expected
    )
    return _detail(chain, response)


@router.post("/split", status_code=201, summary="网格拆分", operation_id="area_split")
async def area_split(
    session: Session, actor: Admin, area_id: UUID, body: GridSplit, if_match: IfMatch = None
) -> list[AreaRead]:
    """Parts of a grid become grids of their own; the answer is the new ones."""
    expected = etags.expected_version(if_match)
    made = await grid_changes.split(
        session, actor=actor, area_id=area_id, body=body, expected_version=expected
    )
    return [AreaRead.model_validate(chain.area) for chain in made]


@router.post("/end", summary="撤销区域", operation_id="area_end")
async def area_end(
    session: Session, actor: Admin, area_id: UUID, response: Response, if_match: IfMatch = None
) -> AreaDetail:
    """Close an area in which nobody is and nothing is left to do, from today on."""
    expected = etags.expected_version(if_match)
    chain = await ending.end(session, actor=actor, area_id=area_id, expected_version=expected)
    return _detail(chain, response)


def _detail(chain: Chain, response: Response) -> AreaDetail:
    response.headers["ETag"] = etags.of_version(chain.area.version)
    detail = AreaDetail.model_validate(chain.area)
    detail.ancestors = [AreaRef.model_validate(area) for area in chain.ancestors]
    return detail
