"""Every address as a third party: what it was not given of people, and of a confidential report, is in none.

Two clients ask: one that reads an area, and an organisation's own system, which reads what it has to do.
"""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums.third_party import ClientField
from tests.contracts.test_leaks import address
from tests.support.clients import Api
from tests.support.operations import Operation, operations
from tests.support.secrets_of_people import Planted
from tests.support.third_parties import registered_as
from tests.support.tickets import Loop
from tests.support.world import CLIENT_SCOPES, World

TITLE, CONTENT, ADDRESS = "电梯困人标题", "三楼老人被困的内容", "儒林街一百零九号"
OPINION, MEASURES, REPLY = "请物业尽快到场的意见", "更换了曳引机的措施", "已经修复的公开答复"
BASIS, LNG = "按职责清单归消防的依据", "113.00512"
CONTACT, TAIL = "欧阳", "*2222"
WORDS = (TITLE, CONTENT, ADDRESS, OPINION, MEASURES, REPLY, BASIS, LNG, CONTACT, TAIL)
READ = {"tickets_list", "ticket_read", "ticket_events", "ticket_duplicates", "stats_counted", "stats_live"}
EVERYTHING = list(ClientField)


@pytest.fixture
async def told(api: Api, session: AsyncSession, world: World) -> dict[str, str]:
    """Two tickets of one matter with words in all of their fields: where they are, by parameter."""
    place = {"lng": 113.00512, "lat": 22.835, "coord_type": "wgs84"}
    words: dict[str, Any] = {"title": TITLE, "content": CONTENT, "address": ADDRESS, "location": place}
    twin, loop = Loop(api, world), Loop(api, world)
    for one in (twin, loop):
        await one.report(**words, contact={"name": "欧阳先生", "phone": "13911112222"})
    await twin.to("dispatched")
    declined = {"reason": "wrong_duty", "proposed_org_id": str(world.orgs["fire"].id)}
    await twin.act("dept_handler", action="decline", basis=BASIS, **declined)
    await loop.to("processing")
    await loop.act("dispatcher", action="comment", opinion=OPINION)
    result = {"resolution_type": "solved", "measures": MEASURES, "public_reply": REPLY}
    await loop.act("dept_handler", action="resolve", **result)
    await session.commit()
    return {"ticket_id": loop.id, "twin": twin.id}


async def client(api: Api, world: World, kind: str, fields: list[ClientField]) -> str:
    """A client of this kind, which was given these fields."""
    who = f"{kind} {len(fields)}"
    place, org = ("town", "urban") if kind == "system" else ("village_a", None)
    await registered_as(api, world, who, place, *CLIENT_SCOPES, org=org, fields=fields)
    return who


async def found(app: FastAPI, api: Api, who: str, told: dict[str, str]) -> tuple[list[str], set[str]]:
    """The words in all answers to somebody, each with where it stands; and which operations answered."""
    seen, read = [], set()
    for operation in operations(app):
        if operation.method == "GET" and operation.path.startswith("/v1/"):
            for ticket_id in (told["ticket_id"], told["twin"]):
                url = address(operation, Planted({"ticket_id": ticket_id}))
                reply = await api.as_(who).get(url, params=asked(operation))
                seen += [f"{operation.name}: {word}" for word in WORDS if word in reply.text]
                read |= {operation.name} if reply.status_code == 200 else set()
    return seen, read


def asked(operation: Operation) -> dict[str, str]:
    """What must stand in the query; of figures that tell tickets, those that are open."""
    return operation.query(kpi="open") if operation.takes("query", "kpi") else operation.query()


@pytest.mark.parametrize("kind", ["area", "system"])
@pytest.mark.parametrize("confidential", [False, True])
async def test_trap_9_no_answer_to_a_client_tells_of_people_what_is_not_for_it(
    app: FastAPI,
    api: Api,
    session: AsyncSession,
    world: World,
    told: dict[str, str],
    kind: str,
    *,
    confidential: bool,
) -> None:
    if confidential:
        await session.execute(text("UPDATE ticket SET confidential = true"))
        await session.commit()
    who = await client(api, world, kind, EVERYTHING if confidential else [])
    seen, read = await found(app, api, who, told)
    assert seen == []
    assert read >= READ


async def test_the_walk_finds_each_word_where_it_may_stand(
    app: FastAPI, api: Api, world: World, told: dict[str, str]
) -> None:
    seen, _read = await found(app, api, await client(api, world, "system", EVERYTHING), told)
    words = {one.partition(": ")[2] for one in seen}
    assert words == set(WORDS) - {CONTACT, TAIL}


async def test_no_step_of_a_client_is_answered_with_words_that_are_not_for_it(
    api: Api, world: World, told: dict[str, Any]
) -> None:
    who = await client(api, world, "system", [])
    body = {"action": "comment", "opinion": "系统的话"}
    reply = await api.as_(who).post(f"/v1/tickets/{told['ticket_id']}/actions", json=body)
    assert reply.status_code == 200, reply.text
    assert [word for word in WORDS if word in reply.text] == []
