"""One's own password and who one is, for people with an initial password too."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.access import Account
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.sign_in import bearer, me, refresh, tokens_of, try_password
from tests.support.statements import Counter
from tests.support.world import PASSWORD, World

NEW = "Another-2026"
PATH = "/v1/auth/password"


def change(current: str = PASSWORD, new: str = NEW) -> dict[str, str]:
    """The body of a change."""
    return {"current_password": current, "new_password": new}


async def test_an_initial_password_opens_nothing_but_its_change(api: Api) -> None:
    tokens = await tokens_of(api, "newcomer")
    assert tokens["must_change_password"] is True
    mine = bearer(tokens["access_token"])
    problem_in(await api.get("/v1/tickets", headers=mine), 403, "password_change_required")
    assert (await me(api, tokens["access_token"])).json()["must_change_password"] is True
    assert (await api.post(PATH, json=change(), headers=mine)).status_code == 204
    assert (await api.get("/v1/tickets", headers=mine)).status_code == 200
    assert (await tokens_of(api, "newcomer", NEW))["must_change_password"] is False
    problem_in(await try_password(api, "newcomer", PASSWORD), 400, "invalid_grant")


async def test_a_change_ends_all_other_sessions_and_keeps_this_one(api: Api) -> None:
    here, there = await tokens_of(api, "dispatcher"), await tokens_of(api, "dispatcher")
    assert (await api.post(PATH, json=change(), headers=bearer(here["access_token"]))).status_code == 204
    assert (await me(api, here["access_token"])).status_code == 200
    assert (await refresh(api, here["refresh_token"])).status_code == 200
    problem_in(await me(api, there["access_token"]), 401, "unauthenticated")
    problem_in(await refresh(api, there["refresh_token"]), 400, "invalid_grant")


async def test_wrong_present_passwords_are_counted_like_failed_sign_ins(
    api: Api, session: AsyncSession, world: World
) -> None:
    person = api.as_("dispatcher")
    for _ in range(5):
        reply = await person.post(PATH, json=change("Wrong-guess-1"))
        problem_in(reply, 422, "wrong_password", "body.current_password")
    locked = select(Account.locked_until).where(Account.id == world["dispatcher"].account_id)
    assert await session.scalar(locked) is not None
    problem_in(await person.post(PATH, json=change()), 422, "wrong_password", "body.current_password")
    problem_in(await try_password(api, "dispatcher"), 400, "invalid_grant")


@pytest.mark.parametrize(
    ("new", "code"),
    [("short1A", "weak_password"), ("xDispatcher1", "weak_password"), (PASSWORD, "same_password")],
)
async def test_a_new_password_must_be_good_and_new(api: Api, new: str, code: str) -> None:
    reply = await api.as_("dispatcher").post(PATH, json=change(new=new))
    problem_in(reply, 422, code, "body.new_password")
    assert new not in reply.text
    await tokens_of(api, "dispatcher")


@pytest.mark.parametrize("new", ["a\x00bA1xxxx", "a\ud800bA1xxx", "Aa1" * 50, "", "Aa1\nxxxxx"])
async def test_a_password_that_is_no_text_is_refused(api: Api, new: str) -> None:
    content = f'{{"current_password": "x", "new_password": {_escaped(new)}}}'
    reply = await api.as_("dispatcher").post(
        PATH, content=content, headers={"Content-Type": "application/json"}
    )
    problem_in(reply, 422, "invalid", "body.new_password")


def _escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"'


async def test_a_third_party_has_no_password_to_change(api: Api) -> None:
    problem_in(await api.as_("api_client").post(PATH, json=change()), 403, "forbidden")


async def test_nobody_changes_a_password_without_signing_in(api: Api) -> None:
    problem_in(await api.post(PATH, json=change()), 401, "unauthenticated")


async def test_people_learn_who_they_are(api: Api, world: World, statements: Counter) -> None:
    with statements(at_most=3):
        mine = (await api.as_("dept_handler").get("/v1/me")).json()
    assert (mine["name"], mine["username"]) == (world["dept_handler"].name, "dept_handler")
    assert mine["roles"] == [
        {"role": "dept_handler", "label": "承办单位经办人", "label_en": "Department handler"}
    ]
    assert [post["org"]["name"] for post in mine["posts"]] == [world.orgs["urban"].name]
    worker = (await api.as_("grid_worker").get("/v1/me")).json()
    assert [post["area"]["name"] for post in worker["posts"]] == [world.places["grid_a1"].name]
    assert "hash" not in str(worker)


async def test_somebody_whose_post_has_ended_is_nothing_but_a_name(api: Api, world: World) -> None:
    mine = (await api.as_("former").get("/v1/me")).json()
    assert (mine["name"], mine["roles"], mine["posts"]) == (world["former"].name, [], [])


async def test_a_third_party_learns_what_its_token_may_do(api: Api, world: World) -> None:
    mine = (await api.as_("api_client").get("/v1/me")).json()
    assert (mine["kind"], mine["name"]) == ("client", world.client.name)
    assert mine["token_scopes"] == sorted(world.client.scopes)
