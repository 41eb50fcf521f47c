"""However a person's name comes in, changes or goes, search finds the person by it, and only by it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.core.files import FileStore
from app.core.pinyin import spellings
from app.core.schema import ROOT
from app.models.registry import Resident
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.households import identity_number
from tests.support.importing import Importing
from tests.support.workbooks import xlsx
from tests.support.world import World

WHO, CARRIES_OUT = "grid_worker", "village_admin"
NUMBER = identity_number(7)
STATEMENT = re.compile(r"(INSERT INTO resident \(|UPDATE resident SET )(.*?)(?= FROM |SELECT |$)", re.DOTALL)
NAME = re.compile(r"\bname\b(?= =|,|\))")


@pytest.fixture
async def head(api: Api, world: World) -> dict[str, Any]:
    """The head of a household of one, entered over HTTP."""
    people = [{"name": "单小仇", "relation": "02", "id_number": NUMBER}]
    made = await dwellings.household(api, WHO, world.places["grid_a1"], residents=people)
    return {"household_id": made["id"], "resident_id": made["people"][0]["resident_id"]}


async def names(session: AsyncSession) -> set[str]:
    """All names; each is spelled as it should be."""
    rows = list(await session.execute(select(Resident.name, Resident.spellings)))
    for name, spelled in rows:
        assert spelled == spellings(name), name
    return {name for name, _spelled in rows}


async def found(api: Api, term: str) -> list[str]:
    reply = await api.as_(WHO).post("/v1/search", json={"term": term, "kinds": ["resident"]})
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json()["items"]]


async def requested(api: Api, kind: str, resident_id: str, **more: Any) -> None:
    """A data request, taken down, approved and carried out."""
    body = {"resident_id": resident_id, "kind": kind, "identity_check": "id_card", "note": "本人提出"}
    asked = await api.as_(WHO).post("/v1/data-requests", json=body | more)
    assert asked.status_code == 201, asked.text
    for action in ("approve", "carry_out"):
        address = f"/v1/data-requests/{asked.json()['id']}/actions"
        reply = await api.as_(CARRIES_OUT).post(address, json={"action": action})
        assert reply.status_code == 200, reply.text


async def test_who_is_registered_arrives_or_is_born_is_spelled(
    api: Api, session: AsyncSession, head: dict[str, Any]
) -> None:
    arrives = {"name": "曾大同", "relation": "10", "household_id": head["household_id"]}
    reply = await api.as_(WHO).post("/v1/residents", json=arrives)
    assert reply.status_code == 201, reply.text
    born = {"name": "解小满", "relation": "20", "birth_on": clock.today().isoformat()}
    reply = await api.as_(WHO).post(f"/v1/households/{head['household_id']}/births", json=born)
    assert reply.status_code == 201, reply.text
    assert await names(session) == {"单小仇", "曾大同", "解小满"}
    for term in ("sxc", "zengdatong", "xiexiaoman"):
        assert len(await found(api, term)) == 1


async def test_who_is_corrected_is_found_by_the_new_name_alone(
    api: Api, session: AsyncSession, head: dict[str, Any]
) -> None:
    path = f"/v1/residents/{head['resident_id']}"
    reply = await api.as_(WHO).patch(path, json={"name": "区大友"})
    assert reply.status_code == 200, reply.text
    assert await names(session) == {"区大友"}
    assert (await found(api, "oudayou"), await found(api, "sxc")) == ([head["resident_id"]], [])
    await requested(api, "correct", head["resident_id"], changes={"name": "查良"})
    assert await names(session) == {"查良"}
    assert (await found(api, "zl"), await found(api, "ody")) == ([head["resident_id"]], [])


async def test_nobody_finds_who_was_erased(api: Api, session: AsyncSession, head: dict[str, Any]) -> None:
    terms = ("单小仇", "小仇", "仇", "sxc", "shanxiaochou", NUMBER, NUMBER[-4:])
    for term in terms:
        assert await found(api, term) == [head["resident_id"]]
    await requested(api, "delete", head["resident_id"])
    for term in terms:
        assert await found(api, term) == []
    left = select(Resident.spellings, Resident.grams)
    assert [tuple(row) for row in await session.execute(left)] == [([], ["*"])]
    assert await names(session) == {"*"}


async def test_who_comes_in_a_workbook_is_spelled_and_spelled_anew(
    api: Api, session: AsyncSession, sessions: Sessions, files: FileStore
) -> None:
    importing = Importing(api, sessions, files, CARRIES_OUT, "households")
    header = ["户号", "网格", "家庭住址", "户类型", "姓名", "与户主关系", "身份证号"]
    home = ["H001", "儒林第一网格", "一巷 1 号", "常住户"]
    await importing.bring_in(xlsx([header, [*home, "乐小乐", "户主", NUMBER]]))
    assert await names(session) == {"乐小乐"}
    assert len(await found(api, "yuexiaole")) == 1
    await importing.bring_in(xlsx([header, [*home, "仇小乐", "户主", NUMBER]]))
    assert await names(session) == {"仇小乐"}
    assert (len(await found(api, "qxl")), await found(api, "yuexiaole")) == (1, [])


def test_every_statement_that_writes_a_name_writes_its_spellings() -> None:
    """In the application's own SQL; whoever builds a statement takes both from `name_columns`."""
    written = [told for _path, told in _texts() if NAME.search(told)]
    assert len(written) >= 2
    assert all("spellings" in told for told in written), written
    building = {path for path in _modules() if _builds(ast.parse(path.read_text("utf-8")))}
    assert {path.name for path in building} >= {"residents.py", "erasure.py", "correction.py"}
    for path in building:
        assert "name_columns(" in path.read_text("utf-8"), path


def _modules() -> list[Path]:
    return sorted((ROOT / "app").rglob("*.py"))


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for _verb, told in STATEMENT.findall(" ".join(node.value.split())):
                    yield path, told


def _builds(tree: ast.Module) -> bool:
    """Whether a module builds an INSERT or UPDATE of residents."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id in {"insert", "update"}
        and isinstance(call.args[0], ast.Name)
        and call.args[0].id == "Resident"
        for call in calls
    )
