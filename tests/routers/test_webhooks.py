"""Subscriptions over the wire: whose they are, what they may ask for, and secrets that are shown once."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import hash_token
from app.core.ids import uuid7
from app.models.access import ApiClient, ApiToken
from app.models.enums import Action
from app.models.enums.privacy import FieldClass
from app.models.enums.third_party import ClientField
from app.models.webhook import WebhookSubscription
from app.schemas.field_classes import kept
from app.schemas.webhook import MessageTicket
from app.services.exchange.webhooks import payloads, signing
from app.services.exchange.webhooks.events import BEGINNINGS
from app.services.exchange.webhooks.subscriptions import MOST
from tests.support.clients import Api
from tests.support.hooks import PATH
from tests.support.problems import problem_in
from tests.support.settings import vault_of_tests
from tests.support.world import World

URL = "https://hooks.example.com/wangge?key=of-the-receiver"
BODY = {"url": URL, "description": "12345 同步"}


async def made(api: Api, who: str = "api_client", **wanted: Any) -> dict[str, Any]:
    """A subscription, as its maker sees it."""
    reply = await api.as_(who).post(PATH, json=BODY | wanted)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def token(
    session: AsyncSession, world: World, place: str, *scopes: str, client: str | None = None
) -> dict[str, str]:
    """The header of a further token, of the town's client or of another one."""
    client_id = world.client.id
    if client is not None:
        client_id = uuid7()
        session.add(ApiClient(id=client_id, name=client, purpose="p", contact="c", status="active"))
        await session.flush()
    key = uuid7().hex[-16:]
    moment = clock.now()
    session.add(
        ApiToken(
            id=uuid7(),
            client_id=client_id,
            key=key,
            secret_hash=hash_token("secret"),
            scopes=list(scopes or ("tickets:read", "webhooks:manage")),
            area_id=world.places[place].id,
            expires_at=moment + timedelta(days=1),
            created_at=moment,
        )
    )
    await session.commit()
    return {"Authorization": f"Bearer wg_{key}.secret"}


async def test_a_client_subscribes_with_its_own_token_and_changes_tests_and_removes_it(
    api: Api, world: World
) -> None:
    own, client = await made(api, event_types=["ticket.close"]), api.as_("api_client")
    address = f"{PATH}/{own['id']}"
    assert own["area"]["id"] == str(world.places["village_a"].id)
    assert own["client"]["id"] == str(world.client.id)
    read = await client.get(address)
    assert read.json() == {name: value for name, value in own.items() if name != "secret"}
    changed = await client.patch(
        address, json={"payload": "full", "active": False}, headers={"If-Match": read.headers["etag"]}
    )
    assert (changed.json()["payload"], changed.json()["state"]) == ("full", "paused")
    stale = await client.patch(address, json={"active": True}, headers={"If-Match": read.headers["etag"]})
    problem_in(stale, 412, "stale_version")
    problem_in(await client.post(f"{address}/test"), 409, "webhook_off")
    assert (await client.patch(address, json={"active": True})).json()["state"] == "active"
    sent = await client.post(f"{address}/test")
    listed = await client.get("/v1/webhook-deliveries", params={"webhook_id": own["id"]})
    assert listed.json()["items"] == [sent.json()]
    assert (await client.delete(address)).status_code == 204
    for reply in (await client.get(address), await client.delete(address)):
        problem_in(reply, 404, "not_found")
    assert (await client.get(PATH)).json()["items"] == []


async def test_a_secret_is_in_one_answer_and_nowhere_else(api: Api, session: AsyncSession) -> None:
    own, client = await made(api), api.as_("api_client")
    turned = await client.post(f"{PATH}/{own['id']}/secret", json={})
    assert turned.headers["cache-control"] == "no-store"
    secrets = [own["secret"], turned.json()["secret"]]
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    for reply in (await client.get(PATH), await client.get(f"{PATH}/{own['id']}")):
        assert not [secret for secret in secrets if secret in reply.text]
    row = (await session.scalars(select(WebhookSubscription))).one()
    assert row.secret_sealed is not None
    assert row.former_secret_sealed is not None
    opened = [vault_of_tests().open(sealed) for sealed in (row.former_secret_sealed, row.secret_sealed)]
    assert opened == secrets
    for table in ("audit_log", "outbox", "idempotency_key", "webhook_subscription"):
        kept_rows = "".join(await session.scalars(text(f"SELECT t::text FROM {table} AS t")))  # noqa: S608
        assert not [secret for secret in secrets if secret in kept_rows], table


async def test_a_secret_that_leaked_is_gone_at_once_with_an_overlap_of_none(
    api: Api, session: AsyncSession
) -> None:
    own = await made(api)
    reply = await api.as_("api_client").post(f"{PATH}/{own['id']}/secret", json={"overlap_hours": 0})
    assert reply.json()["former_secret_until"] is None
    row = (await session.scalars(select(WebhookSubscription))).one()
    assert row.former_secret_sealed is None


async def test_an_audit_row_says_what_was_done_and_never_the_address(api: Api, session: AsyncSession) -> None:
    own = await made(api)
    await api.as_("api_client").patch(f"{PATH}/{own['id']}", json={"url": URL + "2"})
    rows = (await session.scalars(text("SELECT t::text FROM audit_log AS t"))).all()
    assert len([row for row in rows if "webhook." in row]) == 2
    assert not [row for row in rows if "hooks.example.com" in row]


async def test_what_another_client_or_another_village_has_is_not_there(
    api: Api, session: AsyncSession, world: World
) -> None:
    own = await made(api)
    stranger = await token(session, world, "village_a", client="别家")
    village_b = await token(session, world, "village_b")
    for headers in (stranger, village_b):
        address = f"{PATH}/{own['id']}"
        assert (await api.get(PATH, headers=headers)).json()["items"] == []
        assert (await api.get("/v1/webhook-deliveries", headers=headers)).json()["items"] == []
        log = {"webhook_id": own["id"]}
        for reply in (
            await api.get(address, headers=headers),
            await api.patch(address, json={"active": False}, headers=headers),
            await api.delete(address, headers=headers),
            await api.post(f"{address}/secret", json={}, headers=headers),
            await api.post(f"{address}/test", headers=headers),
            await api.post(f"{address}/replay", json={"since": "2026-01-01T00:00:00Z"}, headers=headers),
            await api.get("/v1/webhook-deliveries", params=log, headers=headers),
        ):
            problem_in(reply, 404, "not_found")
    town = await token(session, world, "town")
    assert [row["id"] for row in (await api.get(PATH, headers=town)).json()["items"]] == [own["id"]]


@pytest.mark.parametrize("place", ["village_b", "town", "grid_b1", "village_c"])
async def test_a_token_subscribes_to_its_own_area_or_a_part_of_it(api: Api, world: World, place: str) -> None:
    wanted = BODY | {"area_id": str(world.places[place].id)}
    problem_in(await api.as_("api_client").post(PATH, json=wanted), 404, "not_found")
    part = await made(api, area_id=str(world.places["grid_a1"].id))
    assert part["area"]["id"] == str(world.places["grid_a1"].id)


async def test_a_token_needs_both_scopes(api: Api, session: AsyncSession, world: World) -> None:
    for scope in ("tickets:read", "webhooks:manage"):
        headers = await token(session, world, "village_a", scope)
        problem_in(await api.get(PATH, headers=headers), 403, "forbidden")
        problem_in(await api.post(PATH, json=BODY, headers=headers), 403, "forbidden")
    for who in ("dispatcher", "village_admin", "auditor"):
        problem_in(await api.as_(who).get(PATH), 403, "forbidden")


async def test_an_administrator_sees_and_makes_those_of_all_clients(
    api: Api, session: AsyncSession, world: World
) -> None:
    stranger = await token(session, world, "village_b", client="别家")
    await api.post(PATH, json=BODY, headers=stranger)
    own = await made(
        api,
        "system_admin",
        client_id=str(world.client.id),
        area_id=str(world.places["village_a"].id),
    )
    admin = api.as_("system_admin")
    assert len((await admin.get(PATH)).json()["items"]) == 2
    listed = await admin.get(PATH, params={"client_id": str(world.client.id)})
    assert [row["id"] for row in listed.json()["items"]] == [own["id"]]
    for missing in ("client_id", "area_id"):
        wanted = {"client_id": str(world.client.id), "area_id": str(world.places["village_a"].id)}
        wanted.pop(missing)
        reply = await admin.post(PATH, json=BODY | wanted)
        assert problem_in(reply, 422, "invalid")["errors"][0]["field"] == f"body.{missing}"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"url": "http://10.0.0.1/"}, "body.url"),
        ({"url": "http://169.254.169.254/latest/meta-data/"}, "body.url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "body.url"),
        ({"url": "http://2130706433/"}, "body.url"),
        ({"url": "http://0x7f.1/"}, "body.url"),
        ({"url": "https://user:pw@hooks.example.com/"}, "body.url"),
        ({"url": "ftp://hooks.example.com/"}, "body.url"),
        ({"url": "https://hooks.example.com:6379/"}, "body.url"),
        ({"url": "https://例子.中国/"}, "body.url"),
        ({"event_types": ["ticket.save_draft"]}, "body.event_types"),
        ({"event_types": ["ticket.report", "ticket.nothing"]}, "body.event_types"),
        ({"category_code": "98"}, "body.category_code"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_with_its_field(
    api: Api, wanted: dict[str, Any], field: str
) -> None:
    reply = await api.as_("api_client").post(PATH, json=BODY | wanted)
    assert problem_in(reply, 422, "invalid")["errors"][0]["field"] == field
    own = await made(api)
    reply = await api.as_("api_client").patch(f"{PATH}/{own['id']}", json=wanted)
    assert problem_in(reply, 422, "invalid")["errors"][0]["field"] == field


async def test_a_client_has_so_many_subscriptions_and_no_more(api: Api) -> None:
    for _number in range(MOST):
        own = await made(api)
    problem_in(await api.as_("api_client").post(PATH, json=BODY), 409, "too_many_webhooks")
    assert (await api.as_("api_client").delete(f"{PATH}/{own['id']}")).status_code == 204
    assert await made(api)


async def test_a_replay_ends_after_it_begins(api: Api) -> None:
    own = await made(api)
    wanted = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}
    reply = await api.as_("api_client").post(f"{PATH}/{own['id']}/replay", json=wanted)
    assert problem_in(reply, 422, "invalid")["errors"][0]["field"] == "body.until"


async def test_one_replay_of_a_subscription_is_made_at_a_time(api: Api) -> None:
    own, other, client = await made(api), await made(api), api.as_("api_client")
    wanted = {"since": "2026-03-01T00:00:00Z"}
    assert (await client.post(f"{PATH}/{own['id']}/replay", json=wanted)).status_code == 202
    problem_in(await client.post(f"{PATH}/{own['id']}/replay", json=wanted), 409, "replay_waiting")
    assert (await client.post(f"{PATH}/{other['id']}/replay", json=wanted)).status_code == 202


async def test_every_step_of_the_workflow_but_a_draft_is_an_event_with_a_label(api: Api) -> None:
    items = (await api.as_("api_client").get("/v1/webhook-event-types")).json()["items"]
    labels = {item["type"]: item["label"] for item in items}
    assert labels.keys() == {f"ticket.{action.value}" for action in Action} - {"ticket.save_draft"}
    assert labels["ticket.accept"] == "受理"
    found = {item["type"]: item["to"] for item in items}
    assert found["ticket.accept"] == ["accepted"]
    assert found["ticket.unmerge"] == [], "back to wherever it was"
    assert "draft" not in {status for states in found.values() for status in states}


def test_a_ticket_begins_with_one_of_three_steps() -> None:
    assert {"report", "submit", "self_resolve"} == BEGINNINGS


async def test_the_document_tells_every_event_with_its_payload(app: FastAPI, api: Api) -> None:
    document = app.openapi()
    items = (await api.as_("api_client").get("/v1/webhook-event-types")).json()["items"]
    assert document["webhooks"].keys() == {item["type"] for item in items} | {"webhook.test"}
    for name, methods in document["webhooks"].items():
        shape = "PingMessage" if name == "webhook.test" else "TicketMessage"
        schema = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{shape}"}
        assert methods["post"]["summary"]
        assert methods["post"]["requestBody"]["content"]["application/json"]["example"]["type"] == name
        assert {given["name"] for given in methods["post"]["parameters"]} == signing.headers(
            "", 0, b"", ()
        ).keys()
        assert {"204", "410", "429"} <= methods["post"]["responses"].keys()


async def test_a_subscription_can_be_made_as_the_document_shows_it(app: FastAPI, api: Api) -> None:
    body = app.openapi()["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert await made(api, event_types=body["event_types"], url=body["url"], payload=body["payload"])


def test_fields_that_may_tell_of_somebody_are_those_that_a_client_must_be_given() -> None:
    for name in payloads.CODES:
        assert kept(MessageTicket, name).cls in {FieldClass.P0, FieldClass.P1}, name
    for field in payloads.TELLING:
        assert kept(MessageTicket, field.value).cls is FieldClass.P2, field
    assert {*payloads.TELLING, ClientField.OPINION, ClientField.ATTACHMENTS} == set(ClientField)
    assert MessageTicket.model_fields.keys() == {
        *payloads.CODES,
        *(field.value for field in payloads.TELLING),
    }
