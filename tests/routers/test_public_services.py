"""Which categories are open to the public is the administrators' to set, and counts at once."""

from typing import Any

import pytest

from tests.support.clients import Api
from tests.support.open311 import City, errors
from tests.support.problems import problem_in
from tests.support.world import World

PATH = "/v1/public-services"
NOISE: dict[str, Any] = {
    "description": "夜间噪声",
    "attributes": [
        {
            "code": "when",
            "datatype": "singlevaluelist",
            "description": "时段",
            "required": True,
            "values": [{"key": "night", "name": "22 时以后"}, {"key": "noon", "name": "午间"}],
        }
    ],
}


async def test_an_administrator_closes_and_opens_a_category_and_says_what_is_asked(
    api: Api, world: World
) -> None:
    city, admin = City(api, world), api.as_("system_admin")
    listed = {one["category_code"]: one for one in (await admin.get(PATH)).json()["items"]}
    assert listed["0507"]["enabled"]
    written = await admin.put(f"{PATH}/0507", json=NOISE, headers={"If-Match": '"1"'})
    assert (written.status_code, written.headers["etag"]) == (200, '"2"')
    assert errors(await city.post(service_code="0507"))[0][1].startswith("attribute[when]")
    assert (await city.post(service_code="0507", **{"attribute[when]": "night"})).status_code == 200
    definition = (await city.get("services/0507.json")).json()["attributes"]
    assert [(one["code"], one["order"]) for one in definition] == [("when", 1)]
    assert (await admin.put(f"{PATH}/0507", json=NOISE | {"enabled": False})).status_code == 200
    assert errors(await city.get("services/0507.xml"))[0][0] == 404
    assert errors(await city.post(service_code="0507"))[0][0] == 404
    opened = await admin.put(f"{PATH}/0109", json={"description": "交通事故赔偿"})
    assert opened.status_code == 200
    assert (await city.get("services/0109.json")).status_code == 200


async def test_a_stale_version_and_what_is_no_leaf_are_refused(api: Api) -> None:
    admin = api.as_("system_admin")
    problem_in(await admin.put(f"{PATH}/0507", json=NOISE, headers={"If-Match": '"9"'}), 412, "stale_version")
    problem_in(await admin.put(f"{PATH}/9998", json=NOISE), 404, "unknown_service")
    problem_in(await api.as_("dispatcher").put(f"{PATH}/0507", json=NOISE), 403, "forbidden")


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "Wann?"},
        {"code": "xml:lang"},
        {"values": []},
        {"datatype": "text"},
        {"values": [{"key": "a", "name": "甲"}, {"key": "a", "name": "乙"}]},
        {"datatype": "colour"},
    ],
)
async def test_an_attribute_that_no_client_could_read_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    body = NOISE | {"attributes": [NOISE["attributes"][0] | wrong]}
    assert (await api.as_("system_admin").put(f"{PATH}/0507", json=body)).status_code == 422
    twice = NOISE | {"attributes": NOISE["attributes"] * 2}
    assert (await api.as_("system_admin").put(f"{PATH}/0507", json=twice)).status_code == 422
