"""Importing households as offices write them: blocks, merged cells, 同上, lost digits; and no one twice."""

import tempfile
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.files import FileStore
from app.core.workbook import reader
from app.models.registry import Household, HouseholdMember, Resident
from app.services.registry import lookups
from app.services.registry.identity import check_character
from tests.support.clients import Api
from tests.support.importing import Importing, counts, faults
from tests.support.settings import vault_of_tests
from tests.support.statements import Counter
from tests.support.workbooks import xlsx, xlsx_of
from tests.support.world import World

PEOPLE = 20_000
HEADER = [
    "户号",
    "网格",
    "家庭住址",
    "户类型",
    "姓名",
    "与户主关系",
    "性别",
    "身份证号",
    "出生日期",
    "联系电话",
]


def number(day: str, sequence: int) -> str:
    body = f"440605{day}{sequence:03d}"
    return body + check_character(body)


FATHER, MOTHER, SON, WIDOW = (
    number("19620307", 111),
    number("19640920", 222),
    number("19900307", 333),
    number("19480101", 444),
)
FAMILY: list[list[Any]] = [
    HEADER,
    ["H001", "儒林第一网格", "一巷 1 号", "常住户", "关大叔", "户主", "男", FATHER, None, "138 0013 8000"],
    [None, None, None, None, "梁  氏", "妻", "女", MOTHER, "1964.9.20", "同上"],
    [None, None, None, None, "关小明", "子", None, SON, None, None],
    ["H002", "儒林第二网格", "二巷 2 号", "租住户", "岑阿婆", "本人", "女", WIDOW, 17533, "/"],
    ["H003", "儒林第二网格", "二巷 3 号", "空置户", None, None, None, None, None, None],
]


@pytest.fixture
def households(api: Api, sessions: Sessions, files: FileStore) -> Importing:
    return Importing(api, sessions, files, "village_admin", "households")


async def registry(session: AsyncSession) -> dict[str, list[tuple[str, str, str]]]:
    """Who lives where: names, relations and genders by the household's number."""
    rows = await session.execute(
        select(Household.no, Resident.name, HouseholdMember.relation, Resident.gender)
        .outerjoin(HouseholdMember, HouseholdMember.household_id == Household.id)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
        .order_by(Household.no, HouseholdMember.relation)
        .execution_options(populate_existing=True)
    )
    found: dict[str, list[tuple[str, str, str]]] = {}
    for row in rows:
        people = found.setdefault(row.no, [])
        if row.name:
            people.append((row.name, row.relation, row.gender))
    return found


async def test_a_block_of_rows_is_a_household(
    households: Importing, session: AsyncSession, world: World
) -> None:
    job = await households.check(xlsx(FAMILY))
    assert (job["state"], job["total_rows"], job["faults"]) == ("checked", 5, [])
    assert await registry(session) == {}
    await households.confirm(job["id"])
    done = await households.apply(job["id"])
    assert counts(done) == (3, 0, 0, 0)
    assert await registry(session) == {
        "H001": [("关大叔", "02", "1"), ("梁氏", "12", "2"), ("关小明", "20", "1")],
        "H002": [("岑阿婆", "01", "2")],
        "H003": [],
    }
    first = (await session.scalars(select(Household).where(Household.no == "H001"))).one()
    assert (first.area_id, first.grid_id) == (world.places["grid_a1"].id,) * 2
    assert (first.village_id, first.town_id) == (world.places["village_a"].id, world.places["town"].id)
    assert (first.address, first.household_type, first.member_count) == ("一巷 1 号", "resident", 3)


async def test_numbers_are_sealed_and_days_are_read(households: Importing, session: AsyncSession) -> None:
    await households.bring_in(xlsx(FAMILY))
    people = {person.name: person for person in await session.scalars(select(Resident))}
    vault = vault_of_tests()
    assert vault.open(people["关大叔"].id_sealed or b"") == FATHER
    assert vault.open(people["梁氏"].phone_sealed or b"") == "13800138000"
    assert str(people["梁氏"].birth_on) == "1964-09-20"
    assert str(people["关小明"].birth_on) == "1990-03-07"
    assert str(people["岑阿婆"].birth_on) == "1948-01-01"
    assert people["岑阿婆"].phone_sealed is None


async def test_the_same_table_again_changes_nothing(households: Importing, session: AsyncSession) -> None:
    await households.bring_in(xlsx(FAMILY))
    before = await registry(session)
    versions = select(func.sum(Household.version), func.count()).select_from(Household)
    seen = (await session.execute(versions)).one()
    assert counts(await households.bring_in(xlsx(FAMILY))) == (0, 0, 3, 0)
    assert await registry(session) == before
    assert (await session.execute(versions)).one() == seen
    assert await session.scalar(select(func.max(Resident.version))) == 1


async def test_without_house_numbers_the_same_table_is_known_again(
    households: Importing, session: AsyncSession
) -> None:
    table = [row[1:] for row in FAMILY]
    assert counts(await households.bring_in(xlsx(table))) == (3, 0, 0, 0)
    assert counts(await households.bring_in(xlsx(table))) == (0, 0, 3, 0)
    assert await session.scalar(select(func.count()).select_from(Household)) == 3


async def test_what_is_new_is_added_and_what_changed_is_changed(
    households: Importing, session: AsyncSession
) -> None:
    await households.bring_in(xlsx(FAMILY))
    baby = [None, None, None, None, "关小宝", "孙子", "男", None, "2026年10月1日", None]
    moved = [
        "H002",
        "儒林第二网格",
        "二巷 22 号",
        "租住户",
        "岑阿婆",
        "本人",
        "女",
        WIDOW,
        None,
        "13900139000",
    ]
    assert counts(await households.bring_in(xlsx([*FAMILY[:4], baby, moved]))) == (0, 2, 0, 0)
    session.expire_all()
    assert ("关小宝", "41", "1") in (await registry(session))["H001"]
    family = (await session.scalars(select(Household).where(Household.no == "H001"))).one()
    assert family.member_count == 4
    widow = (await session.scalars(select(Household).where(Household.no == "H002"))).one()
    assert (widow.address, widow.version) == ("二巷 22 号", 2)


async def test_somebody_of_another_household_is_not_moved(
    households: Importing, session: AsyncSession
) -> None:
    await households.bring_in(xlsx(FAMILY))
    before = await registry(session)
    taken = [
        HEADER,
        ["H009", "儒林第一网格", "九巷 9 号", "常住户", "关小明", "户主", "男", SON, None, None],
    ]
    job = await households.check(xlsx(taken))
    assert faults(job) == [(2, "公民身份号码", "resident_elsewhere")]
    assert SON not in str(job)
    assert await registry(session) == before


async def test_tables_of_guessed_numbers_are_written_down_and_told_so_often_only(
    households: Importing, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST", 1)
    await households.bring_in(xlsx(FAMILY))
    row = ["H009", "儒林第一网格", "九巷 9 号", "常住户", "关小明", "户主", "男", SON, None, None]
    assert faults(await households.check(xlsx([HEADER, row]))) == [(2, "公民身份号码", "resident_elsewhere")]
    noted = await session.scalars(text("SELECT data FROM audit_log WHERE action = 'search.taken'"))
    assert list(noted) == [{"people": 1}]
    job = await households.check(xlsx([HEADER, row]))
    assert (job["state"], job["fault"]["code"], job["faults"]) == ("failed", "lookup_limit", [])


async def test_another_head_is_no_business_of_a_table(households: Importing) -> None:
    await households.bring_in(xlsx(FAMILY))
    other = [HEADER, ["H001", "儒林第一网格", "一巷 1 号", "常住户", "关小明", "户主", "男", SON, None, None]]
    assert faults(await households.check(xlsx(other))) == [(2, "公民身份号码", "head_differs")]


async def test_somebody_registered_since_the_dry_run_is_refused_and_the_rest_comes_in(
    households: Importing, api: Api, world: World, session: AsyncSession
) -> None:
    job = await households.check(xlsx(FAMILY))
    await households.confirm(job["id"])
    area = str(world.places["grid_a1"].id)
    body = {"area_id": area, "address": "别处", "household_type": "resident"}
    person = {"name": "岑阿婆", "relation": "01", "id_number": WIDOW}
    reply = await api.as_("grid_worker").post("/v1/households", json={**body, "residents": [person]})
    assert reply.status_code == 201
    done = await households.apply(job["id"])
    assert (done["state"], counts(done)) == ("done", (2, 0, 0, 1))
    assert faults(done) == [(5, "公民身份号码", "resident_elsewhere")]
    assert "H002" not in await registry(session)


@pytest.mark.parametrize(
    ("who", "grid"),
    [("village_admin", "河清第一网格"), ("grid_worker_a2", "儒林第一网格"), ("grid_worker", "无")],
)
async def test_nobody_imports_into_a_grid_that_is_not_theirs(
    api: Api, sessions: Sessions, files: FileStore, who: str, grid: str
) -> None:
    own = Importing(api, sessions, files, who, "households")
    job = await own.check(
        xlsx([HEADER, ["H1", grid, "一巷", "常住户", "甲某", "户主", "男", FATHER, None, None]])
    )
    assert [fault["column"] for fault in job["faults"]] == ["网格"]
    assert job["held_rows"] == 1


async def test_a_sheet_can_be_a_village(households: Importing) -> None:
    done = await households.bring_in(xlsx_of({"说明": [["请如实填写"]], "儒林社区": FAMILY}))
    assert counts(done) == (3, 0, 0, 0)
    assert [sheet["rows"] for sheet in done["sheets"]] == [0, 5]


async def test_a_named_grid_takes_the_rows_that_name_none_and_no_others(
    households: Importing, world: World, session: AsyncSession
) -> None:
    area_id = str(world.places["grid_a2"].id)
    unnamed = [[row[0], *row[2:]] for row in FAMILY]
    done = await households.bring_in(xlsx(unnamed), area_id=area_id)
    assert counts(done) == (3, 0, 0, 0)
    assert set(await session.scalars(select(Household.area_id))) == {world.places["grid_a2"].id}
    other = [HEADER, ["H9", "儒林第一网格", "九巷", "常住户", "甲某", "户主", "男", None, None, None]]
    assert faults(await households.check(xlsx(other), area_id=area_id)) == [(2, "网格", "area_unknown")]


async def test_a_block_without_a_head_or_with_two_is_held_as_a_whole(households: Importing) -> None:
    table = [
        HEADER,
        ["H1", "儒林第一网格", "一巷", "常住户", "甲某", "妻", "女", None, None, None],
        ["H2", "儒林第一网格", "二巷", "常住户", "乙某", "户主", "男", None, None, None],
        ["H2", None, None, None, "丙某", "户主", "男", None, None, None],
        ["H3", "儒林第一网格", None, "常住户", "丁某", "户主", "男", None, None, None],
        ["H4", "儒林第一网格", "四巷", "常住户", "戊某", "户主", "男", FATHER, None, None],
        ["H5", "儒林第一网格", "五巷", "常住户", "己某", "户主", "男", FATHER, None, None],
    ]
    job = await households.check(xlsx(table))
    assert faults(job) == [
        (2, "与户主关系", "heads"),
        (4, "与户主关系", "heads"),
        (5, "地址", "missing"),
        (7, "公民身份号码", "repeated"),
    ]
    assert job["held_rows"] == 5


def messy() -> tuple[list[list[Any]], list[str]]:
    """Ten thousand couples under a merged header; ten heads' numbers are a number of 15 digits."""
    table: list[list[Any]] = [
        ["儒林社区住户台账", *[None] * 8],
        ["序号", "住户", None, None, "人员", None, None, None, None],
        [
            None,
            "所属网格",
            "现住址",
            "户类型",
            "姓名",
            "与户主关系",
            "公民身份号码",
            "出生年月日",
            "手机号码",
        ],
    ]
    merged = ["A1:I1", "B2:D2", "E2:I2"]
    for count in range(PEOPLE // 2):
        identity = number(f"19{count % 40 + 50}0307", count + 1) if count < 999 else None
        if identity and count % 100 == 7:
            told: Any = float(identity[:15] + "000")
        else:
            told = f"{identity} " if identity else None
        grid = "儒林第一网格" if count % 50 == 0 else "同上"
        if count % 500 == 0:
            merged.append(f"C{len(table) + 1}:C{len(table) + 2}")
        head = [
            count,
            grid,
            f"{count} 号",
            "常住",
            f"户主{count}",
            "户主",
            told,
            None,
            "１３８００１３８０００",
        ]
        table += [head, [None, None, None, None, f"配偶{count}", "配偶", None, "1971/2/3", "同上"]]
    return table, merged


async def test_neither_names_nor_numbers_stand_plain_in_jobs_logs_and_news(
    households: Importing, session: AsyncSession, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = [None, None, None, None, "陈阿妹", "女儿", "女", SON[:-1] + "?", "1964.13.20", "1380013800"]
    job = await households.check(xlsx([*FAMILY[:4], wrong, FAMILY[4]]))
    shown = str(await households.read(job["id"])) + caplog.text
    await households.confirm(job["id"], skip_errors=True)
    await households.apply(job["id"])
    for table in ("import_job", "import_row", "audit_log", "outbox", "pgqueuer"):
        shown += str(await session.scalar(text(f"SELECT string_agg(t::text, ' ') FROM {table} AS t")))  # noqa: S608
    assert len(faults(job)) == 3
    for secret in (FATHER, MOTHER, WIDOW, SON[:-1], "13800138000", "1380013800", "1964.13.20"):
        assert secret not in shown
    for name in ("关大叔", "梁氏", "陈阿妹", "岑阿婆"):
        assert name not in shown


async def test_a_block_that_does_not_end_is_held_in_parts(households: Importing) -> None:
    head = ["H1", "儒林第一网格", "一巷", "常住户", "甲某", "户主", "男", None, None, None]
    rows = [[None, None, None, None, f"乙{place}", "其他", "男", None, None, None] for place in range(3_000)]
    job = await households.check(xlsx([HEADER, head, *rows]))
    assert (job["total_rows"], job["held_rows"]) == (3_001, 3_001)
    assert "unit_too_long" in {code for _line, _column, code in faults(job)}


async def test_a_batch_costs_the_same_statements_whatever_its_length(
    households: Importing, statements: Counter
) -> None:
    for count in (2, 500):
        rows = [
            [
                "",
                "儒林第一网格",
                f"{count}-{place} 号",
                "常住户",
                f"甲{place}",
                "户主",
                "男",
                None,
                None,
                None,
            ]
            for place in range(count)
        ]
        job = await households.check(xlsx([HEADER, *rows]))
        await households.confirm(job["id"])
        with statements(at_most=34):
            done = await households.apply(job["id"])
        assert counts(done) == (count, 0, 0, 0)


async def test_trap_12_a_large_messy_table_with_lost_digits_merged_cells_and_dittos(
    households: Importing, session: AsyncSession
) -> None:
    table, merged = messy()
    job = await households.check(xlsx(table, merged=merged))
    assert job["state"] == "checked"
    assert job["total_rows"] == PEOPLE
    assert {fault["code"] for fault in job["faults"]} == {"digits_lost"}
    assert [fault["line"] for fault in job["faults"]] == [4 + 2 * count for count in range(7, 999, 100)]
    assert job["held_rows"] == 20
    assert "440605" not in str(job["faults"])
    await households.confirm(job["id"], skip_errors=True)
    done = await households.apply(job["id"])
    assert counts(done) == (PEOPLE // 2 - 10, 0, 0, 0)
    assert await session.scalar(select(func.count()).select_from(Resident)) == PEOPLE - 20
    with tempfile.TemporaryFile() as file:
        file.write(await households.errors(job["id"]))
        rows = [row.cells async for batch in reader.batches(file) for row in batch.rows]
    assert len(rows) == 21
    assert "已丢失" in rows[1][-1]
    assert "整户未导入" in rows[2][-1]
