"""An Open311 client that knows nothing of us reads a real server; forms are posted as scripts post them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from georeport import GeoReport

from app.core.ids import uuid7
from tests.support.database import Server
from tests.support.open311 import FORM
from tests.support.photos import picture
from tests.support.served import HOST, free_port, served
from tests.support.world import World


@pytest.fixture
async def root(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A real server on the loopback; where its Open311 is."""
    monkeypatch.setenv("NO_PROXY", HOST)
    database = await server.create(f"wangge_311_{uuid7().hex[-8:]}")
    port = free_port()
    with served(database, tmp_path, port):
        yield f"http://{HOST}:{port}/open311/v2"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_georeport_reads_services_definitions_and_requests(root: str, world: World, form: str) -> None:
    files = [("media", ("photo", picture(), ""))]
    sent = {"api_key": world.client.token, **FORM}
    with httpx.Client(trust_env=False) as http:
        plain = http.post(f"{root}/requests.json", data={**sent, "service_code": "0603"}).raise_for_status()
        multipart = http.post(f"{root}/requests.json", data=sent, files=files).raise_for_status()
        ids = [reply.json()[0]["service_request_id"] for reply in (plain, multipart)]
        for request_id in ids:
            url = f"{root.removesuffix('/open311/v2')}/v1/tickets/{request_id}/publication"
            words = {"description": "沙龙路有垃圾堆放", "with_point": True}
            http.put(url, json=words, headers=world.as_("dispatcher")).raise_for_status()
        known = http.get(f"{root}/requests/{ids[0]}").raise_for_status().json()[0]
    city = GeoReport(root, jurisdiction="jiujiang.example", output_format=form)
    services = {service["service_code"]: service for service in city.get_service_list()}
    assert services["0602"]["service_name"] == "路灯"
    assert services["0602"]["metadata"] in {True, "true"}
    definition = city.get_service_definition("0602")
    asked = definition["attributes"] if form == "json" else definition["attributes"]["attribute"]
    assert [one["code"] for one in asked] == ["fault", "pole_no", "lamps"]
    listed = city.get_service_requests(status="open", start_date="2026-11-01T00:00:00Z")
    assert {one["service_request_id"] for one in listed} == set(ids)
    assert len(city.get_service_requests(service_request_id=",".join(ids))) == 2
    one = city.get_service_request(ids[0])
    assert {name: one[name] for name in ("service_name", "status", "requested_datetime", "description")} == {
        name: known[name] for name in ("service_name", "status", "requested_datetime", "description")
    }
    assert float(one["lat"]) == pytest.approx(22.835)
    with pytest.raises(Exception, match="404"):
        city.get_service_request("nobody")
