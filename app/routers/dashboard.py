"""The page of figures and the files that it is made of; whoever opens it signs in on it."""

import asyncio

from fastapi import APIRouter, Request, Response

from app.api import pages
from app.core.errors import NotFound

router = APIRouter(prefix="/dashboard", include_in_schema=False)


@router.get("")
async def dashboard(request: Request) -> Response:
    """The page; asked for anew each time, and answered with 304 as long as it is the same."""
    return pages.reply(request, pages.index(), pages.ASK_AGAIN)


@router.get(f"/plotly-{{version}}/{pages.PLOTLY}")
async def dashboard_plotly(request: Request, version: str) -> Response:
    """plotly.js of the version that is installed."""
    if version != pages.plotly_version():
        raise NotFound
    return pages.reply(request, await asyncio.to_thread(pages.plotly), pages.FOR_GOOD)


@router.get("/{version}/{path:path}")
async def dashboard_file(request: Request, version: str, path: str) -> Response:
    """A script, a style sheet or the icon, of the present version only."""
    asset = pages.assets().get(path)
    if asset is None or version != pages.version():
        raise NotFound
    return pages.reply(request, asset, pages.FOR_GOOD)
