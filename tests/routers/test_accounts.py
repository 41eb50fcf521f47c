"""Accounts over HTTP: what administrators do, and what they may not do to themselves."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.access import Account
from app.models.enums import Role
from app.models.platform import AuditLog
from app.models.staff import Member
from app.services.access import first_admin
from app.services.access.accounts import UsernameTaken
from app.services.access.passwords import WeakPassword
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.sign_in import bearer, me, refresh, tokens_of, try_password
from tests.support.staff import new_member
from tests.support.statements import Counter
from tests.support.world import CALLERS, PASSWORD, World, fixed_id

PATH = "/v1/accounts"


async def created(api: Api, member_id: UUID, username: str = "xie.xin", **more: Any) -> dict[str, Any]:
    """A new account."""
    body = {"member_id": str(member_id), "username": username, **more}
    reply = await api.as_("system_admin").post(PATH, json=body)
    assert reply.status_code == 201, reply.text
    account: dict[str, Any] = reply.json()
    return account


def of(world: World, who: str) -> str:
    """The address of somebody's account."""
    return f"{PATH}/{world[who].account_id}"


async def test_a_newcomer_gets_an_account_an_initial_password_and_then_chooses_one(
    api: Api, session: AsyncSession, world: World
) -> None:
    account = await created(api, await new_member(session, world), phone="139 0000 0001")
    assert (account["member"]["name"], account["phone_bound"]) == ("谢新人", True)
    assert account["must_change_password"] is True
    given = (await api.as_("system_admin").post(f"{PATH}/{account['id']}/password")).json()
    tokens = await tokens_of(api, "13900000001", given["initial_password"])
    problem_in(
        await api.get("/v1/areas", headers=bearer(tokens["access_token"])), 403, "password_change_required"
    )
    change = {"current_password": given["initial_password"], "new_password": "My-own-2026"}
    mine = bearer(tokens["access_token"])
    assert (await api.post("/v1/auth/password", json=change, headers=mine)).status_code == 204
    await tokens_of(api, "xie.xin", "My-own-2026")


async def test_a_new_account_opens_to_no_password_before_one_was_handed_out(
    api: Api, session: AsyncSession, world: World
) -> None:
    await created(api, await new_member(session, world))
    for password in (PASSWORD, "!", "xie.xin"):
        problem_in(await try_password(api, "xie.xin", password), 400, "invalid_grant")


async def test_an_initial_password_is_shown_once_and_only_its_hash_is_kept(
    api: Api, session: AsyncSession, world: World
) -> None:
    admin = api.as_("system_admin")
    reply = await admin.post(f"{of(world, 'dispatcher')}/password", headers={"Idempotency-Key": "once"})
    initial = reply.json()["initial_password"]
    assert reply.headers["cache-control"] == "no-store"
    again = await admin.post(f"{of(world, 'dispatcher')}/password", headers={"Idempotency-Key": "once"})
    assert again.json()["initial_password"] != initial
    assert initial not in (await admin.get(of(world, "dispatcher"))).text
    whole = await session.scalar(
        select(func.concat(Account.password_hash)).where(Account.id == world["dispatcher"].account_id)
    )
    assert whole is not None
    assert whole.startswith("$argon2id$")
    noted = await session.scalars(select(AuditLog.data).where(AuditLog.action == "account.reset_password"))
    assert initial not in str(noted.all())


async def test_a_reset_ends_all_sessions_and_a_lock(api: Api, world: World) -> None:
    before = await tokens_of(api, "dispatcher")
    for _ in range(5):
        await try_password(api, "dispatcher", "Wrong-guess-1")
    assert (await api.as_("system_admin").get(of(world, "dispatcher"))).json()["locked"] is True
    given = (await api.as_("system_admin").post(f"{of(world, 'dispatcher')}/password")).json()
    problem_in(await me(api, before["access_token"]), 401, "unauthenticated")
    problem_in(await refresh(api, before["refresh_token"]), 400, "invalid_grant")
    assert (await tokens_of(api, "dispatcher", given["initial_password"]))["must_change_password"] is True


async def test_creating_an_account_twice_with_one_key_creates_one(
    api: Api, session: AsyncSession, world: World
) -> None:
    body = {"member_id": str(await new_member(session, world)), "username": "xie.xin"}
    admin, key = api.as_("system_admin"), {"Idempotency-Key": "new-account"}
    first = await admin.post(PATH, json=body, headers=key)
    second = await admin.post(PATH, json=body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"] == f"{PATH}/{first.json()['id']}"
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_name_a_number_and_a_member_belong_to_one_account_each(
    api: Api, session: AsyncSession, world: World
) -> None:
    admin, member_id = api.as_("system_admin"), str(await new_member(session, world))
    person = world["dispatcher"]
    for body, code in (
        ({"member_id": member_id, "username": "Dispatcher"}, "username_taken"),
        ({"member_id": member_id, "username": "xie.xin", "phone": person.phone}, "phone_taken"),
        ({"member_id": str(person.member_id), "username": "xie.xin"}, "member_has_account"),
    ):
        problem_in(await admin.post(PATH, json=body), 409, code)
    for body, code in (
        ({"username": "dispatcher"}, "username_taken"),
        ({"phone": person.phone}, "phone_taken"),
    ):
        problem_in(await admin.patch(of(world, "supervisor"), json=body), 409, code)
    assert (await admin.patch(of(world, "dispatcher"), json={"username": "dispatcher"})).status_code == 200


@pytest.mark.parametrize(
    "username", ["ab", "13800000000", "1abc", "网格员", "a b c", "a" * 33, "a\x00bc", "ab\nc", "", "a@b.cn"]
)
async def test_a_user_name_is_plain_and_cannot_be_mistaken_for_a_number(
    api: Api, session: AsyncSession, world: World, username: str
) -> None:
    body = {"member_id": str(await new_member(session, world)), "username": username}
    reply = await api.as_("system_admin").post(PATH, json=body)
    problem_in(reply, 422, "invalid", "body.username")


async def test_an_account_needs_a_member_who_is_still_there(
    api: Api, session: AsyncSession, world: World
) -> None:
    admin, gone = api.as_("system_admin"), await new_member(session, world)
    await session.execute(update(Member).where(Member.id == gone).values(ended_at=clock.now()))
    await session.commit()
    for member_id in (gone, fixed_id(9_999)):
        body = {"member_id": str(member_id), "username": "xie.xin"}
        problem_in(await admin.post(PATH, json=body), 422, "invalid", "body.member_id")


async def test_disabling_an_account_ends_its_sessions_at_once_and_for_good(api: Api, world: World) -> None:
    admin, tokens = api.as_("system_admin"), await tokens_of(api, "dispatcher")
    reply = await admin.patch(of(world, "dispatcher"), json={"status": "disabled"})
    assert (reply.status_code, reply.json()["status"]) == (200, "disabled")
    problem_in(await me(api, tokens["access_token"]), 401, "unauthenticated")
    problem_in(await try_password(api, "dispatcher"), 400, "invalid_grant")
    await admin.patch(of(world, "dispatcher"), json={"status": "active"})
    problem_in(await me(api, tokens["access_token"]), 401, "unauthenticated")
    problem_in(await refresh(api, tokens["refresh_token"]), 400, "invalid_grant")
    await tokens_of(api, "dispatcher")


async def test_a_number_can_be_bound_and_unbound(api: Api, world: World) -> None:
    admin = api.as_("system_admin")
    await admin.patch(of(world, "dispatcher"), json={"phone": "13912345678"})
    await tokens_of(api, "13912345678")
    problem_in(await try_password(api, world["dispatcher"].phone), 400, "invalid_grant")
    assert (await admin.patch(of(world, "dispatcher"), json={"phone": None})).json()["phone_bound"] is False
    problem_in(await try_password(api, "13912345678"), 400, "invalid_grant")


async def test_a_stale_version_changes_nothing(api: Api, world: World) -> None:
    admin = api.as_("system_admin")
    tag = (await admin.get(of(world, "dispatcher"))).headers["etag"]
    first = await admin.patch(of(world, "dispatcher"), json={"username": "wu"}, headers={"If-Match": tag})
    problem_in(first, 422, "invalid", "body.username")
    first = await admin.patch(of(world, "dispatcher"), json={"username": "wu.d"}, headers={"If-Match": tag})
    assert first.status_code == 200
    second = await admin.patch(of(world, "dispatcher"), json={"username": "x.y"}, headers={"If-Match": tag})
    problem_in(second, 412, "stale_version")
    assert (await admin.get(of(world, "dispatcher"))).json()["username"] == "wu.d"


@pytest.mark.parametrize(
    "body", [{}, {"username": None}, {"status": None}, {"password": "x"}, {"status": "x"}]
)
async def test_a_change_of_nothing_or_of_unknown_fields_is_refused(
    api: Api, world: World, body: dict[str, Any]
) -> None:
    problem_in(await api.as_("system_admin").patch(of(world, "dispatcher"), json=body), 422, "invalid")


async def test_administrators_cannot_disable_or_reset_themselves(api: Api, world: World) -> None:
    admin, own = api.as_("system_admin"), of(world, "system_admin")
    problem_in(await admin.patch(own, json={"status": "disabled"}), 409, "own_account")
    problem_in(await admin.post(f"{own}/password"), 409, "own_account")
    assert (await admin.get(own)).json()["status"] == "active"


async def test_the_list_pages_by_user_name_within_its_budget(
    api: Api, world: World, statements: Counter
) -> None:
    admin, seen, cursor = api.as_("system_admin"), [], None
    while True:
        with statements(at_most=3):
            reply = await admin.get(PATH, params={"limit": 10, **({"cursor": cursor} if cursor else {})})
        seen += [account["username"] for account in reply.json()["items"]]
        cursor = reply.json()["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(person.username for person in world.people.values())
    off = (await admin.get(PATH, params={"status": "disabled"})).json()["items"]
    assert [account["username"] for account in off] == ["disabled"]


async def test_nothing_secret_is_ever_shown(api: Api, world: World) -> None:
    admin = api.as_("system_admin")
    for path in (PATH, of(world, "dispatcher")):
        text = (await admin.get(path)).text
        assert "argon2" not in text
        assert "index" not in text
        assert world["dispatcher"].phone not in text


@pytest.mark.parametrize("who", [role for role in CALLERS if role is not Role.SYSTEM_ADMIN])
async def test_nobody_but_administrators_sees_accounts(api: Api, world: World, who: str) -> None:
    problem_in(await api.as_(who).get(PATH), 403, "forbidden")
    problem_in(await api.as_(who).post(f"{of(world, 'dispatcher')}/password"), 403, "forbidden")


async def test_an_unknown_account_is_not_found(api: Api) -> None:
    admin = api.as_("system_admin")
    problem_in(await admin.get(f"{PATH}/{uuid7()}"), 404, "not_found")
    problem_in(await admin.patch(f"{PATH}/{uuid7()}", json={"status": "active"}), 404, "not_found")
    problem_in(await admin.post(f"{PATH}/{uuid7()}/password"), 404, "not_found")


async def test_every_administrative_write_is_in_the_audit_log(
    api: Api, session: AsyncSession, world: World
) -> None:
    account = await created(api, await new_member(session, world))
    admin = api.as_("system_admin")
    await admin.patch(f"{PATH}/{account['id']}", json={"phone": "13912345678"})
    await admin.post(f"{PATH}/{account['id']}/password")
    rows = (
        await session.scalars(
            select(AuditLog).where(AuditLog.entity_id == UUID(account["id"])).order_by(AuditLog.id)
        )
    ).all()
    assert [row.action for row in rows] == ["account.create", "account.change", "account.reset_password"]
    assert {row.actor_id for row in rows} == {world["system_admin"].member_id}
    assert rows[1].data == {"fields": ["phone"], "status": "active"}
    assert all(row.request_id for row in rows)


async def test_the_first_administrator_can_sign_in_and_administer(api: Api, session: AsyncSession) -> None:
    made = await first_admin.create(session, username="root.admin", name="首任管理员")
    await session.commit()
    assert made.initial_password is not None
    tokens = await tokens_of(api, "root.admin", made.initial_password)
    mine = bearer(tokens["access_token"])
    change = {"current_password": made.initial_password, "new_password": "My-own-2026"}
    assert (await api.post("/v1/auth/password", json=change, headers=mine)).status_code == 204
    assert (await api.get(PATH, headers=mine)).status_code == 200


async def test_the_operator_may_choose_the_first_password_but_no_weak_one_and_no_name_twice(
    api: Api, session: AsyncSession
) -> None:
    with pytest.raises(WeakPassword):
        await first_admin.create(session, username="root.admin", name="甲", password="12345678")
    with pytest.raises(UsernameTaken):
        await first_admin.create(session, username="dispatcher", name="乙")
    made = await first_admin.create(session, username="root.admin", name="丙", password="My-own-2026")
    await session.commit()
    assert made.initial_password is None
    assert (await tokens_of(api, "root.admin", "My-own-2026"))["must_change_password"] is False
