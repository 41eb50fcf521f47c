"""The audit log over HTTP: for auditors alone, newest first, with each row's place in the chain."""

from typing import Any

import pytest

from app.core.crypto import Vault
from app.core.db import Sessions
from app.models.enums import Role
from app.services.platform import audit_chain
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.settings import SECRET
from tests.support.world import CALLERS, World

PATH = "/v1/audit-log"


async def test_the_auditor_reads_who_did_what_and_whether_it_is_sealed(
    api: Api, sessions: Sessions, world: World
) -> None:
    admin, auditor = api.as_("system_admin"), api.as_("auditor")
    accounts = [world[who].account_id for who in ("grid_worker", "grid_leader")]
    for account_id in accounts:
        reply = await admin.patch(f"/v1/accounts/{account_id}", json={"status": "disabled"})
        assert reply.status_code == 200, reply.text
        if account_id == accounts[0]:
            await audit_chain.seal(sessions, vault=Vault(SECRET))
    query = {"actor_id": str(world["system_admin"].member_id), "action": "account.change"}
    page = (await auditor.get(PATH, params=query)).json()["items"]
    assert [row["entity_id"] for row in page] == [str(account_id) for account_id in reversed(accounts)]
    assert [row["actor_name"] for row in page] == [world["system_admin"].name] * 2
    assert [row["seq"] is None for row in page] == [True, False]
    one = await auditor.get(PATH, params={"entity_id": str(accounts[0]), "limit": "1"})
    assert [row["entity_id"] for row in one.json()["items"]] == [str(accounts[0])]


async def test_pages_follow_one_another_without_gap_or_repeat(api: Api, world: World) -> None:
    admin = api.as_("system_admin")
    for status in ("disabled", "active", "disabled"):
        await admin.patch(f"/v1/accounts/{world['grid_worker'].account_id}", json={"status": status})
    query = {"entity_id": str(world["grid_worker"].account_id)}
    whole = (await api.as_("auditor").get(PATH, params=query)).json()["items"]
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = (await api.as_("auditor").get(PATH, params=query | {"limit": "1"} | more)).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole
    assert len(whole) == 3


@pytest.mark.parametrize("who", [role for role in CALLERS if role is not Role.AUDITOR])
async def test_nobody_but_the_auditor_reads_it(api: Api, who: str) -> None:
    problem_in(await api.as_(who).get(PATH), 403, "forbidden")
