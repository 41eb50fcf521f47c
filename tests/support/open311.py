"""Open311 as a test speaks it: plain forms, both formats, and a dispatcher who publishes."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import httpx

from tests.support.clients import Api
from tests.support.world import World

BASE = "/open311/v2"
FORM = {
    "service_code": "0501",
    "lat": "22.835",
    "long": "113.005",
    "description": "沙龙路垃圾堆放三天没人清，请处理。",
}


class City:
    """The server as a client of the world sees it."""

    def __init__(self, api: Api, world: World) -> None:
        self.api, self.key = api, world.client.token

    async def get(self, path: str, **params: str) -> httpx.Response:
        """Read an address below the root."""
        return await self.api.get(f"{BASE}/{path}", params=params)

    async def post(self, path: str = "requests.json", **fields: Any) -> httpx.Response:
        """Report by an urlencoded form; a field that is None is left out."""
        form = {"api_key": self.key, **FORM, **fields}
        return await self.api.post(
            f"{BASE}/{path}", data={name: value for name, value in form.items() if value is not None}
        )

    async def report(self, **fields: Any) -> str:
        """Report something; the id of the request."""
        reply = await self.post(**fields)
        assert reply.status_code == 200, reply.text
        return str(reply.json()[0]["service_request_id"])

    async def publish(self, request_id: str, **words: Any) -> httpx.Response:
        """The dispatcher makes this public of it."""
        body = {"description": "沙龙路有垃圾堆放", **words}
        reply = await self.api.as_("dispatcher").put(f"/v1/tickets/{request_id}/publication", json=body)
        assert reply.status_code == 200, reply.text
        return reply

    async def listed(self, **params: str) -> list[str]:
        """The ids of the requests that the list shows."""
        reply = await self.get("requests.json", **params)
        assert reply.status_code == 200, reply.text
        return [one["service_request_id"] for one in reply.json()]


def tree(reply: httpx.Response) -> ET.Element:
    """A reply's XML, well-formed and said to be XML."""
    assert reply.headers["content-type"] == "text/xml; charset=utf-8", reply.text
    return ET.fromstring(reply.content)  # noqa: S314 - written by ourselves


def errors(reply: httpx.Response) -> list[tuple[int, str]]:
    """The errors of a reply in either format, code and description; each code is the status."""
    if reply.request.url.path.endswith(".xml"):
        root = tree(reply)
        assert root.tag == "errors"
        found = [{child.tag: child.text or "" for child in error} for error in root.findall("error")]
    else:
        assert reply.headers["content-type"] == "application/json; charset=utf-8", reply.text
        found = reply.json()
    assert found, reply.text
    told = [(int(one["code"]), str(one["description"])) for one in found]
    assert {code for code, _description in told} == {reply.status_code}
    assert all(description for _code, description in told)
    return told


def flat(element: ET.Element) -> Mapping[str, str | None]:
    """An element's children by name."""
    return {child.tag: child.text for child in element}
