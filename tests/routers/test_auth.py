"""Sign-in over HTTP: the standard's forms and answers, refreshing, signing out."""

import asyncio
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import hash_token
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.core.jwt import verify
from app.models.access import Account, AuthSession, RefreshToken
from app.models.platform import AuditLog
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.sign_in import REVOKE, TOKEN, ask, bearer, me, refresh, tokens_of
from tests.support.waiting import until_somebody_waits
from tests.support.world import PASSWORD, World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_sign_in_is_answered_as_the_standard_says(api: Api, world: World) -> None:
    reply = await ask(api, grant_type="password", username="dispatcher", password=PASSWORD, scope="")
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    tokens = reply.json()
    assert tokens.keys() == {
        "access_token", "token_type", "expires_in", "refresh_token", "must_change_password",
    }  # fmt: skip
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert (await me(api, tokens["access_token"])).json()["id"] == str(world["dispatcher"].member_id)


async def test_an_access_token_names_account_session_and_end_and_can_be_verified_by_anybody(
    api: Api, world: World
) -> None:
    tokens = await tokens_of(api, "dispatcher")
    keys = (await api.get("/.well-known/jwks.json")).json()["keys"]
    claims = verify(tokens["access_token"], key=keys[0])
    assert claims["sub"] == str(world["dispatcher"].account_id)
    assert claims["exp"] - claims["iat"] == 900
    assert claims.keys() == {"iss", "sub", "sid", "jti", "iat", "exp"}


@pytest.mark.parametrize(
    ("form", "error", "field"),
    [
        ({}, "invalid_request", "body.username"),
        ({"username": "dispatcher"}, "invalid_request", "body.password"),
        ({"username": "", "password": PASSWORD}, "invalid_request", "body.username"),
        ({"grant_type": "refresh_token"}, "invalid_request", "body.refresh_token"),
        ({"grant_type": "client_credentials"}, "invalid_request", "body.client_id"),
        ({"username": "a\x00b", "password": PASSWORD}, "invalid_request", "body.username"),
        ({"username": "dispatcher", "password": "a\x00b"}, "invalid_request", "body.password"),
        ({"username": "x" * 201, "password": PASSWORD}, "invalid_request", "body.username"),
        ({"username": "dispatcher", "password": "x" * 129}, "invalid_request", "body.password"),
        ({"grant_type": "refresh_token", "refresh_token": "\x00"}, "invalid_request", "body.refresh_token"),
        ({"grant_type": "password\x00"}, "invalid_request", "body.grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type", None),
        ({"grant_type": "refresh_token", "refresh_token": "nonsense"}, "invalid_grant", None),
    ],
)
async def test_a_bad_form_is_refused_with_the_standards_error_and_the_fields_name(
    api: Api, form: dict[str, str], error: str, field: str | None
) -> None:
    reply = await api.post(TOKEN, data=form)
    problem = problem_in(reply, 400, error, field)
    assert problem["error"] == error
    assert problem["error_description"].isascii()
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("charset", ["utf-8", "idna", "unicode_escape", "no-such"])
async def test_only_the_standards_kind_of_form_is_read(api: Api, charset: str) -> None:
    fields = {"username": "dispatcher", "password": PASSWORD}
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    multipart = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    reply = await api.post(TOKEN, content="".join(parts) + "--x--\r\n", headers=multipart)
    problem_in(reply, 400, "invalid_request")
    problem_in(await api.post(TOKEN, json=fields), 400, "invalid_request")


@pytest.mark.parametrize(
    "name", [b"%ED%A0%80", b"%FF%FE", b"%00", b"%F0%9F%98%80", b"\xff\xfe", b"%E2%80%AE"]
)
async def test_bytes_that_are_no_text_never_reach_the_database(api: Api, name: bytes) -> None:
    reply = await api.post(TOKEN, content=b"password=x&username=" + name, headers=FORM)
    assert reply.status_code == 400
    assert reply.json()["error"] in {"invalid_request", "invalid_grant"}


async def test_a_form_over_the_limit_is_too_large(api: Api) -> None:
    reply = await api.post(TOKEN, content=b"username=" + b"x" * 2_000_000, headers=FORM)
    assert reply.status_code == 413


async def test_a_refresh_token_gives_new_tokens_once(api: Api) -> None:
    first = await tokens_of(api, "dispatcher")
    second = await refresh(api, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert (await me(api, second.json()["access_token"])).status_code == 200
    assert (await me(api, first["access_token"])).status_code == 200
    third = await refresh(api, second.json()["refresh_token"])
    assert third.status_code == 200


async def test_a_refresh_token_used_twice_ends_every_token_of_its_session(
    api: Api, session: AsyncSession, world: World
) -> None:
    first = await tokens_of(api, "dispatcher")
    elsewhere = await tokens_of(api, "dispatcher")
    second = (await refresh(api, first["refresh_token"])).json()
    problem_in(await refresh(api, first["refresh_token"]), 400, "invalid_grant")
    problem_in(await refresh(api, second["refresh_token"]), 400, "invalid_grant")
    for token in (first["access_token"], second["access_token"]):
        problem_in(await me(api, token), 401, "unauthenticated")
    assert (await me(api, elsewhere["access_token"])).status_code == 200
    noted = select(AuditLog.entity_id).where(AuditLog.action == "account.reuse_refresh")
    assert (await session.scalars(noted)).all() == [world["dispatcher"].account_id]


@pytest.mark.commits
async def test_of_two_refreshes_at_the_same_moment_one_is_a_reuse(api: Api, sessions: Sessions) -> None:
    tokens = await tokens_of(api, "dispatcher")
    mine = RefreshToken.token_hash == hash_token(tokens["refresh_token"])
    async with transaction(sessions) as first:
        await first.execute(update(RefreshToken).where(mine).values(used_at=clock.now()))
        second = asyncio.create_task(refresh(api, tokens["refresh_token"]))
        await until_somebody_waits(sessions)
    problem_in(await second, 400, "invalid_grant")
    problem_in(await me(api, tokens["access_token"]), 401, "unauthenticated")


async def test_a_phone_that_never_heard_the_answer_refreshes_again_by_the_same_attempt(api: Api) -> None:
    first, attempt = await tokens_of(api, "grid_worker"), str(uuid7())
    lost = await refresh(api, first["refresh_token"], attempt=attempt)
    heard = await refresh(api, first["refresh_token"], attempt=attempt)
    assert heard.json()["refresh_token"] != lost.json()["refresh_token"]
    assert (await refresh(api, heard.json()["refresh_token"])).status_code == 200
    # What the lost answer held died unheard; nobody can go on with it.
    problem_in(await refresh(api, lost.json()["refresh_token"]), 400, "invalid_grant")
    assert (await me(api, heard.json()["access_token"])).status_code == 200


async def test_of_two_answers_to_one_attempt_either_can_be_gone_on_with(api: Api) -> None:
    first, attempt = await tokens_of(api, "grid_worker"), str(uuid7())
    heard = await refresh(api, first["refresh_token"], attempt=attempt)
    await refresh(api, first["refresh_token"], attempt=attempt)
    assert (await refresh(api, heard.json()["refresh_token"])).status_code == 200


@pytest.mark.parametrize("also", [{}, {"attempt": "01890a5d-ac96-774b-bcce-b302099a8057"}])
async def test_another_attempt_with_a_used_token_is_a_theft(api: Api, also: dict[str, str]) -> None:
    first = await tokens_of(api, "grid_worker")
    second = (await refresh(api, first["refresh_token"], attempt=str(uuid7()))).json()
    problem_in(await refresh(api, first["refresh_token"], **also), 400, "invalid_grant")
    problem_in(await refresh(api, second["refresh_token"]), 400, "invalid_grant")


async def test_an_attempt_that_arrives_late_gives_nothing_and_does_no_harm(api: Api) -> None:
    first, attempt = await tokens_of(api, "grid_worker"), str(uuid7())
    second = (await refresh(api, first["refresh_token"], attempt=attempt)).json()
    third = (await refresh(api, second["refresh_token"])).json()
    problem_in(await refresh(api, first["refresh_token"], attempt=attempt), 400, "invalid_grant")
    assert (await refresh(api, third["refresh_token"])).status_code == 200


async def test_only_hashes_of_refresh_tokens_are_kept(api: Api, session: AsyncSession) -> None:
    tokens = await tokens_of(api, "dispatcher")
    kept = (await session.scalars(select(RefreshToken.token_hash))).all()
    assert hash_token(tokens["refresh_token"]) in kept
    assert tokens["refresh_token"].encode() not in kept


async def test_a_session_past_its_last_day_cannot_be_refreshed(
    api: Api, session: AsyncSession, world: World
) -> None:
    tokens = await tokens_of(api, "dispatcher")
    mine = AuthSession.account_id == world["dispatcher"].account_id
    await session.execute(update(AuthSession).where(mine).values(expires_at=clock.now()))
    await session.commit()
    problem_in(await refresh(api, tokens["refresh_token"]), 400, "invalid_grant")


async def test_an_access_token_does_not_outlive_its_session(
    api: Api, session: AsyncSession, world: World
) -> None:
    tokens = await tokens_of(api, "dispatcher")
    soon = clock.now() + timedelta(seconds=60)
    mine = AuthSession.account_id == world["dispatcher"].account_id
    await session.execute(update(AuthSession).where(mine).values(expires_at=soon))
    await session.commit()
    assert 0 < (await refresh(api, tokens["refresh_token"])).json()["expires_in"] <= 60


async def test_a_disabled_account_cannot_refresh(api: Api, session: AsyncSession, world: World) -> None:
    tokens = await tokens_of(api, "dispatcher")
    account = Account.id == world["dispatcher"].account_id
    await session.execute(update(Account).where(account).values(status="disabled"))
    await session.commit()
    problem_in(await refresh(api, tokens["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("by", ["refresh_token", "access_token"])
async def test_signing_out_ends_this_session_and_no_other(api: Api, session: AsyncSession, by: str) -> None:
    mine, other = await tokens_of(api, "dispatcher"), await tokens_of(api, "dispatcher")
    assert (await api.post(REVOKE, data={"token": mine[by]})).status_code == 200
    problem_in(await me(api, mine["access_token"]), 401, "unauthenticated")
    problem_in(await refresh(api, mine["refresh_token"]), 400, "invalid_grant")
    assert (await me(api, other["access_token"])).status_code == 200
    assert (await api.post(REVOKE, data={"token": mine[by]})).status_code == 200
    noted = select(func.count()).where(AuditLog.action == "account.sign_out")
    assert await session.scalar(noted) == 1


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "wg_x.y", "wg_", "wg_密.钥", "x" * 4000])
async def test_signing_out_with_a_token_that_means_nothing_is_no_error(api: Api, token: str) -> None:
    reply = await api.post(REVOKE, data={"token": token, "token_type_hint": "refresh_token"})
    assert (reply.status_code, reply.content) == (200, b"")


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token": "a\x00b"}, {"token": "x" * 4001}])
async def test_signing_out_without_a_readable_token_is_an_invalid_request(
    api: Api, form: dict[str, str]
) -> None:
    problem = problem_in(await api.post(REVOKE, data=form), 400, "invalid_request", "body.token")
    assert problem["error"] == "invalid_request"


async def test_a_third_party_trades_its_secret_for_a_short_token(api: Api, world: World) -> None:
    client = world.client
    form = {
        "grant_type": "client_credentials",
        "client_id": f"wg_{client.key}",
        "client_secret": client.secret,
    }
    in_form = await api.post(TOKEN, data=form)
    basic = await api.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(client.key, client.secret))
    for reply in (in_form, basic):
        assert reply.status_code == 200, reply.text
        assert reply.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
        assert reply.json()["scope"].split() == sorted(client.scopes)
        who = (await me(api, reply.json()["access_token"])).json()
        assert (who["kind"], who["name"]) == ("client", client.name)
    kept_out = await api.get("/v1/members", headers=bearer(in_form.json()["access_token"]))
    problem_in(kept_out, 403, "forbidden")


@pytest.mark.parametrize(
    "basic", ["Basic !!!", "Basic eA==", "Basic eDp5", "Basic", "Basic /w==", "Basic JTAwOiUwMA=="]
)
async def test_wrong_client_credentials_are_an_invalid_client(api: Api, world: World, basic: str) -> None:
    reply = await api.post(TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": basic})
    assert problem_in(reply, 401, "invalid_client")["error"] == "invalid_client"
    assert reply.headers["www-authenticate"].startswith("Basic")
    wrong = {"client_id": world.client.key, "client_secret": "wrong"}
    problem_in(await ask(api, grant_type="client_credentials", **wrong), 401, "invalid_client")


async def test_credentials_given_twice_are_an_invalid_request(api: Api, world: World) -> None:
    client, form = world.client, {"grant_type": "client_credentials"}
    both = form | {"client_id": client.key, "client_secret": client.secret}
    twice = [*both.items(), ("client_secret", client.secret)]
    for reply in (
        await api.post(TOKEN, data=both, auth=(client.key, client.secret)),
        await api.post(TOKEN, content=urlencode(twice), headers=FORM),
    ):
        assert problem_in(reply, 400, "invalid_request")["error"] == "invalid_request"
    told = form | {"client_id": client.key}
    assert (await api.post(TOKEN, data=told, auth=(client.key, client.secret))).status_code == 200
