"""Open311 GeoReport v2 over HTTP: discovery, services, reports, lists, updates, in JSON and XML."""

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.public import Publication, PublicService
from app.models.ticket import Ticket
from tests.support.clients import Api
from tests.support.contract import document
from tests.support.open311 import BASE, FORM, City, errors, flat, tree
from tests.support.photos import picture
from tests.support.third_parties import register
from tests.support.world import World

EDGE = "----an edge"
TRICKS = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>&a;&amp;<b>\u2028<![CDATA[x]]>]]><?xml?>'
FIELDS = {
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "description"),
    *("agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime"),
    *("address", "address_id", "zipcode", "lat", "long", "media_url"),
}


def untyped(form: dict[str, str], file_name: str, content: bytes, name: str = "media") -> dict[str, Any]:
    """A multipart request whose file has no `Content-Type` at all, as some clients write it."""
    parts = [f'name="{field}"\r\n\r\n{value}'.encode() for field, value in form.items()]
    parts.append(f'name="{name}"; filename="{file_name}"\r\n\r\n'.encode() + content)
    head = f"--{EDGE}\r\nContent-Disposition: form-data; ".encode()
    body = b"".join(head + part + b"\r\n" for part in parts) + f"--{EDGE}--\r\n".encode()
    return {"content": body, "headers": {"content-type": f'multipart/form-data; boundary="{EDGE}"'}}


@pytest.fixture
def city(api: Api, world: World) -> City:
    """The server as the world's third party sees it."""
    return City(api, world)


@pytest.mark.parametrize(
    ("suffix", "kind"), [("", "application/json"), (".json", "application/json"), (".xml", "text/xml")]
)
async def test_the_suffix_alone_says_in_which_format(city: City, suffix: str, kind: str) -> None:
    for path in ("discovery", "services", "services/0501", "requests", "servicerequestupdates", "tokens/x"):
        for accept in ("text/xml", "application/json", "text/html"):
            reply = await city.api.get(f"{BASE}/{path}{suffix}", headers={"accept": accept})
            assert reply.headers["content-type"] == f"{kind}; charset=utf-8", path


async def test_every_answer_in_xml_has_the_root_that_the_document_tells(city: City) -> None:
    request_id = await city.report()
    await city.publish(request_id)
    told = document()["paths"]
    for path in ("discovery", "services", "services/{service_code}", "requests", "servicerequestupdates"):
        media = told[f"{BASE}/{path}.{{form}}"]["get"]["responses"]["200"]["content"]["text/xml"]
        found = tree(await city.get(f"{path.format(service_code='0602')}.xml"))
        example = ET.fromstring(media["example"].encode())  # noqa: S314 - written by ourselves
        assert found.tag == example.tag == media["schema"]["xml"]["name"]


@pytest.mark.parametrize("suffix", ["", ".json"])
async def test_discovery_names_where_the_services_are(city: City, suffix: str) -> None:
    found = (await city.get(f"discovery{suffix}")).json()
    (endpoint,) = found["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert (endpoint["url"], endpoint["type"]) == ("http://test/open311/v2", "test")
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert {"changeset", "contact", "key_service"} <= found.keys()
    root = tree(await city.get("discovery.xml"))
    assert root.tag == "discovery"
    assert root.findtext("endpoints/endpoint/url") == endpoint["url"]
    assert [one.text for one in root.findall("endpoints/endpoint/formats/format")] == endpoint["formats"]


async def test_the_services_are_the_categories_that_are_open_to_the_public(city: City) -> None:
    services = {one["service_code"]: one for one in (await city.get("services.json")).json()}
    assert services["0501"] == {
        "service_code": "0501",
        "service_name": "暴露垃圾",
        "description": "暴露垃圾的上报",
        "metadata": True,
        "type": "realtime",
        "keywords": "暴露垃圾,Exposed rubbish",
        "group": "市容环境",
    }
    assert not services.keys() & {"0102", "0203", "0207", "0903", "1305"}
    root = tree(await city.get("services.xml"))
    assert root.tag == "services"
    assert [one.findtext("service_code") for one in root.findall("service")] == list(services)
    assert root.findtext("service/metadata") in {"true", "false"}


async def test_a_definition_says_what_is_asked(city: City) -> None:
    found = (await city.get("services/0602.json")).json()
    assert found["service_code"] == "0602"
    fault, pole, lamps = found["attributes"]
    assert (fault["datatype"], fault["required"], fault["variable"]) == ("singlevaluelist", True, True)
    assert {"key": "out", "name": "不亮"} in fault["values"]
    assert (pole["order"], pole["datatype_description"], lamps["datatype"]) == (
        2,
        "灯杆上的号牌，没有可不填",
        "number",
    )
    root = tree(await city.get("services/0602.xml"))
    assert root.tag == "service_definition"
    assert root.findtext("attributes/attribute/values/value/key") == "out"
    assert (await city.get("services/0502.json")).json()["attributes"] == []


async def test_a_report_becomes_a_ticket_that_waits_to_be_accepted(city: City) -> None:
    reply = await city.post(last_name="关", first_name="大婶", phone="+86 138-1234-5678", email="a@b.example")
    (created,) = reply.json()
    assert created.keys() == {"service_request_id", "service_notice", "account_id"}
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{created['service_request_id']}")).json()
    assert (ticket["status"], ticket["source"]) == ("reported", "third_party")
    assert ticket["area_name"] == "儒林第一网格"
    assert ticket["content"] == "沙龙路垃圾堆放三天没人清，请处理。"
    assert ticket["contact"]["name"] == "关*婶"
    assert ticket["contact"]["phone"].endswith("5678")
    assert "1381234" not in str(ticket)


async def test_a_report_by_multipart_brings_a_photo_without_a_type(city: City) -> None:
    form = {"api_key": city.key, "service_code": "0501", "address_string": "沙龙路 12 号"}
    reply = await city.api.post(f"{BASE}/requests.xml", **untyped(form, "a", picture()))
    root = tree(reply)
    assert root.tag == "service_requests"
    ticket_id = root.findtext("request/service_request_id")
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{ticket_id}")).json()
    assert [one["mime"] for one in ticket["attachments"]] == ["image/jpeg"]
    assert (ticket["address"], ticket["area_name"]) == ("沙龙路 12 号", "儒林社区")


@pytest.mark.parametrize("name", ["media", "other"])
async def test_a_file_field_that_nobody_filled_is_absent(city: City, name: str) -> None:
    form = {"api_key": city.key, "service_code": "0501", "address_string": "沙龙路 12 号"}
    reply = await city.api.post(f"{BASE}/requests.json", **untyped(form, "", b"", name))
    ticket_id = reply.json()[0]["service_request_id"]
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{ticket_id}")).json()
    assert ticket["attachments"] == []


async def test_a_form_that_was_not_encoded_for_a_url_is_read_as_it_was_meant(city: City) -> None:
    body = f"api_key={city.key}&service_code=0501&lat=22.835&long=113.005&description=路灯下有垃圾".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    reply = await city.api.post(f"{BASE}/requests", content=body, headers=headers)
    ticket_id = reply.json()[0]["service_request_id"]
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{ticket_id}")).json()
    assert ticket["content"] == "路灯下有垃圾"


async def test_answers_are_checked_and_reach_whoever_handles_it(city: City) -> None:
    wrong = await city.post(service_code="0602", **{"attribute[lamps]": "三"})
    assert [description.partition(":")[0] for _code, description in errors(wrong)] == [
        "attribute[fault]",
        "attribute[lamps]",
    ]
    sent = {"attribute[fault]": "out", "attribute[lamps]": "3"}
    request_id = await city.report(service_code="0602", **sent)
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{request_id}")).json()
    assert ticket["content"].splitlines()[1:] == ["故障情况：不亮", "不亮的灯数：3"]
    request_id = await city.report(**{"attribute[kind][]": ["bulky", "other"]})
    own = await city.get(f"requests/{request_id}.json", api_key=city.key, extensions="true")
    assert own.json()[0]["extended_attributes"] == {"kind": ["bulky", "other"]}
    assert own.json()[0]["notes"] == []


async def test_nothing_is_public_before_a_dispatcher_says_so(city: City) -> None:
    request_id = await city.report()
    for form in ("json", "xml"):
        assert errors(await city.get(f"requests/{request_id}.{form}"))[0][0] == 404
    assert await city.listed() == []
    assert await city.listed(service_request_id=request_id) == []
    await city.publish(request_id)
    assert await city.listed() == [request_id]
    (shown,) = (await city.get(f"requests/{request_id}.json")).json()
    assert shown.keys() == FIELDS
    assert shown["description"] == "沙龙路有垃圾堆放"
    assert (shown["lat"], shown["long"], shown["address"], shown["address_id"]) == (None,) * 4
    gone = await city.api.as_("dispatcher").delete(f"/v1/tickets/{request_id}/publication")
    assert gone.status_code == 204
    assert await city.listed() == []


async def test_a_request_looks_the_same_in_xml(city: City) -> None:
    request_id = await city.report()
    await city.publish(request_id, description=TRICKS, address="沙龙路", with_point=True)
    (shown,) = (await city.get(f"requests/{request_id}")).json()
    root = tree(await city.get(f"requests/{request_id}.xml"))
    assert root.tag == "service_requests"
    (request,) = root.findall("request")
    assert flat(request) == {name: None if value is None else str(value) for name, value in shown.items()}
    assert (shown["lat"], shown["long"], shown["address"]) == (22.835, 113.005, "沙龙路")
    assert (shown["service_name"], shown["description"]) == ("暴露垃圾", TRICKS)
    assert datetime.fromisoformat(shown["requested_datetime"]).utcoffset() == timedelta(hours=8)


async def test_a_published_photo_is_public_and_another_is_not(city: City) -> None:
    form = {"api_key": city.key, "service_code": "0501", "lat": "22.835", "long": "113.005"}
    files = [("media", ("a.jpg", picture(turn=turn), "image/jpeg")) for turn in (1, 3)]
    reply = await city.api.post(f"{BASE}/requests.json", data=form, files=files)
    request_id = reply.json()[0]["service_request_id"]
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{request_id}")).json()
    first, second = (one["id"] for one in ticket["attachments"])
    await city.publish(request_id, photo_ids=[first])
    (shown,) = (await city.get(f"requests/{request_id}.json")).json()
    assert shown["media_url"] == f"http://test{BASE}/media/{first}"
    assert (await city.api.get(shown["media_url"])).headers["content-type"] == "image/jpeg"
    assert (await city.get(f"media/{second}")).status_code == 404
    wrong = {"photo_ids": [request_id]}
    refused = await city.api.as_("dispatcher").put(f"/v1/tickets/{request_id}/publication", json=wrong)
    assert refused.status_code == 422


async def test_the_list_is_narrowed_by_every_parameter(city: City, session: AsyncSession) -> None:
    ids = [await city.report(service_code=code) for code in ("0501", "0502", "0603")]
    for number, request_id in enumerate(ids):
        await city.publish(request_id)
        at = clock.now() - timedelta(days=100 * number)
        await session.execute(update(Ticket).where(Ticket.id == request_id).values(reported_at=at))
        statement = update(Publication).where(Publication.ticket_id == request_id)
        await session.execute(statement.values(reported_at=at))
    await session.commit()
    first, second, third = ids
    assert await city.listed() == [first]
    assert set(await city.listed(service_request_id=f"{first},{third},nobody")) == {first, third}
    # Ids override all else, however little it would fit.
    rest = {"status": "closed", "service_code": "0502", "page_size": "1", "page": "2", "start_date": "x"}
    assert set(await city.listed(service_request_id=f"{first},{third}", **rest)) == {first, third}
    since = (clock.now() - timedelta(days=150)).isoformat()
    assert await city.listed(start_date=since) == [second]
    assert await city.listed(start_date=since.replace("+", " ")) == [second]
    assert await city.listed(end_date=since) == [third]
    assert await city.listed(end_date="2026-01-01") == []
    assert await city.listed(start_date=since, service_code="0501,0603") == []
    assert await city.listed(start_date=since, status="open") == [second]
    assert await city.listed(start_date=since, status="closed") == []
    assert await city.listed(start_date="", status="", service_code="", api_key="") == [first]
    lately = (clock.now() - timedelta(hours=1)).isoformat()
    assert set(await city.listed(updated_after=lately)) == set(ids)
    assert await city.listed(updated_after=lately, page_size="2", page="2") == [third]
    assert await city.listed(page="9") == []


async def test_a_closed_request_says_so_and_why(city: City) -> None:
    request_id = await city.report()
    body = {"action": "reject", "reason": "not_ours", "opinion": "内部意见"}
    reply = await city.api.as_("dispatcher").post(f"/v1/tickets/{request_id}/actions", json=body)
    assert reply.status_code == 200
    await city.publish(request_id)
    (shown,) = (await city.get(f"requests/{request_id}.json")).json()
    assert (shown["status"], shown["status_notes"]) == ("closed", "不予受理")
    assert await city.listed(status="open") == []
    assert await city.listed(status="open,closed") == [request_id]
    await city.publish(request_id, reply="属于国道管养范围，已转告公路部门")
    (shown,) = (await city.get(f"requests/{request_id}.json")).json()
    assert shown["status_notes"] == "属于国道管养范围，已转告公路部门"


async def test_a_client_sees_its_own_report_before_it_is_published(city: City) -> None:
    request_id = await city.report()
    assert await city.listed(api_key=city.key) == [request_id]
    (own,) = (await city.get(f"requests/{request_id}.json", api_key=city.key)).json()
    assert (own["description"], own["lat"]) == ("沙龙路垃圾堆放三天没人清，请处理。", 22.835)
    assert errors(await city.get("requests.xml", api_key="wg_worldclient.wrong"))[0][0] == 403


async def test_a_batch_service_gives_a_token_and_the_id_when_it_is_accepted(
    city: City, session: AsyncSession
) -> None:
    await session.execute(
        update(PublicService).where(PublicService.category_code == "0502").values(kind="batch")
    )
    await session.commit()
    reply = await city.post(service_code="0502")
    (created,) = reply.json()
    assert "service_request_id" not in created
    token = created["token"]
    assert (await city.get(f"tokens/{token}.json")).json() == [{"service_request_id": None, "token": token}]
    (ticket_id,) = await session.scalars(text("SELECT ticket_id FROM public_report"))
    await city.api.as_("dispatcher").post(f"/v1/tickets/{ticket_id}/actions", json={"action": "accept"})
    root = tree(await city.get(f"tokens/{token}.xml"))
    assert root.findtext("request/service_request_id") == str(ticket_id)
    assert errors(await city.get("tokens/nobody.xml"))[0][0] == 404


async def test_updates_tell_each_change_of_state_and_no_words(city: City) -> None:
    request_id = await city.report()
    await city.publish(request_id)
    for body in ({"action": "accept", "opinion": "内部意见"}, {"action": "comment", "opinion": "内部意见"}):
        await city.api.as_("dispatcher").post(f"/v1/tickets/{request_id}/actions", json=body)
    (told,) = (await city.get("servicerequestupdates.json")).json()
    assert (told["service_request_id"], told["status"]) == (request_id, "INVESTIGATING")
    assert (told["description"], told["media_url"]) == ("已受理待推送", None)
    root = tree(await city.get("servicerequestupdates.xml", api_key=city.key))
    assert root.tag == "service_requests_updates"
    assert flat(root.findall("request_update")[0]) == told
    later = (clock.now() + timedelta(minutes=1)).isoformat()
    assert (await city.get("servicerequestupdates.json", start_date=later)).json() == []
    assert (await city.get(f"requests/{request_id}.json", extensions="true")).json()[0]["notes"][0][
        "type"
    ] == ("INVESTIGATING")


async def test_a_client_updates_and_withdraws_its_own_request(city: City) -> None:
    request_id = await city.report()
    fields = {
        "api_key": city.key,
        "service_request_id": request_id,
        "update_id": "u-1",
        "description": "又多了",
    }
    reply = await city.api.post(f"{BASE}/servicerequestupdates.json", data=fields)
    assert reply.json() == [{"update_id": "u-1"}]
    events = (await city.api.as_("dispatcher").get(f"/v1/tickets/{request_id}/events")).json()["items"]
    assert (events[-1]["action"], events[-1]["opinion"]) == ("comment", "又多了")
    fields |= {"update_id": "u-2", "status": "CANCELLED", "description": ""}
    root = tree(await city.api.post(f"{BASE}/servicerequestupdates.xml", data=fields))
    assert root.findtext("request_update/update_id") == "u-2"
    (shown,) = (await city.get(f"requests/{request_id}.json", api_key=city.key)).json()
    assert (shown["status"], shown["status_notes"]) == ("closed", "已撤回")


async def test_an_update_that_is_sent_again_is_taken_once(city: City) -> None:
    request_id = await city.report()
    picture_at = "https://city.example/1.jpg"
    fields = {"service_request_id": request_id, "update_id": "u-1", "media_url": picture_at}
    for _ in range(2):
        reply = await city.post("servicerequestupdates.json", **fields, description="又多了")
        assert reply.json() == [{"update_id": "u-1"}]
    events = (await city.api.as_("dispatcher").get(f"/v1/tickets/{request_id}/events")).json()["items"]
    assert [one["opinion"] for one in events[1:]] == [f"又多了\n附图：{picture_at}"]
    for form in ("json", "xml"):
        other = await city.post(f"servicerequestupdates.{form}", **fields, description="别的")
        assert errors(other)[0][1].startswith("update_id: ")
    alone = await city.post("servicerequestupdates.json", **fields | {"update_id": "u-2"}, description=None)
    assert alone.status_code == 200


async def test_a_client_reads_of_its_own_report_what_it_was_given_and_what_is_public(
    api: Api, world: World, city: City
) -> None:
    found = await register(api, world, "tickets:read", "tickets:write", fields=["address"])
    city.key = found.token["token"]
    request_id = await city.report(address_string="沙龙路 3 号")

    async def own() -> list[object]:
        (shown,) = (await city.get(f"requests/{request_id}.json", api_key=city.key)).json()
        return [shown[name] for name in ("description", "address", "lat", "address_id")]

    assert await own() == [None, "沙龙路 3 号", None, None]
    await city.publish(request_id, address="沙龙路口")
    assert (await own())[:2] == ["沙龙路有垃圾堆放", "沙龙路 3 号"]


@pytest.mark.parametrize("change", ["confidential = true", "category_code = '0102'"])
async def test_what_is_public_no_more_is_not_even_in_a_clients_own_report(
    city: City, session: AsyncSession, change: str
) -> None:
    reply = await city.api.post(
        f"{BASE}/requests", **untyped({"api_key": city.key, **FORM}, "a.jpg", picture())
    )
    request_id = reply.json()[0]["service_request_id"]
    ticket = (await city.api.as_("dispatcher").get(f"/v1/tickets/{request_id}")).json()
    photos = [ticket["attachments"][0]["id"]]
    await city.publish(request_id, description="公开的", reply="公开的答复", photo_ids=photos)
    await session.execute(text(f"UPDATE ticket SET {change} WHERE id = '{request_id}'"))  # noqa: S608 - a test's own
    await session.commit()
    own = await city.get(f"requests/{request_id}.json", api_key=city.key)
    assert own.json()[0]["media_url"] is None
    assert "公开的" not in own.text


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_calls_by_an_api_key_are_bounded_as_any_of_the_client(
    api: Api, world: World, city: City, form: str
) -> None:
    found = await register(api, world, "tickets:read", networks=["203.0.113.0/24"])
    reply = await city.get(f"requests.{form}", api_key=found.token["token"])
    assert errors(reply)[0][0] == 403
    await found.change(networks=[], per_minute=1)
    first, second = [await city.get(f"requests.{form}", api_key=found.token["token"]) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 429)
    assert '"minute";r=0' in first.headers["ratelimit"]
    assert errors(second)[0][0] == 429
    assert int(second.headers["retry-after"]) > 0
