"""What a screen shows besides figures: the map, the last steps, the tickets of a figure, and all at once."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.documented import refusals
from app.api.polled import UNCHANGED, Polled
from app.core.errors import BadRequest
from app.schemas.stats_screen import CountedQuery, LiveQuery, MapQuery, Narrowed, ScreenAsked, ScreenRead
from app.schemas.stats_shown import CountedRead, LiveRead, MapRead, ShapesRead
from app.services.stats import counted, grids, questions

router = APIRouter(prefix="/v1/stats", tags=["stats"])
SHAPES_CACHE = "private, max-age=300"
# In the longest spelling of an address still less than a server reads of one.
LONGEST = 5_000


@router.get(
    "/screen",
    summary="整屏",
    operation_id="stats_screen",
    response_model=ScreenRead,
    responses={**UNCHANGED, **refusals(BadRequest)},
)
async def stats_screen(
    polled: Polled,
    ask: Annotated[
        str | None,
        Query(max_length=LONGEST, description="JSON：{questions: [{name, kind, …}]}，不填为通用的一屏"),
    ] = None,
) -> Response:
    """Several questions answered at once, each as by its own address, all under one ETag."""
    wanted = _questions(ask) if ask is not None else questions.STANDARD

    async def answers(session: AsyncSession) -> BaseModel:
        return await questions.screen(session, actor=polled.actor, asked=wanted)

    return await polled.told(answers)


@router.get("/map", summary="网格地图", operation_id="stats_map", response_model=MapRead, responses=UNCHANGED)
async def stats_map(polled: Polled, query: Annotated[MapQuery, Query()]) -> Response:
    """The grids as GeoJSON with what they are coloured by; `geometry=false` for who has the outlines."""
    return await polled.figures(query)


@router.get(
    "/shapes",
    summary="网格边界",
    operation_id="stats_shapes",
    response_model=ShapesRead,
    responses=UNCHANGED,
)
async def stats_shapes(polled: Polled, query: Annotated[Narrowed, Query()]) -> Response:
    """The outlines of the map's grids, simplified; they change when an area does."""

    async def shapes(session: AsyncSession) -> BaseModel:
        return await grids.shapes(session, actor=polled.actor, asked=questions.about(query))

    return await polled.told(shapes, mark=grids.mark, cache=SHAPES_CACHE)


@router.get(
    "/live", summary="实时动态", operation_id="stats_live", response_model=LiveRead, responses=UNCHANGED
)
async def stats_live(polled: Polled, query: Annotated[LiveQuery, Query()]) -> Response:
    """The last steps of tickets, newest first, without persons; confidential tickets do not appear."""
    return await polled.figures(query)


@router.get(
    "/counted",
    summary="指标背后的工单",
    operation_id="stats_counted",
    response_model=CountedRead,
    responses=UNCHANGED,
)
async def stats_counted(polled: Polled, query: Annotated[CountedQuery, Query()]) -> Response:
    """The tickets that a figure counted, and how often each; titles for those alone who may see them."""

    async def tickets(session: AsyncSession) -> BaseModel:
        return await counted.page(session, actor=polled.actor, asked=query)

    return await polled.told(tickets, own=True)


def _questions(ask: str) -> ScreenAsked:
    """The questions of a screen; what is wrong with them as with any parameter."""
    try:
        return ScreenAsked.model_validate_json(ask)
    except ValidationError as wrong:
        findings = [
            {**one, "loc": ("query", "ask", *one["loc"])} for one in wrong.errors(include_input=False)
        ]
        raise RequestValidationError(findings) from wrong
