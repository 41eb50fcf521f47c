"""Marks for the leak walk: a person of every kind whose plain values stand nowhere else in the town.

Each mark is a value that may leave the application by a reasoned call alone. The form of a mark that is
looked for is the plain one; what is masked does not hold it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.services.platform.sealing import sealed_columns
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.households import identity_number
from tests.support.settings import SECRET
from tests.support.tickets import Loop
from tests.support.uploads import uploaded
from tests.support.world import World

RESIDENT_NAME, RESIDENT_PHONE = "赫连泄密", "13911112222"
CONTACT_NAME, CONTACT_PHONE = "公孙漏风", "13933334444"
MEMBER_PHONE = "13955556666"
# What was seen and heard on a visit: for those who keep the register, and never for the logs.
VISIT_WORDS = "血糖偏高漏风声"
ID_NUMBER = identity_number(77)
BORN = "1990-03-07"
HUKOU_PLACE, WORKPLACE = "广东省佛山市南海区漏风巷8号", "泄密皮鞋厂"
HOME_ADDRESS = "深圳市宝安区泄密路9号"
OWNER_NAME, OWNER_PHONE = "尉迟漏底", "13922223333"
SHOP_CONTACT, SHOP_PHONE = "令狐泄露", "13944445555"
MARKS = (
    *(RESIDENT_NAME, RESIDENT_PHONE, CONTACT_NAME, CONTACT_PHONE, MEMBER_PHONE, ID_NUMBER, BORN),
    *(HUKOU_PLACE, WORKPLACE, HOME_ADDRESS, OWNER_NAME, OWNER_PHONE, SHOP_CONTACT, SHOP_PHONE),
)


@dataclass(frozen=True, slots=True)
class Planted:
    """Where the marks stand: an id for each parameter of a path."""

    ids: dict[str, str]


async def plant(api: Api, session: AsyncSession, world: World) -> Planted:
    """A household, a room, a place, a ticket with a contact, a visit, a member's own phone, two requests."""
    worker, place = api.as_("grid_worker"), world.places["micro_a1"]
    person: dict[str, Any] = {"name": RESIDENT_NAME, "relation": "02", "phone": RESIDENT_PHONE}
    person |= {"hukou_place": HUKOU_PLACE, "workplace": WORKPLACE}
    home = await worker.post(
        "/v1/households",
        json={
            "area_id": str(place.id),
            "address": "泄密测试巷 1 号",
            "household_type": "resident",
            "residents": [person | {"id_number": ID_NUMBER}],
        },
    )
    assert home.status_code == 201, home.text
    resident_id = home.json()["people"][0]["resident_id"]
    away = await worker.post(f"/v1/residents/{resident_id}/moves", json={"home": {"address": HOME_ADDRESS}})
    assert away.status_code == 200, away.text
    loop = Loop(api, world)
    await loop.report(contact={"name": CONTACT_NAME, "phone": CONTACT_PHONE}, household_id=home.json()["id"])
    await loop.to("processing")
    file = await uploaded(api, "dept_handler")
    ids = await _visited(api, world, home.json()["id"], resident_id)
    asked = await worker.post(
        "/v1/data-requests",
        json={
            "resident_id": resident_id,
            "kind": "correct",
            "identity_check": "id_card",
            "note": f"{RESIDENT_NAME}要求更正",
            "changes": {"phone": RESIDENT_PHONE, "birth_on": BORN},
        },
    )
    assert asked.status_code == 201, asked.text
    house = await dwellings.building(api, "grid_worker", place)
    owner = {"owner_name": OWNER_NAME, "owner_phone": OWNER_PHONE}
    room = await dwellings.room(api, "grid_worker", house, **owner)
    shop = {"area_id": str(place.id), "name": "小卖部", "kind": "shop", "address": "泄密测试巷 2 号"}
    contact = {"contact_name": SHOP_CONTACT, "contact_phone": SHOP_PHONE}
    opened = await worker.post("/v1/places", json=shop | contact)
    assert opened.status_code == 201, opened.text
    offer = {"resident_id": resident_id, "to_code": world.places["village_c"].code}
    offered = await worker.post("/v1/transfers", json=offer)
    assert offered.status_code == 201, offered.text
    await _own_phone(session, world)
    return Planted(
        ids
        | {
            "household_id": home.json()["id"],
            "resident_id": resident_id,
            "ticket_id": loop.id,
            "building_id": house["id"],
            "room_id": room["id"],
            "place_id": opened.json()["id"],
            "transfer_id": offered.json()["id"],
            "attachment_id": file["id"],
            "request_id": asked.json()["id"],
            "member_id": str(world["grid_worker"].member_id),
            "account_id": str(world["grid_worker"].account_id),
            "post_id": str(world["grid_worker"].post_id),
            "area_id": str(place.id),
            "org_id": str(world.orgs["urban"].id),
            "client_id": str(world.client.id),
        }
    )


async def _visited(api: Api, world: World, household_id: str, resident_id: str) -> dict[str, str]:
    """A visit to the person for a plan, a contact link and a team: their ids by parameter."""
    keeper, member_id = api.as_("village_admin"), str(world["grid_worker"].member_id)
    area_id, today = str(world.places["village_a"].id), clock.today().isoformat()
    plan = {"title": "冬季走访", "programme": "grid", "area_id": area_id, "starts_on": today, "due_on": today}
    team = {"name": "巡防队", "kind": "patrol", "area_id": area_id}
    link = {"member_id": member_id, "household_id": household_id, "rank": "party_member"}
    ids = {}
    for name, url, body in (
        ("plan_id", "/v1/visit-plans", plan),
        ("team_id", "/v1/teams", team),
        ("link_id", "/v1/contact-links", link),
    ):
        made = await keeper.post(url, json=body)
        assert made.status_code == 201, made.text
        ids[name] = made.json()["id"]
    visit = {"household_id": household_id, "resident_id": resident_id, "plan_id": ids["plan_id"]}
    visit |= {"result": "met", "occurred_at": clock.now().isoformat(), "content": VISIT_WORDS}
    visit |= {"needs": [VISIT_WORDS], "opinions": [{"content": VISIT_WORDS}]}
    made = await api.as_("grid_worker").post("/v1/visits", json=visit)
    assert made.status_code == 201, made.text
    return ids | {"visit_id": made.json()["id"]}


async def _own_phone(session: AsyncSession, world: World) -> None:
    columns = sealed_columns("phone", MEMBER_PHONE, Vault(SECRET))
    await session.execute(
        text(
            "UPDATE member SET phone_sealed = :phone_sealed, phone_index = :phone_index, "
            "phone_last4 = :phone_last4 WHERE id = :id"
        ),
        columns | {"id": world["grid_worker"].member_id},
    )
    await session.commit()
