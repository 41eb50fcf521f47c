"""Imported households stand in the registry as if somebody had entered each of them by hand."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.services.registry import cycle
from tests.support.clients import Api
from tests.support.households import identity_number
from tests.support.importing import Importing, counts
from tests.support.workbooks import xlsx
from tests.support.world import World

HEADER = ["户号", "网格", "家庭住址", "户类型", "姓名", "与户主关系", "性别", "身份证号", "出生日期"]
HEAD = ["H1", "儒林第一网格", "一巷 1 号", "常住户", "关大叔", "户主", "男", identity_number(1), None]
SON = ["H1", None, None, None, "关小明", "子", "男", identity_number(2), None]
WIFE = ["H1", None, None, None, "梁氏", "妻", "女", None, "1964-09-20"]
TABLES = {
    "household": "id = :home",
    "household_stay": "household_id = :home",
    "household_member": "household_id = :home",
    "residence": "household_id = :home",
    "resident": "id IN (SELECT resident_id FROM household_member WHERE household_id = :home)",
    "audit_log": "entity_id = :home OR entity_id IN (SELECT resident_id FROM household_member "
    "WHERE household_id = :home)",
    "outbox": "entity_id = :home OR entity_id IN (SELECT resident_id FROM household_member "
    "WHERE household_id = :home)",
}
OWN = {"id", "no", "household_id", "resident_id", "entity_id", "request_id", "created_at", "updated_at", "at"}
OWN |= {"txid", "id_sealed", "id_index", "id_last4", "next_visit_due"}


@pytest.fixture
def households(api: Api, sessions: Sessions, files: FileStore) -> Importing:
    return Importing(api, sessions, files, "village_admin", "households")


async def rows(session: AsyncSession, table: str, no: str) -> list[dict[str, Any]]:
    """What a table holds of a household, without what every row has of its own."""
    home = await session.scalar(text("SELECT id FROM household WHERE no = :no"), {"no": no})
    found = await session.execute(text(f"SELECT * FROM {table} WHERE {TABLES[table]}"), {"home": home})  # noqa: S608
    told = [{name: row[name] for name in row if name not in OWN} for row in found.mappings()]
    return sorted(told, key=lambda row: str(sorted(row.items())))


async def told(session: AsyncSession) -> list[str]:
    """What was done to the registry, as the history tells it, in order of the letters."""
    lines = "SELECT action FROM audit_log WHERE action ~ '^(household|resident)' ORDER BY 1"
    return list(await session.scalars(text(lines)))


async def began_long_ago(session: AsyncSession) -> None:
    """Let everything that is there have begun a month ago."""
    month = {"day": clock.today() - timedelta(days=30)}
    for table in ("household_stay", "household_member", "residence"):
        await session.execute(text(f"UPDATE {table} SET valid_from = :day"), month)  # noqa: S608
    await session.commit()


async def test_an_imported_household_has_the_same_rows_as_one_entered_by_hand(
    households: Importing, api: Api, session: AsyncSession, world: World
) -> None:
    body = {"area_id": str(world.places["grid_a1"].id), "address": "一巷 1 号", "household_type": "resident"}
    people = [
        {"name": "关大叔", "relation": "02", "gender": "1", "id_number": identity_number(3)},
        {"name": "关小明", "relation": "20", "gender": "1", "id_number": identity_number(4)},
        {"name": "梁氏", "relation": "12", "gender": "2", "birth_on": "1964-09-20"},
    ]
    sent = {**body, "no": "BY-HAND", "residents": people}
    reply = await api.as_("village_admin").post("/v1/households", json=sent)
    assert reply.status_code == 201, reply.text
    await households.bring_in(xlsx([HEADER, HEAD, SON, WIFE]))
    for table in TABLES:
        by_hand = await rows(session, table, "BY-HAND")
        assert by_hand, table
        assert await rows(session, table, "H1") == by_hand, table
    turns = "SELECT id, next_visit_due FROM household WHERE no IN ('BY-HAND', 'H1')"
    for household_id, due in (await session.execute(text(turns))).all():
        assert due == cycle.first_turn(household_id, clock.today())


async def test_who_joins_later_is_counted_placed_and_told(
    households: Importing, session: AsyncSession, world: World
) -> None:
    await households.bring_in(xlsx([HEADER, HEAD]))
    assert counts(await households.bring_in(xlsx([HEADER, HEAD, SON, WIFE]))) == (0, 1, 0, 0)
    assert await told(session) == ["household.create", "resident.create", "resident.create"]
    home = (await rows(session, "household", "H1"))[0]
    assert (home["member_count"], home["needs_head"], home["version"]) == (3, False, 2)
    people = await rows(session, "resident", "H1")
    assert {row["grid_id"] for row in people} == {world.places["grid_a1"].id}
    assert len(await rows(session, "residence", "H1")) == 3


async def test_somebody_who_had_left_comes_back(
    households: Importing, api: Api, session: AsyncSession
) -> None:
    await households.bring_in(xlsx([HEADER, HEAD, SON]))
    await began_long_ago(session)
    gone = await session.scalar(text("SELECT id FROM resident WHERE name = '关小明'"))
    reply = await api.as_("village_admin").post(f"/v1/residents/{gone}/departure", json={})
    assert reply.status_code == 200, reply.text
    assert counts(await households.bring_in(xlsx([HEADER, HEAD, SON]))) == (0, 1, 0, 0)
    spans = "SELECT reason, end_reason FROM {} WHERE resident_id = :id ORDER BY valid_from"
    for table in ("household_member", "residence"):
        found = (await session.execute(text(spans.format(table)), {"id": gone})).all()
        assert [tuple(row) for row in found] == [("registered", "moved_out"), ("moved", None)], table
    assert await session.scalar(text("SELECT left_on FROM resident WHERE id = :id"), {"id": gone}) is None
    assert (await rows(session, "household", "H1"))[0]["member_count"] == 2


async def test_another_relation_ends_the_place_and_begins_the_next(
    households: Importing, session: AsyncSession
) -> None:
    await households.bring_in(xlsx([HEADER, HEAD, SON]))
    await began_long_ago(session)
    nephew = [*SON[:5], "女婿", *SON[6:]]
    assert counts(await households.bring_in(xlsx([HEADER, HEAD, nephew]))) == (0, 1, 0, 0)
    places = [row for row in await rows(session, "household_member", "H1") if not row["is_head"]]
    spans = sorted((row["valid_from"], row["reason"], row["end_reason"]) for row in places)
    month, today = clock.today() - timedelta(days=30), clock.today()
    assert spans == [(month, "registered", "new_head"), (today, "new_head", None)]
    assert (await told(session)).count("household.head") == 1
    assert (await rows(session, "household", "H1"))[0]["member_count"] == 2


async def test_a_household_that_lost_its_head_gets_the_one_of_the_table(
    households: Importing, api: Api, session: AsyncSession
) -> None:
    await households.bring_in(xlsx([HEADER, HEAD, SON]))
    head = await session.scalar(text("SELECT id FROM resident WHERE name = '关大叔'"))
    reply = await api.as_("village_admin").post(f"/v1/residents/{head}/death", json={})
    assert reply.status_code == 200, reply.text
    assert (await rows(session, "household", "H1"))[0]["needs_head"]
    table = [HEADER, [*HEAD[:4], "关小明", "户主", "男", identity_number(2), None]]
    assert counts(await households.bring_in(xlsx(table))) == (0, 1, 0, 0)
    home = (await rows(session, "household", "H1"))[0]
    assert (home["needs_head"], home["member_count"]) == (False, 1)


async def test_a_corrected_address_is_the_stays_too(households: Importing, session: AsyncSession) -> None:
    await households.bring_in(xlsx([HEADER, HEAD]))
    other = [*HEAD[:2], "二巷 22 号", *HEAD[3:]]
    assert counts(await households.bring_in(xlsx([HEADER, other]))) == (0, 1, 0, 0)
    assert [row["address"] for row in await rows(session, "household_stay", "H1")] == ["二巷 22 号"]
    assert (await rows(session, "household", "H1"))[0]["sort_key"].startswith("二巷 0000000022")
    assert (await told(session)).count("household.change") == 1


async def test_a_number_that_was_missing_takes_its_reason_away(
    households: Importing, session: AsyncSession
) -> None:
    await households.bring_in(xlsx([HEADER, [*HEAD[:6], None, None, None]]))
    assert [row["no_id_reason"] for row in await rows(session, "resident", "H1")] == ["not_collected"]
    await households.bring_in(xlsx([HEADER, [*HEAD[:6], None, *HEAD[7:]]]))
    person = (await rows(session, "resident", "H1"))[0]
    assert (person["no_id_reason"], person["gender"] in {"1", "2"}) == (None, True)
    assert person["birth_on"] is not None
    assert "resident.change" in await told(session)
