"""What residents ask of their own data: a copy, a correction, erasure; asked and decided by two people."""

from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.ids import uuid7
from app.models import Base
from app.models.attachment import Attachment, FileIntent
from app.models.registry import Resident
from app.models.ticket import Ticket, TicketContact
from app.models.ticket_step import TicketEvent, TicketRequest
from app.services.privacy.data_requests import STEPS
from tests.support import dwellings, households
from tests.support.clients import Api
from tests.support.looks import logged, look
from tests.support.problems import problem_in
from tests.support.settings import SECRET
from tests.support.tickets import Loop
from tests.support.world import World, fixed_id

PATH = "/v1/data-requests"
RESIDENT = fixed_id(20_001)
CONTACT = {"name": households.NAME, "phone": households.PHONE}


@pytest.fixture(autouse=True)
async def resident(session: AsyncSession, world: World) -> None:
    """Somebody who lives in grid A1."""
    await households.add(session, world, world.places["grid_a1"], 1)


@pytest.fixture
def loop(api: Api, world: World) -> Loop:
    """A ticket in which the resident complains."""
    return Loop(api, world)


async def ask(api: Api, kind: str, who: str = "grid_worker", **changed: Any) -> Response:
    """Take a request down."""
    body = {
        "resident_id": str(RESIDENT),
        "kind": kind,
        "identity_check": "id_card",
        "note": "本人到居委会提出",
    }
    return await api.as_(who).post(PATH, json=body | changed)


async def act(api: Api, who: str, request_id: str, action: str, **more: Any) -> Response:
    """Take a step."""
    return await api.as_(who).post(f"{PATH}/{request_id}/actions", json={"action": action} | more)


async def carried_out(api: Api, kind: str, **changed: Any) -> str:
    """Ask, approve and carry out."""
    asked = await ask(api, kind, **changed)
    assert asked.status_code == 201, asked.text
    request_id: str = asked.json()["id"]
    for action in ("approve", "carry_out"):
        reply = await act(api, "village_admin", request_id, action)
        assert reply.status_code == 200, reply.text
    assert reply.json()["state"] == "done"
    return request_id


async def cared_for(api: Api) -> None:
    """The resident is looked after, for a reason that discloses health."""
    client = api.as_("grid_worker")
    body = {"resident_id": str(RESIDENT), "category": "disabled", "care_level": "red", "measures": "每周送药"}
    care = await client.post("/v1/care-objects", json=body)
    assert care.status_code == 201, care.text
    review = {"care_level": "orange", "note": "子女在外地"}
    reply = await client.post(f"/v1/care-objects/{care.json()['id']}/review", json=review)
    assert reply.status_code == 200, reply.text


def declined(loop: Loop) -> TicketRequest:
    """Somebody once said why the ticket was not theirs."""
    return TicketRequest(
        id=uuid7(),
        ticket_id=UUID(loop.id),
        kind="decline",
        basis=f"{households.NAME}家门口不归本部门",
        state="cancelled",
        asked_by=uuid7(),
        asked_at=clock.now(),
    )


async def closed(loop: Loop) -> None:
    """A ticket of the resident that went round the loop."""
    await loop.report(contact=CONTACT, title=f"{households.NAME}家门口垃圾")
    await loop.to("processing")
    photos = await loop.photos("dept_handler")
    steps = list(loop.story())[3:]
    for who, body in steps:
        extra: dict[str, Any] = {"attachments": photos} if body["action"] == "resolve" else {}
        await loop.act(who, **body, **extra)
    assert loop.status == "closed"


async def test_whoever_took_it_down_neither_approves_nor_carries_out(api: Api) -> None:
    request_id = (await ask(api, "delete", who="village_admin")).json()["id"]
    problem_in(await act(api, "village_admin", request_id, "approve"), 403, "separation_of_duties")
    problem_in(await act(api, "grid_worker", request_id, "approve"), 403, "forbidden")
    problem_in(await act(api, "grid_leader", request_id, "withdraw"), 403, "forbidden")
    assert (await act(api, "village_admin", request_id, "withdraw")).json()["state"] == "withdrawn"


async def test_the_state_refuses_every_step_that_is_not_in_the_table(api: Api) -> None:
    states = {
        "submitted": [],
        "approved": ["approve"],
        "rejected": ["reject"],
        "done": ["approve", "carry_out"],
    }
    for state, way in states.items():
        request_id = (await ask(api, "access")).json()["id"]
        for action in way:
            await act(api, "village_admin", request_id, action, note="理由")
        for action in ("approve", "reject", "carry_out"):
            if (state, action) not in STEPS:
                refused = await act(api, "village_admin", request_id, action, note="理由")
                problem_in(refused, 409, "data_request_state")
        if state in {"submitted", "approved"}:
            problem_in(await ask(api, "access"), 409, "data_request_open")
            await finish(api, request_id, state)


async def finish(api: Api, request_id: str, state: str) -> None:
    """End an open request, so that another can be made."""
    who, action = ("grid_worker", "withdraw") if state == "submitted" else ("village_admin", "carry_out")
    assert (await act(api, who, request_id, action)).status_code == 200


async def test_a_rejection_says_why(api: Api) -> None:
    request_id = (await ask(api, "access")).json()["id"]
    problem_in(await act(api, "village_admin", request_id, "reject"), 422, "invalid", "body.note")


@pytest.mark.parametrize("who", ["grid_worker_a2", "grid_worker_b", "village_admin_b"])
async def test_requests_of_another_grid_are_not_there(api: Api, who: str) -> None:
    request_id = (await ask(api, "access")).json()["id"]
    problem_in(await ask(api, "delete", who=who), 404, "not_found")
    problem_in(await api.as_(who).get(f"{PATH}/{request_id}"), 404, "not_found")
    problem_in(await act(api, who, request_id, "approve"), 404, "not_found")
    problem_in(await api.as_(who).post(f"{PATH}/{request_id}/copy"), 404, "not_found")
    assert (await api.as_(who).get(PATH)).json()["items"] == []


async def test_the_copy_holds_person_household_tickets_and_who_looked(
    api: Api, session: AsyncSession, loop: Loop, world: World
) -> None:
    await closed(loop)
    await look(api, "grid_worker", f"/v1/residents/{RESIDENT}", "phone")
    await look(api, "dispatcher", f"/v1/tickets/{loop.id}/contact", "phone")
    more = {"hukou_place": "湖南省某某巷8号", "occupation": "鞋匠", "workplace": "某某鞋厂"}
    person = api.as_("grid_worker")
    assert (await person.patch(f"/v1/residents/{RESIDENT}", json=more)).status_code == 200
    away = {"home": {"address": "深圳市某某路9号"}}
    assert (await person.post(f"/v1/residents/{RESIDENT}/moves", json=away)).status_code == 200
    tag = {"code": "elderly_80", "source": "民政名单"}
    assert (await person.post(f"/v1/residents/{RESIDENT}/tags", json=tag)).status_code == 201
    await cared_for(api)
    request_id = (await ask(api, "access")).json()["id"]
    address = f"{PATH}/{request_id}/copy"
    problem_in(await api.as_("village_admin").post(address), 409, "data_request_state")
    await act(api, "village_admin", request_id, "approve")
    problem_in(await api.as_("grid_worker").post(address), 403, "forbidden")
    copy = (await api.as_("village_admin").post(address)).json()
    assert copy["person"]["id_number"] == households.identity_number(1)
    assert copy["person"]["phone"] == households.PHONE
    assert {name: copy["person"][name] for name in more} == more
    assert [home["address"] for home in copy["homes"]] == ["深圳市某某路9号"]
    assert [(tag["code"], tag["source"]) for tag in copy["tags"]] == [("elderly_80", "民政名单")]
    assert [(care["measures"], care["notes"]) for care in copy["care"]] == [("每周送药", ["子女在外地"])]
    assert [home["address"] for home in copy["households"]] == ["测试路1号"]
    assert [ticket["ticket_id"] for ticket in copy["tickets"]] == [loop.id]
    assert [look["by"] for look in copy["looks"]] == [world["grid_worker"].name, world["dispatcher"].name]
    last = (await logged(session))[-1]
    assert (last.entity, last.resident_id, last.reason) == ("data_request", RESIDENT, "data_request")
    assert (await act(api, "village_admin", request_id, "carry_out")).status_code == 200
    problem_in(await api.as_("village_admin").post(address), 409, "data_request_state")


async def test_a_correction_reaches_the_row_and_the_contacts_of_tickets(
    api: Api, session: AsyncSession, loop: Loop
) -> None:
    await closed(loop)
    changes = {"name": "欧阳修", "phone": "13700001111", "id_number": households.identity_number(7)}
    await carried_out(api, "correct", changes=changes)
    vault = Vault(SECRET)
    person = (await session.scalars(select(Resident).where(Resident.id == RESIDENT))).one()
    contact = (await session.scalars(select(TicketContact))).one()
    for row in (person, contact):
        assert row.phone_sealed is not None
        assert (row.name, vault.open(row.phone_sealed)) == ("欧阳修", "13700001111")
        assert row.phone_index == vault.index("13700001111")
    assert person.id_index == vault.index(households.identity_number(7))
    assert (person.no_id_reason, person.version) == (None, 2)


async def test_a_correction_tells_a_number_or_why_there_is_none(api: Api) -> None:
    url, client = f"/v1/residents/{RESIDENT}", api.as_("grid_worker")
    for number, reason in ((None, "not_collected"), (households.identity_number(7), None)):
        await carried_out(api, "correct", changes={"id_number": number})
        now = (await client.get(url)).json()
        assert (now["id_number"] is None, now["no_id_reason"]) == (number is None, reason)


async def test_a_correction_that_is_wrong_or_somebody_elses_is_refused(
    api: Api, session: AsyncSession, world: World
) -> None:
    problem_in(await ask(api, "correct"), 422, "invalid", "body.changes")
    problem_in(await ask(api, "delete", changes={"name": "张三"}), 422, "invalid", "body.changes")
    wrong = await ask(api, "correct", changes={"id_number": "440605199003070000"})
    problem_in(wrong, 422, "invalid", "body.changes.id_number")
    await households.add(session, world, world.places["grid_a2"], 2)
    taken = await ask(api, "correct", changes={"id_number": households.identity_number(2)})
    request_id = taken.json()["id"]
    await act(api, "village_admin", request_id, "approve")
    problem_in(await act(api, "village_admin", request_id, "carry_out"), 409, "resident_registered")


async def test_an_open_ticket_holds_the_erasure(api: Api, loop: Loop) -> None:
    await loop.report(contact=CONTACT)
    request_id = (await ask(api, "delete")).json()["id"]
    await act(api, "village_admin", request_id, "approve")
    problem_in(await act(api, "village_admin", request_id, "carry_out"), 409, "erasure_held")


async def test_after_the_erasure_no_table_holds_anything_of_the_person(
    api: Api, session: AsyncSession, loop: Loop
) -> None:
    await closed(loop)
    repeated = {"Idempotency-Key": "kept"}
    follow = {"action": "comment", "opinion": f"{households.NAME}来电致谢"}
    kept = await api.as_("dispatcher").post(f"/v1/tickets/{loop.id}/actions", json=follow, headers=repeated)
    assert kept.status_code == 200, kept.text
    assert await holding(session, [households.NAME.encode().hex()]) == {
        "idempotency_key": [households.NAME.encode().hex()]
    }
    await look(api, "grid_worker", f"/v1/residents/{RESIDENT}", "phone", note=f"回访{households.NAME}")
    more = {"hukou_place": "湖南省某某巷8号", "occupation": "鞋匠", "workplace": "某某鞋厂"}
    person = api.as_("grid_worker")
    assert (await person.patch(f"/v1/residents/{RESIDENT}", json=more)).status_code == 200
    away = {"home": {"address": "深圳市某某路9号"}}
    assert (await person.post(f"/v1/residents/{RESIDENT}/moves", json=away)).status_code == 200
    assert len(await holding(session, ["湖南省某某巷8号", "深圳市某某路9号"])) == 2
    session.add(declined(loop))
    await session.commit()
    await cared_for(api)
    tag = {"code": "disabled", "source": "残联名单"}
    assert (await person.post(f"/v1/residents/{RESIDENT}/tags", json=tag)).status_code == 201
    public = {"description": "路口公开说明"}
    told = await api.as_("dispatcher").put(f"/v1/tickets/{loop.id}/publication", json=public)
    assert told.status_code == 200, told.text
    events = await steps_of(session, loop.id)
    keys = set(await session.scalars(select(Attachment.object_key)))
    assert keys
    request_id = await carried_out(api, "delete", note=f"{households.NAME}要求删除")
    vault = Vault(SECRET)
    marks = [households.NAME, households.PHONE, households.identity_number(1), "已清运并冲洗路面", "来电致谢"]
    marks += [
        *more.values(),
        "路口公开说明",
        "深圳市某某路9号",
        "沙龙路 12 号门口",
        "每周送药",
        "子女在外地",
        "残联名单",
    ]
    marks += [mark.encode().hex() for mark in marks]
    marks += [vault.index(households.PHONE).hex(), vault.index(households.identity_number(1)).hex()]
    assert await holding(session, marks) == {}
    assert await steps_of(session, loop.id) == events
    assert set(await session.scalars(select(FileIntent.object_key))) == keys
    assert (await session.scalars(select(Attachment.id))).all() == []
    shown = await api.as_("village_admin").get(f"/v1/households/{fixed_id(10_001)}")
    assert {shown.json()["people"][0][name] for name in ("phone", "id_number", "age")} == {None}
    assert shown.json()["people"][0]["name"] == "*"
    assert shown.json()["care_level"] is None
    assert (await person.get(f"/v1/residents/{RESIDENT}/tags")).json() == []
    assert (await api.as_("village_admin").get(f"{PATH}/{request_id}")).json()["state"] == "done"


@pytest.mark.parametrize("event", ["departure", "death"])
async def test_who_left_or_died_can_be_erased_where_they_were_last(
    api: Api, world: World, event: str
) -> None:
    home = await dwellings.household(api, "grid_worker", world.places["grid_a1"])
    resident_id = home["people"][0]["resident_id"]
    url, client = f"/v1/residents/{resident_id}", api.as_("grid_worker")
    assert (await client.post(f"{url}/{event}", json={})).status_code == 200
    problem_in(await ask(api, "delete", "grid_worker_a2", resident_id=resident_id), 404, "not_found")
    await carried_out(api, "delete", resident_id=resident_id)
    assert (await client.get(url)).json()["name"] == "*"


async def test_a_file_that_another_ticket_shows_too_is_kept(
    api: Api, session: AsyncSession, loop: Loop, world: World
) -> None:
    await closed(loop)
    shared = (await session.scalars(select(Attachment.object_key).limit(1))).one()
    other = Loop(api, world)
    await other.report(contact=None)
    await session.execute(
        text(
            "INSERT INTO ticket_attachment SELECT e.id, a.id, e.ticket_id, 'other' "
            "FROM ticket_event e, attachment a WHERE e.ticket_id = :id AND a.object_key = :key"
        ),
        {"id": other.id, "key": shared},
    )
    await session.commit()
    await carried_out(api, "delete")
    assert set(await session.scalars(select(Attachment.object_key))) == {shared}
    assert shared not in set(await session.scalars(select(FileIntent.object_key)))


async def test_a_neighbours_ticket_with_the_same_phone_is_left(
    api: Api, session: AsyncSession, loop: Loop
) -> None:
    await loop.report(contact={"name": "欧阳大嫂", "phone": households.PHONE})
    await carried_out(api, "delete")
    assert (await session.scalars(select(TicketContact.name))).all() == ["欧阳大嫂"]
    assert (await session.scalars(select(Ticket.title))).all() == [loop.body()["title"]]


async def steps_of(session: AsyncSession, ticket_id: str) -> list[tuple[Any, ...]]:
    """The timeline, which erasure leaves alone."""
    rows = await session.execute(
        select(TicketEvent.seq, TicketEvent.action, TicketEvent.actor_id, TicketEvent.at)
        .where(TicketEvent.ticket_id == ticket_id)
        .order_by(TicketEvent.seq)
    )
    return [tuple(row) for row in rows]


async def holding(session: AsyncSession, marks: list[str]) -> dict[str, list[str]]:
    """The marks that some row of any table holds, by table."""
    found: dict[str, list[str]] = {}
    for name in Base.metadata.tables:
        for mark in marks:
            query = text(f"SELECT count(*) FROM {name} AS t WHERE strpos(t::text, :mark) > 0")  # noqa: S608
            if await session.scalar(query, {"mark": mark}):
                found.setdefault(name, []).append(mark)
    return found
