"""Sign-in: who gets in, how failures are counted, and that nothing is told to those who guess."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.access import Account, AuthSession
from app.models.platform import AuditLog
from app.models.staff import Member
from app.services.access import lockout
from tests.support.clients import Api
from tests.support.sign_in import tokens_of, try_password
from tests.support.statements import Counter
from tests.support.world import PASSWORD, Person, World

WRONG = "Wrong-guess-1"


async def account_of(session: AsyncSession, person: Person) -> Account:
    """The account's row as it is now."""
    fresh = select(Account).where(Account.id == person.account_id).execution_options(populate_existing=True)
    return (await session.scalars(fresh)).one()


async def fail(api: Api, username: str, times: int = 1) -> None:
    """Guess wrong that often."""
    for _ in range(times):
        assert (await try_password(api, username, WRONG)).status_code == 400


async def audited(session: AsyncSession, person: Person) -> list[tuple[str, Any]]:
    """What the audit log says of an account, oldest first."""
    rows = await session.scalars(
        select(AuditLog).where(AuditLog.entity_id == person.account_id).order_by(AuditLog.id)
    )
    return [(row.action, row.data.get("reason")) for row in rows]


@pytest.mark.parametrize(
    "typed", ["dispatcher", "DisPatcher", " dispatcher ", "ｄispatcher", "phone", "wide phone"]
)
async def test_people_sign_in_by_user_name_or_mobile_number_however_they_type_it(
    api: Api, world: World, typed: str
) -> None:
    phone = world["dispatcher"].phone
    wide = phone.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    tokens = await tokens_of(api, {"phone": phone, "wide phone": wide}.get(typed, typed))
    reply = await api.get("/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert reply.json()["name"] == world["dispatcher"].name


async def test_every_refusal_reads_the_same_and_costs_the_same(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    await fail(api, "supervisor", lockout.MAX_FAILURES)
    await session.execute(
        update(Member).where(Member.id == world["auditor"].member_id).values(ended_at=clock.now())
    )
    await session.commit()
    attempts = {
        "wrong password": ("dispatcher", WRONG),
        "unknown name": ("nobody.here", PASSWORD),
        "unknown number": ("13900000000", PASSWORD),
        "locked, wrong password": ("supervisor", WRONG),
        "locked, right password": ("supervisor", PASSWORD),
        "disabled": ("disabled", PASSWORD),
        "member has left": ("auditor", PASSWORD),
    }
    answers, costs = set(), set()
    for username, password in attempts.values():
        with statements() as seen:
            reply = await try_password(api, username, password)
        body = {name: value for name, value in reply.json().items() if name != "request_id"}
        answers.add((reply.status_code, str(body), reply.headers["cache-control"]))
        costs.add(tuple(text.replace(" OR account.phone_index = $2::BYTEA", "")[:60] for text in seen.texts))
    assert len(answers) == 1
    assert len(costs) == 1


async def test_a_refusal_warns_of_the_lock_whoever_asks(api: Api) -> None:
    reply = await try_password(api, "nobody.here")
    assert reply.status_code == 400
    assert reply.json()["error"] == "invalid_grant"
    assert "5 次" in reply.json()["detail"]


async def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(
    api: Api, session: AsyncSession, world: World
) -> None:
    person = world["dispatcher"]
    await fail(api, person.username, 4)
    await tokens_of(api, person.username)
    await fail(api, person.username, 5)
    account = await account_of(session, person)
    assert account.locked_until is not None
    assert timedelta(minutes=14) < account.locked_until - clock.now() <= timedelta(minutes=15)
    assert (await try_password(api, person.username)).status_code == 400
    assert (await try_password(api, person.phone)).status_code == 400


async def test_when_the_lock_has_run_out_the_right_password_works_and_counting_starts_anew(
    api: Api, session: AsyncSession, world: World
) -> None:
    person = world["dispatcher"]
    await fail(api, person.username, 5)
    await session.execute(
        update(Account).where(Account.id == person.account_id).values(locked_until=clock.now())
    )
    await session.commit()
    await fail(api, person.username)
    account = await account_of(session, person)
    assert (account.failed_count, account.locked_until) == (1, None)
    await tokens_of(api, person.username)
    account = await account_of(session, person)
    assert account.failed_count == 0
    assert account.last_login_at is not None


async def test_guessing_on_does_not_prolong_a_lock(api: Api, session: AsyncSession, world: World) -> None:
    person = world["dispatcher"]
    await fail(api, person.username, 5)
    before = (await account_of(session, person)).locked_until
    await fail(api, person.username, 3)
    assert (await account_of(session, person)).locked_until == before


async def test_a_right_password_behind_the_fifth_wrong_one_opens_nothing(
    api: Api, session: AsyncSession, world: World
) -> None:
    person = world["dispatcher"]
    verified = (await account_of(session, person)).password_hash
    await fail(api, person.username, 5)
    assert await lockout.admit(session, account_id=person.account_id, verified_hash=verified) is None


async def test_a_password_that_was_replaced_while_it_was_checked_opens_nothing(
    session: AsyncSession, world: World
) -> None:
    person = world["dispatcher"]
    verified = (await account_of(session, person)).password_hash
    await session.execute(
        update(Account).where(Account.id == person.account_id).values(password_hash="another")
    )
    assert await lockout.admit(session, account_id=person.account_id, verified_hash=verified) is None


@pytest.mark.commits
async def test_guesses_made_at_the_same_moment_count_one_by_one_although_each_is_refused(
    api: Api, sessions: Sessions, world: World
) -> None:
    person = world["dispatcher"]
    replies = await asyncio.gather(*(try_password(api, person.username, WRONG) for _ in range(5)))
    assert {reply.status_code for reply in replies} == {400}
    async with sessions() as other:
        account = await account_of(other, person)
        assert account.failed_count == 5
        assert account.locked_until is not None
        assert [action for action, _ in await audited(other, person)].count("account.lock") == 1
    assert (await try_password(api, person.username)).status_code == 400


async def test_the_audit_log_tells_the_auditors_what_the_caller_is_not_told(
    api: Api, session: AsyncSession, world: World
) -> None:
    person = world["dispatcher"]
    await fail(api, person.username, 6)
    await try_password(api, "disabled")
    await tokens_of(api, "supervisor")
    assert await audited(session, person) == [
        *[("account.sign_in_failed", "wrong_password")] * 4,
        ("account.lock", "wrong_password"),
        ("account.sign_in_failed", "locked"),
    ]
    assert await audited(session, world["disabled"]) == [("account.sign_in_failed", "disabled")]
    assert await audited(session, world["supervisor"]) == [("account.sign_in", None)]


async def test_a_session_remembers_the_device_and_ends_after_thirty_days(
    api: Api, session: AsyncSession, world: World
) -> None:
    api.headers["User-Agent"] = "网格通/3.2 " + "x" * 500
    await tokens_of(api, "dispatcher")
    opened = (
        await session.scalars(
            select(AuthSession)
            .where(AuthSession.account_id == world["dispatcher"].account_id)
            .order_by(AuthSession.id.desc())
        )
    ).first()
    assert opened is not None
    assert opened.user_agent is not None
    assert len(opened.user_agent) == 200
    assert timedelta(days=29) < opened.expires_at - clock.now() <= timedelta(days=30)
