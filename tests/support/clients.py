"""An HTTP client on the application in this process, which can speak as anybody of the small town."""

from typing import Self

import httpx
from fastapi import FastAPI

from tests.support.contract import Held
from tests.support.world import World

BASE_URL = "http://test"


class Api(httpx.AsyncClient):
    """`httpx.AsyncClient` over ASGI; a bug of the application is raised in the test as it is.

    So is an answer that the OpenAPI document does not tell of.
    """

    def __init__(self, app: FastAPI, world: World, headers: dict[str, str] | None = None) -> None:
        super().__init__(transport=httpx.ASGITransport(Held(app)), base_url=BASE_URL, headers=headers)
        self._app = app
        self._world = world

    def as_(self, who: str) -> Self:
        """The same client as a person of the world, or as `api_client`; needs no closing."""
        return type(self)(self._app, self._world, self._world.as_(who))
