"""Every way to be refused by Open311, in both formats; and hostile forms, which never break the server."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings
from tests.support.clients import Api
from tests.support.open311 import BASE, FORM, City, errors, tree
from tests.support.settings import settings_of_tests
from tests.support.tickets import Loop
from tests.support.world import World

FORMATS = pytest.mark.parametrize("form", ["json", "xml"])
SOME_ID = "0197f000-0000-7000-8000-000000000000"


@pytest.fixture
def city(api: Api, world: World) -> City:
    """The server as the world's third party sees it."""
    return City(api, world)


@FORMATS
@pytest.mark.parametrize(
    "path",
    [
        *("services/0102", "services/9998", "services/x", "services/%00"),
        *(f"requests/{SOME_ID}", "requests/x", "requests/%F0%9F%98%80", "tokens/x", "tokens/%00"),
        *("nothing", "requests/x/y", f"media/{SOME_ID}"),
    ],
)
async def test_what_is_not_there_is_404(city: City, path: str, form: str) -> None:
    assert errors(await city.get(f"{path}.{form}"))[0][0] == 404


@pytest.mark.parametrize("path", ["services.csv", "requests.html", "services/0501.pdf", "", "../v3/services"])
async def test_an_unknown_address_or_format_is_404_in_json(city: City, path: str) -> None:
    assert errors(await city.get(path))[0][0] == 404


@FORMATS
@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"start_date": "gestern"}, "start_date"),
        ({"end_date": "99999-01-01T00:00:00Z"}, "end_date"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "start_date"),
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-05-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-02-01T00:00:00Z"}, "end_date"),
        ({"updated_after": "\x00"}, "updated_after"),
        ({"status": "offen"}, "status"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": "9" * 400}, "page"),
        ({"page_size": "２"}, "page_size"),
    ],
)
async def test_a_wrong_parameter_is_400_and_named(
    city: City, params: dict[str, str], named: str, form: str
) -> None:
    ((code, description),) = errors(await city.get(f"requests.{form}", **params))
    assert (code, description.partition(":")[0]) == (400, named)


@FORMATS
@pytest.mark.parametrize("key", [None, "", "wrong", "wg_worldclient.wrong", "wg_nobody.x", "é" * 500])
async def test_a_missing_or_wrong_key_is_403(city: City, key: str | None, form: str) -> None:
    assert errors(await city.post(f"requests.{form}", api_key=key))[0][0] == 403
    fields = {"service_request_id": SOME_ID, "description": "x"}
    reply = await city.post(f"servicerequestupdates.{form}", api_key=key, **fields)
    assert errors(reply)[0][0] == 403


@FORMATS
async def test_the_token_of_a_person_is_no_key(city: City, world: World, form: str) -> None:
    token = world.as_("dispatcher")["Authorization"].removeprefix("Bearer ")
    assert errors(await city.post(f"requests.{form}", api_key=token))[0][0] == 403
    assert errors(await city.get(f"requests.{form}", api_key=token))[0][0] == 403


@FORMATS
@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"service_code": None}, 400, "service_code"),
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "9998"}, 404, None),
        ({"service_code": "0102"}, 404, None),
        ({"lat": None, "long": None}, 400, "lat"),
        ({"lat": "22.8", "long": ""}, 400, "long"),
        ({"lat": "nan"}, 400, "lat"),
        ({"lat": "113.005", "long": "22.835"}, 400, "lat"),
        ({"lat": "0", "long": "0"}, 400, "lat"),
        ({"description": "字" * 4001}, 400, "description"),
        ({"phone": "12345"}, 400, "phone"),
        ({"phone": "8123 4567"}, 400, "phone"),
        ({"media_url": "file:///etc/passwd"}, 400, "media_url"),
        ({"description": "a\x00b"}, 400, "description"),
        ({"service_code": "0602"}, 400, "attribute[fault]"),
        ({"service_code": "0602", "attribute[fault]": "x"}, 400, "attribute[fault]"),
        ({"service_code": "0603", "attribute[seen_at]": "gestern"}, 400, "attribute[seen_at]"),
        ({"lat": None, "long": None, "address_id": "x"}, 404, None),
        ({"lat": None, "long": None, "address_id": SOME_ID}, 404, None),
    ],
)
async def test_a_wrong_report_is_refused_and_says_why(
    city: City, fields: dict[str, Any], code: int, named: str | None, form: str
) -> None:
    ((status, description), *_rest) = errors(await city.post(f"requests.{form}", **fields))
    assert status == code
    assert named is None or description.partition(":")[0] == named


@FORMATS
async def test_all_that_is_missing_is_named_at_once(city: City, form: str) -> None:
    reply = await city.post(f"requests.{form}", service_code=None, lat=None, long=None)
    assert [told.partition(":")[0] for _code, told in errors(reply)] == ["service_code", "lat"]


@FORMATS
async def test_an_update_that_says_nothing_or_of_nobodys_request_is_refused(city: City, form: str) -> None:
    request_id = await city.report()
    told = {"description": "还在"}
    for fields, code in (
        (told, 400),
        ({"service_request_id": request_id, "description": None}, 400),
        ({"service_request_id": request_id, "status": "DONE", **told}, 400),
        ({"service_request_id": "x", **told}, 404),
        ({"service_request_id": SOME_ID, **told}, 404),
    ):
        reply = await city.post(f"servicerequestupdates.{form}", **fields)
        assert errors(reply)[0][0] == code, fields


@FORMATS
@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {"content-type": "text/xml"},
        {"content-type": "multipart/form-data"},
        {"content-type": "multipart/form-data; boundary=" + "x" * 400},
        {"content-type": "multipart/form-data; boundary=é".encode("latin-1")},
        {"content-type": "text/plain; charset=utf-16"},
    ],
)
async def test_what_is_no_form_is_400_whatever_it_holds(city: City, headers: Any, form: str) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'
    for body in (bomb, b"\xff\xfe", b'{"api_key": 1}'):
        reply = await city.api.post(f"{BASE}/requests.{form}", content=body, headers=headers)
        assert errors(reply)[0][0] == 400


@FORMATS
async def test_too_much_is_refused_in_the_same_form(city: City, form: str) -> None:
    reply = await city.post(f"servicerequestupdates.{form}", description="x" * 1_100_000)
    assert errors(reply)[0][0] == 413
    files = [("media", ("a.jpg", b"\xff\xd8\xff" + bytes(11_000_000), "image/jpeg"))]
    reply = await city.api.post(f"{BASE}/requests.{form}", data={**FORM, "api_key": city.key}, files=files)
    assert errors(reply)[0][0] == 413


@FORMATS
async def test_a_file_that_is_none_of_ours_is_400(city: City, form: str) -> None:
    for content in (b"", b"MZ" + bytes(200), b"<html>" * 9):
        files = [("media", ("a.jpg", content, "image/jpeg"))]
        reply = await city.api.post(
            f"{BASE}/requests.{form}", data={**FORM, "api_key": city.key}, files=files
        )
        assert errors(reply)[0][0] == 400


@FORMATS
async def test_a_wrong_method_says_so_in_the_same_form(city: City, form: str) -> None:
    reply = await city.api.delete(f"{BASE}/requests.{form}")
    assert errors(reply)[0][0] == 405
    assert "GET" in reply.headers["allow"]


@FORMATS
async def test_what_can_be_withdrawn_no_more_is_400(city: City, world: World, form: str) -> None:
    request_id = await city.report()
    loop = Loop(city.api, world)
    loop.id = request_id
    await loop.read()
    await loop.to("dispatched")
    fields = {"service_request_id": request_id, "status": "CANCELLED"}
    assert errors(await city.post(f"servicerequestupdates.{form}", **fields))[0][0] == 400
    assert (await loop.read())["status"] == "dispatched"


def away(*_anything: object) -> None:
    """What it is like while the database is away."""
    raise ConnectionRefusedError


@FORMATS
@pytest.mark.parametrize(("instead", "status"), [(None, 500), (away, 503)])
async def test_a_bug_and_an_outage_are_told_in_the_same_form(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, form: str, instead: Any, status: int
) -> None:
    monkeypatch.setattr("app.services.exchange.open311.catalogue.services.listed", instead)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert errors(await client.get(f"{BASE}/services.{form}"))[0][0] == status


async def test_errors_come_in_english_to_whoever_prefers_it(city: City) -> None:
    reply = await city.api.get(f"{BASE}/tokens/x.xml", headers={"accept-language": "en"})
    assert tree(reply).findtext("error/description") == "Not found, or outside your area"


async def test_another_jurisdiction_is_not_here(
    city: City, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = settings_of_tests().model_dump() | {"jurisdiction": "jiujiang.example"}
    monkeypatch.setattr(app.state, "settings", Settings(_env_file=None, **values))
    assert (await city.get("services.json", jurisdiction_id="jiujiang.example")).status_code == 200
    assert (await city.get("services.json", jurisdiction_id="")).status_code == 200
    assert errors(await city.get("services.xml", jurisdiction_id="elsewhere.example"))[0][0] == 404
    assert errors(await city.post(jurisdiction_id="elsewhere.example"))[0][0] == 404
    assert (await city.post(jurisdiction_id="jiujiang.example")).status_code == 200


NAMES = st.sampled_from(
    [*FORM, "phone", "attribute[kind]", "attribute[kind][]", "media", "media_url", "address_id"]
)
ASKED = st.sampled_from(
    [
        *("service_request_id", "service_code", "start_date", "end_date", "status", "page", "page_size"),
        *("updated_after", "updated_before", "extensions", "jurisdiction_id", "x"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=60), st.sampled_from(["0501", "0602", "22.835", "1e999", "\x00", "￿", ""])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(NAMES, VALUES, max_size=8),
    raw=st.none() | st.binary(max_size=200),
    multipart=st.booleans(),
    form=st.sampled_from(["json", "xml"]),
)
async def test_no_form_breaks_the_server(
    city: City, fields: dict[str, str], raw: bytes | None, multipart: bool, form: str
) -> None:
    sent = {"api_key": city.key, **FORM, **fields}
    url = f"{BASE}/requests.{form}"
    if raw is not None:
        kind = "multipart/form-data; boundary=b" if multipart else "application/x-www-form-urlencoded"
        reply = await city.api.post(url, content=raw, headers={"content-type": kind})
    elif multipart:
        parts = [(name, (None, value.encode(errors="replace"))) for name, value in sent.items()]
        reply = await city.api.post(url, files=parts)
    else:
        reply = await city.api.post(
            url, data={name: value.encode(errors="replace") for name, value in sent.items()}
        )
    if reply.status_code != 200:
        assert errors(reply)[0][0] in {400, 403, 404}, reply.text
    elif form == "xml":
        tree(reply)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    params=st.dictionaries(ASKED, VALUES, max_size=5),
    path=st.sampled_from(["requests.json", "requests.xml", "servicerequestupdates.xml"]),
)
async def test_no_query_breaks_the_server(city: City, params: dict[str, str], path: str) -> None:
    encoded = {name: value.encode(errors="replace") for name, value in params.items()}
    reply = await city.api.get(f"{BASE}/{path}", params=encoded)
    if reply.status_code != 200:
        assert errors(reply)[0][0] == 400, reply.text
    elif path.endswith("xml"):
        tree(reply)
