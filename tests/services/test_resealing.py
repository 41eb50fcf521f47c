"""A new deployment secret: what the old one sealed stays readable and findable, and is sealed anew."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import LargeBinary, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import SealBroken, Vault
from app.core.db import Sessions
from app.core.files import FileStore
from app.models import Base
from app.models.access import Account
from app.models.registry import Resident
from app.services.privacy import resealing
from app.services.privacy.resealing import SEALED
from tests.support import households, importing
from tests.support.clients import Api
from tests.support.importing import Importing, counts
from tests.support.problems import problem_in
from tests.support.settings import SECRET
from tests.support.workbooks import xlsx
from tests.support.world import PASSWORD, World, fixed_id

NEW = "the next secret, of thirty-two characters and more"
OLD_VAULT, NEW_VAULT, BOTH = Vault(SECRET), Vault(NEW), Vault(NEW, SECRET)
HOME = [
    ["户号", "网格", "家庭住址", "户类型", "姓名", "与户主关系", "身份证号"],
    ["H1", "儒林第一网格", "一巷 1 号", "常住户", "关大叔", "户主", households.identity_number(9)],
]
STAFF = [["姓名", "用工性质", "所属网格", "手机号码"], ["关小明", "专职", "儒林第一网格", "13800139999"]]


@pytest.fixture
async def resident(session: AsyncSession, world: World) -> Resident:
    """Somebody whose numbers the old secret sealed."""
    await households.add(session, world, world.places["grid_a1"], 1)
    return await person(session)


@pytest.fixture
def rotating(app: FastAPI) -> None:
    """The application knows the new secret and the old one."""
    app.state.vault = BOTH


async def person(session: AsyncSession) -> Resident:
    """The resident as the database has it now."""
    statement = select(Resident).where(Resident.id == fixed_id(20_001))
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


def test_every_sealed_column_is_on_the_list() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name.endswith("_sealed")
    }
    listed = {f"{entry.sealed.class_.__tablename__}.{entry.sealed.key}" for entry in SEALED}
    assert listed == columns


def test_a_value_without_a_header_is_opened_too() -> None:
    sealed = OLD_VAULT.seal("13800131234")
    plain = OLD_VAULT._present.cipher.encrypt(bytes(12), b"13800131234", None)
    assert BOTH.open(bytes(12) + plain) == BOTH.open(sealed) == "13800131234"
    with pytest.raises(SealBroken):
        NEW_VAULT.open(sealed)


async def test_afterwards_the_new_secret_alone_opens_and_finds_everything(
    sessions: Sessions, session: AsyncSession, resident: Resident
) -> None:
    done = await resealing.run(sessions, vault=BOTH)
    assert done.values > 2
    assert (done.twice, done.accounts_left) == (0, 0)
    resident = await person(session)
    assert resident.phone_sealed is not None
    assert NEW_VAULT.open(resident.phone_sealed) == households.PHONE
    assert resident.phone_index == NEW_VAULT.index(households.PHONE)
    assert resident.id_index == NEW_VAULT.index(households.identity_number(1))
    for entry in SEALED:
        for sealed in await session.scalars(select(entry.sealed).where(entry.sealed.is_not(None))):
            assert NEW_VAULT.open(sealed)
    assert (await resealing.run(sessions, vault=BOTH)).values == 0


@pytest.mark.usefixtures("rotating")
async def test_meanwhile_a_registered_person_is_not_registered_again(
    api: Api, world: World, sessions: Sessions, resident: Resident
) -> None:
    assert resident.id_index == OLD_VAULT.index(households.identity_number(1))
    body = households.body(world.places["grid_a1"])
    for _ in range(2):
        reply = await api.as_("grid_worker").post("/v1/households", json=body)
        problem_in(reply, 409, "resident_registered")
        await resealing.run(sessions, vault=BOTH)


@pytest.mark.usefixtures("rotating", "world")
@pytest.mark.parametrize(
    ("who", "kind", "table"), [("village_admin", "households", HOME), ("system_admin", "members", STAFF)]
)
async def test_meanwhile_a_table_brings_nobody_in_again(
    api: Api,
    sessions: Sessions,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    kind: str,
    table: list[list[str]],
) -> None:
    imports, content = Importing(api, sessions, files, who, kind), xlsx(table)
    monkeypatch.setattr(importing, "vault_of_tests", lambda: OLD_VAULT)
    assert counts(await imports.bring_in(content))[0] == 1
    monkeypatch.setattr(importing, "vault_of_tests", lambda: BOTH)
    assert counts(await imports.bring_in(content)) == (0, 0, 1, 0)


@pytest.mark.usefixtures("rotating", "resident")
async def test_meanwhile_what_the_old_secret_sealed_is_still_shown(api: Api) -> None:
    reply = await api.as_("grid_worker").get(f"/v1/households/{fixed_id(10_001)}")
    assert reply.json()["people"][0]["phone"] == "139****5678"


@pytest.mark.usefixtures("rotating")
async def test_who_signs_in_by_phone_follows_the_new_secret(
    api: Api, session: AsyncSession, world: World
) -> None:
    worker = world["grid_worker"]
    form = {"grant_type": "password", "username": worker.phone, "password": PASSWORD}
    assert (await api.post("/v1/auth/token", data=form)).status_code == 200
    index = await session.scalar(select(Account.phone_index).where(Account.id == worker.account_id))
    assert index == NEW_VAULT.index(worker.phone)
    assert (await api.post("/v1/auth/token", data=form)).status_code == 200


async def test_an_account_follows_its_members_number_or_is_counted(
    sessions: Sessions, session: AsyncSession, world: World
) -> None:
    worker, leader = world["grid_worker"], world["grid_leader"]
    for one, index in ((worker, OLD_VAULT.index(worker.phone)), (leader, OLD_VAULT.index("13999999999"))):
        await session.execute(
            text("UPDATE account SET phone_index = :index WHERE id = :id"),
            {"index": index, "id": one.account_id},
        )
        await session.execute(
            text("UPDATE member SET phone_sealed = :sealed, phone_index = :index WHERE id = :id"),
            {"sealed": OLD_VAULT.seal(one.phone), "index": OLD_VAULT.index(one.phone), "id": one.member_id},
        )
    await session.commit()
    done = await resealing.run(sessions, vault=BOTH)
    assert done.accounts_left >= 1
    index = await session.scalar(select(Account.phone_index).where(Account.id == worker.account_id))
    assert index == NEW_VAULT.index(worker.phone)


async def test_a_number_that_is_there_twice_is_left_and_told(
    sessions: Sessions, session: AsyncSession, world: World, resident: Resident
) -> None:
    await households.add(session, world, world.places["grid_a1"], 2)
    same = households.identity_number(1)
    await session.execute(
        text("UPDATE resident SET id_index = :index, id_sealed = :sealed WHERE id = :id"),
        {"index": NEW_VAULT.index(same), "sealed": NEW_VAULT.seal(same), "id": fixed_id(20_002)},
    )
    await session.commit()
    assert (await resealing.run(sessions, vault=BOTH)).twice == 1
    assert (await person(session)).id_index == resident.id_index


@pytest.mark.commits
async def test_two_runs_at_once_do_the_same(sessions: Sessions, world: World) -> None:
    async with sessions() as session:
        for number in range(1, 30):
            await households.add(session, world, world.places["grid_a1"], number)
    await asyncio.gather(*(resealing.run(sessions, vault=BOTH) for _ in range(2)))
    async with sessions() as session:
        for sealed in await session.scalars(select(Resident.phone_sealed)):
            assert sealed is not None
            assert NEW_VAULT.open(sealed) == households.PHONE
