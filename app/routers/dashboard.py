"""The page of figures, that of third parties, and the files that they are made of; one signs in on them."""

import asyncio

from fastapi import APIRouter, Request, Response

from app.api import pages
from app.core.errors import NotFound

router = APIRouter(include_in_schema=False)
figures = APIRouter(prefix="/dashboard", include_in_schema=False)
clients = APIRouter(prefix="/clients", include_in_schema=False)


@figures.get("")
async def dashboard(request: Request) -> Response:
    """The page; asked for anew each time, and answered with 304 as long as it is the same."""
    return pages.reply(request, pages.page(pages.INDEX), pages.ASK_AGAIN)


@clients.get("")
async def clients_page(request: Request) -> Response:
    """The page that shows a third party its own use; it takes the token."""
    return pages.reply(request, pages.page(pages.CLIENTS), pages.ASK_AGAIN)


@figures.get(f"/plotly-{{version}}/{pages.PLOTLY}")
async def dashboard_plotly(request: Request, version: str) -> Response:
    """plotly.js of the version that is installed."""
    if version != pages.plotly_version():
        raise NotFound
    return pages.reply(request, await asyncio.to_thread(pages.plotly), pages.FOR_GOOD)


@figures.get("/{version}/{path:path}")
async def dashboard_file(request: Request, version: str, path: str) -> Response:
    """A script, a style sheet or the icon, of the present version only."""
    asset = pages.assets().get(path)
    if asset is None or version != pages.version():
        raise NotFound
    return pages.reply(request, asset, pages.FOR_GOOD)


router.include_router(figures)
router.include_router(clients)
