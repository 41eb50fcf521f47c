"""Whatever is written, wherever: a phone that pulls by its cursor then holds what a new one would."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.files import FileStore
from app.models.registry import Household
from tests.support import households, visits
from tests.support.clients import Api
from tests.support.importing import Importing
from tests.support.phones import Store
from tests.support.tickets import Loop
from tests.support.workbooks import xlsx
from tests.support.world import World

OWNERS = ("grid_worker", "village_admin", "dispatcher", "dept_handler")


@dataclass(frozen=True)
class Scene:
    """Where something is written: before that the phones sync, and they do after it."""

    api: Api
    session: AsyncSession
    sessions: Sessions
    world: World
    files: FileStore

    async def home(self) -> dict[str, Any]:
        """A household of grid A1 with one person, whom its worker looks after, and visits."""
        worker = self.api.as_("grid_worker")
        person = households.person(id_number=households.identity_number(7))
        sent = households.body(self.world.places["grid_a1"], residents=[person])
        home: dict[str, Any] = (await worker.post("/v1/households", json=sent)).json()
        care = {"resident_id": home["people"][0]["resident_id"], "category": "disabled", "care_level": "red"}
        care["responsible_id"] = str(self.world["grid_worker"].member_id)
        await self.done("grid_worker", "POST", "/v1/care-objects", care)
        row = await self.session.get_one(Household, UUID(home["id"]))
        about = {"resident_id": home["people"][0]["resident_id"]}
        await visits.recorded(self.api, "grid_worker", visits.body(self.world, row, **about))
        return home

    async def done(self, who: str, method: str, path: str, body: dict[str, Any]) -> Any:
        """Send something that must be taken."""
        reply = await self.api.as_(who).request(method, path, json=body)
        assert reply.is_success, reply.text
        return reply.json()

    async def requested(self, home: dict[str, Any], kind: str, **more: Any) -> None:
        """What the household's one person may ask of their data, asked and carried out."""
        body = {"resident_id": home["people"][0]["resident_id"], "kind": kind, "identity_check": "id_card"}
        asked = await self.done(
            "grid_worker", "POST", "/v1/data-requests", body | {"note": "本人提出"} | more
        )
        for action in ("approve", "carry_out"):
            path = f"/v1/data-requests/{asked['id']}/actions"
            await self.done("village_admin", "POST", path, {"action": action})


async def an_organisation_is_renamed(scene: Scene) -> AsyncIterator[None]:
    await Loop(scene.api, scene.world).to("dispatched")
    yield
    path = f"/v1/orgs/{scene.world.orgs['urban'].id}"
    await scene.done("system_admin", "PATCH", path, {"name": "综合行政执法大队"})


async def a_category_may_be_handled_by_oneself_or_not(scene: Scene) -> AsyncIterator[None]:
    await Loop(scene.api, scene.world).report()
    yield
    (now,) = [
        category
        for category in (await scene.api.as_("system_admin").get("/v1/categories")).json()["items"]
        if category["code"] == "0501"
    ]
    changed = {"self_handled": not now["self_handled"]}
    await scene.done("system_admin", "PATCH", "/v1/categories/0501", changed)


async def a_person_is_erased(scene: Scene) -> AsyncIterator[None]:
    home = await scene.home()
    yield
    await scene.requested(home, "delete")


async def a_name_is_corrected(scene: Scene) -> AsyncIterator[None]:
    home = await scene.home()
    yield
    await scene.requested(home, "correct", changes={"name": "何春花"})


async def a_ticket_is_merged(scene: Scene) -> AsyncIterator[None]:
    master, other = Loop(scene.api, scene.world), Loop(scene.api, scene.world)
    await master.report()
    await other.report()
    yield
    await other.act("dispatcher", action="merge", master_id=master.id)


async def a_merged_ticket_stands_alone_again(scene: Scene) -> AsyncIterator[None]:
    master, other = Loop(scene.api, scene.world), Loop(scene.api, scene.world)
    await master.report()
    await other.report()
    await other.act("dispatcher", action="merge", master_id=master.id)
    yield
    await other.act("dispatcher", action="unmerge", opinion="不是同一处")


async def a_register_is_brought_in(scene: Scene) -> AsyncIterator[None]:
    table = [
        ["户编号", "所属网格", "地址", "姓名", "与户主关系", "性别"],
        ["H001", "儒林第一网格", "一巷 1 号", "关大叔", "户主", "男"],
    ]
    importing = Importing(scene.api, scene.sessions, scene.files, "village_admin", "households")
    await importing.bring_in(xlsx(table))
    yield
    table[1][2] = "一巷 2 号"
    table.append(["H002", "儒林第一网格", "二巷 2 号", "岑阿婆", "户主", "女"])
    await importing.bring_in(xlsx(table))


async def somebody_tells_of_something_on_a_visit(scene: Scene) -> AsyncIterator[None]:
    home = await scene.home()
    yield
    row = await scene.session.get_one(Household, UUID(home["id"]))
    heard = visits.body(scene.world, row, opinions=[visits.SOMETHING_HEARD])
    await visits.recorded(scene.api, "grid_worker", heard)


HAPPENINGS = (
    an_organisation_is_renamed,
    a_category_may_be_handled_by_oneself_or_not,
    a_person_is_erased,
    a_name_is_corrected,
    a_ticket_is_merged,
    a_merged_ticket_stands_alone_again,
    a_register_is_brought_in,
    somebody_tells_of_something_on_a_visit,
)


@pytest.mark.commits
@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda happening: happening.__name__)
async def test_what_is_written_reaches_every_phone_that_holds_it(
    api: Api,
    session: AsyncSession,
    sessions: Sessions,
    world: World,
    files: FileStore,
    happening: Callable[[Scene], AsyncIterator[None]],
) -> None:
    story = happening(Scene(api, session, sessions, world, files))
    await anext(story)
    phones = [Store(api, who, sessions) for who in OWNERS]
    for phone in phones:
        await phone.sync()
    before = [{kind: dict(held) for kind, held in phone.kept.items()} for phone in phones]
    await anext(story, None)
    for phone in phones:
        pages = await phone.sync()
        assert not pages[0]["first"]
        anew = Store(api, phone.who)
        await anew.sync()
        assert phone.kept == anew.kept, phone.who
    assert [phone.kept for phone in phones] != before
