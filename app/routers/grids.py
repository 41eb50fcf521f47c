"""Grids: which one a point is in."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.actors import AreaReader
from app.api.sessions import Session
from app.core.coordinates import CoordType
from app.schemas.area import AreaRead, AreaRef, LocateRead, PointRead
from app.services.areas import locate

router = APIRouter(prefix="/v1/grids", tags=["areas"])


@router.get("/locate", summary="定位网格", operation_id="grids_locate")
async def grids_locate(
    session: Session,
    actor: AreaReader,
    lng: Annotated[float, Query(allow_inf_nan=False, description="经度")],
    lat: Annotated[float, Query(allow_inf_nan=False, description="纬度")],
    coord_type: Annotated[CoordType, Query(description="坐标系，必填，不猜测")],
) -> LocateRead:
    """The smallest grid or micro-grid round the point; `grid` is null where there is none in the scope.

    A place without a grid is an answer, not an error: 200. The grid says whether its border is synthetic.
    """
    found = await locate.locate(session, actor=actor, lng=lng, lat=lat, coord_type=coord_type)
    return LocateRead(
        point=PointRead(lng=found.point.lng, lat=found.point.lat),
        grid=AreaRead.model_validate(found.grid) if found.grid else None,
        ancestors=[AreaRef.model_validate(area) for area in found.ancestors],
    )
