"""The text message with a link: by the real gateway's protocol, once, to whom it is for."""

from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.config import Settings
from app.core.db import Sessions
from app.jobs import answer_links
from app.services.mobile.channels import ChannelFailed, of_settings
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.receivers import http_receiver
from tests.support.settings import settings_of_tests, vault_of_tests
from tests.support.tickets import Loop
from tests.support.world import World

PUBLIC = "https://wangge.example.gov.cn/"


def with_gateway(url: str) -> Settings:
    """The settings of a town that has a gateway and an address of its own."""
    values = settings_of_tests().model_dump()
    more = {"sms_url": url, "sms_token": SecretStr("gateway"), "public_url": PUBLIC}
    return Settings(_env_file=None, **{**values, **more})


@pytest.fixture
async def loop(api: Api, world: World) -> Loop:
    """A ticket that waits for its revisit."""
    loop = Loop(api, world)
    await loop.to("resolved")
    return loop


async def test_the_person_gets_one_text_with_a_link_that_works(
    api: Api, app: FastAPI, sessions: Sessions, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http_receiver() as gateway:
        settings = with_gateway(gateway.url)
        monkeypatch.setattr(app.state, "settings", settings)
        reply = await api.as_("revisit_agent").post(f"/v1/tickets/{loop.id}/answer-link", json={"send": True})
        assert (reply.status_code, reply.json()["sent"]) == (200, True)
        ways = of_settings(settings)
        assert await answer_links.run(sessions, ways, vault_of_tests(), PUBLIC, UUID(loop.id))
        ((_path, _headers, body),) = gateway.got
    assert body["phone"] == "13812345678"
    told = body["params"]["text"]
    assert told.startswith("您反映的“暴露垃圾”已办理，请评价：https://wangge.example.gov.cn/answer/")
    link = told.rpartition("/")[2]
    said = {"solved": "solved", "satisfaction": "very"}
    assert (await api.post(f"/v1/public/answers/{link}", json=said)).status_code == 200


async def test_nothing_goes_out_any_more_once_it_was_answered(sessions: Sessions, loop: Loop) -> None:
    await loop.revisit()
    await loop.act(
        "dispatcher", action="evaluate", evaluated_by="resident", satisfaction="very", solved="solved"
    )
    async with http_receiver() as gateway:
        ways = of_settings(with_gateway(gateway.url))
        assert not await answer_links.run(sessions, ways, vault_of_tests(), PUBLIC, UUID(loop.id))
        assert gateway.got == []


async def test_a_landline_gets_no_text(
    api: Api, app: FastAPI, sessions: Sessions, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(api, world)
    taken = await api.post(
        "/v1/public/reports",
        json={
            "service_code": "0501",
            "description": "巷口垃圾三天没人清",
            "area_id": str(world.places["grid_a1"].id),
            "phone": "0757-8633 1234",
        },
    )
    assert taken.status_code == 201, taken.text
    loop.id = (await api.as_("dispatcher").get("/v1/tickets")).json()["items"][0]["id"]
    await loop.read()
    await loop.to("resolved")
    async with http_receiver() as gateway:
        settings = with_gateway(gateway.url)
        monkeypatch.setattr(app.state, "settings", settings)
        path = f"/v1/tickets/{loop.id}/answer-link"
        problem_in(await api.as_("revisit_agent").post(path, json={"send": True}), 409, "no_phone")
        ways = of_settings(settings)
        assert not await answer_links.run(sessions, ways, vault_of_tests(), PUBLIC, UUID(loop.id))
        assert gateway.got == []


async def test_what_fails_in_passing_is_tried_again_and_what_is_refused_is_not(
    sessions: Sessions, loop: Loop
) -> None:
    async with http_receiver() as gateway:
        ways = of_settings(with_gateway(gateway.url))
        gateway.answer(503)
        with pytest.raises(ChannelFailed):
            await answer_links.run(sessions, ways, vault_of_tests(), PUBLIC, UUID(loop.id))
        gateway.answer(200, {"code": 17})
        assert not await answer_links.run(sessions, ways, vault_of_tests(), PUBLIC, UUID(loop.id))


async def test_a_town_without_a_gateway_or_an_address_sends_nothing(sessions: Sessions, loop: Loop) -> None:
    ways = of_settings(settings_of_tests())
    assert not await answer_links.run(sessions, ways, vault_of_tests(), PUBLIC, UUID(loop.id))
    ways = of_settings(with_gateway("http://127.0.0.1:9"))
    assert not await answer_links.run(sessions, ways, vault_of_tests(), None, UUID(loop.id))
