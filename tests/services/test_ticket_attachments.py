"""A ticket's files: who may name which, who sees them from then on, and what it costs."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid, NotFound
from app.core.ids import uuid7
from app.core.writes import together
from app.models.attachment import Attachment
from app.models.enums.attachment import AttachmentPurpose
from app.models.ticket_step import TicketEvent
from app.schemas.attachment import MAX_A_STEP, AttachmentName
from app.services.access import actors
from app.services.platform import outbox
from app.services.platform.actor import Actor
from app.services.tickets import attachments
from app.services.tickets.attachments import Links
from tests.support import media
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.uploads import PATH, uploaded
from tests.support.world import World

WHO = "grid_worker"
BEFORE, AFTER = AttachmentPurpose.BEFORE, AttachmentPurpose.AFTER


class Steps:
    """A ticket and the steps that it has taken, to which files are linked."""

    def __init__(self, app: FastAPI, api: Api, session: AsyncSession, world: World) -> None:
        self.api, self.session = api, session
        self.loop = Loop(api, world)
        self._app, self._world = app, world

    async def actor(self, who: str) -> Actor:
        """Somebody of the town, as the services know them."""
        return await actors.resolve(
            self.session, token=self._world.token(who), keyring=self._app.state.keyring
        )

    async def event(self, number: int = 1) -> UUID:
        """The id of a step of the ticket's timeline."""
        found = await self.session.scalar(
            select(TicketEvent.id).where(
                TicketEvent.ticket_id == UUID(self.loop.id), TicketEvent.seq == number
            )
        )
        assert found is not None
        return found

    async def prepare(self, who: str, *named: AttachmentName, number: int = 1) -> Links:
        """What the service says of these files at this step."""
        return await attachments.link(
            self.session,
            actor=await self.actor(who),
            ticket_id=UUID(self.loop.id),
            event_id=await self.event(number),
            named=named,
        )

    async def files(self) -> list[dict[str, Any]]:
        """The ticket's files as its detail shows them."""
        found: list[dict[str, Any]] = (await self.loop.read())["attachments"]
        return found

    async def link(self, who: str, *named: AttachmentName, number: int = 1) -> Links:
        """As `prepare`, and written."""
        links = await self.prepare(who, *named, number=number)
        await together(self.session, links.writes)
        await self.session.commit()
        return links


@pytest.fixture
async def steps(app: FastAPI, api: Api, session: AsyncSession, world: World) -> Steps:
    """A ticket that the grid worker reported and the dispatcher accepted."""
    made = Steps(app, api, session, world)
    await made.loop.to("accepted")
    return made


async def photo(
    api: Api, who: str, purpose: AttachmentPurpose, content: bytes | None = None
) -> AttachmentName:
    """A fresh upload, named for a purpose."""
    record = await uploaded(api, who, content)
    return AttachmentName(id=record["id"], purpose=purpose)


async def report_next_door(api: Api, world: World) -> str:
    """A ticket in the next village; returns its id."""
    area_id = str(world.places["grid_b1"].id)
    body = Loop(api, world).body(area_id=area_id, location=None)
    reply = await api.as_("grid_worker_b").post("/v1/tickets", json=body)
    assert reply.status_code == 201, reply.text
    ticket_id: str = reply.json()["id"]
    return ticket_id


async def test_linked_files_are_listed_with_their_step_and_purpose(api: Api, steps: Steps) -> None:
    first, second = await photo(api, WHO, BEFORE), await photo(api, "dispatcher", AFTER, media.png())
    await steps.link(WHO, first)
    await steps.link("dispatcher", second, number=2)
    files = await steps.files()
    assert [(file["id"], file["purpose"], file["event_seq"], file["mime"]) for file in files] == [
        (str(first.id), "before", 1, "image/jpeg"),
        (str(second.id), "after", 2, "image/png"),
    ]
    assert files[0]["size"] == len(media.jpeg())


async def test_whoever_sees_the_ticket_sees_its_files_and_nobody_else_does(
    api: Api, steps: Steps, world: World
) -> None:
    named = await photo(api, WHO, BEFORE)
    path = f"{PATH}/{named.id}"
    problem_in(await api.as_("dispatcher").get(path), 404, "not_found")
    await steps.link(WHO, named)
    for who in (WHO, "dispatcher", "village_admin", "revisit_agent", "api_client"):
        assert (await api.as_(who).get(path)).status_code == 200, who
        assert (await api.as_(who).get(f"{path}/content")).content == media.jpeg(), who
    await report_next_door(api, world)
    for who in ("grid_worker_b", "village_admin_b", "dispatcher_c", "dept_handler"):
        for address in (path, f"{path}/content"):
            problem_in(await api.as_(who).get(address), 404, "not_found")


async def test_an_uploader_who_does_not_see_the_ticket_loses_the_file_to_it(api: Api, steps: Steps) -> None:
    named = await photo(api, "dept_handler", AFTER)
    assert (await api.as_("dept_handler").get(f"{PATH}/{named.id}")).status_code == 200
    await steps.link("dept_handler", named)
    problem_in(await api.as_("dept_handler").get(f"{PATH}/{named.id}"), 404, "not_found")


async def test_anothers_file_cannot_be_named_and_the_refusal_says_which(api: Api, steps: Steps) -> None:
    mine, theirs = await photo(api, WHO, BEFORE), await photo(api, "grid_worker_b", BEFORE)
    unknown = AttachmentName(id=uuid7())
    with pytest.raises(NotFound) as refused:
        await steps.prepare(WHO, mine, theirs, unknown)
    assert [error.where for error in refused.value.errors] == [
        "body.attachments.1.id",
        "body.attachments.2.id",
    ]


async def test_a_file_of_another_ticket_cannot_be_named(api: Api, steps: Steps, world: World) -> None:
    named = await photo(api, WHO, BEFORE)
    await steps.link(WHO, named)
    steps.loop.id = await report_next_door(api, world)
    for who in ("grid_worker_b", "dispatcher"):
        with pytest.raises(NotFound):
            await steps.prepare(who, named)


async def test_a_file_that_is_on_the_ticket_may_be_named_again_by_others(api: Api, steps: Steps) -> None:
    named = await photo(api, WHO, BEFORE)
    with pytest.raises(NotFound):
        await steps.prepare("dispatcher", named, number=2)
    await steps.link(WHO, named)
    await steps.link("dispatcher", AttachmentName(id=named.id, purpose=AttachmentPurpose.EVIDENCE), number=2)
    files = await steps.files()
    assert [(file["event_seq"], file["purpose"]) for file in files] == [(1, "before"), (2, "evidence")]


async def test_a_step_takes_nine_files_each_once(api: Api, steps: Steps) -> None:
    named = [await photo(api, WHO, BEFORE) for _number in range(MAX_A_STEP)]
    await steps.link(WHO, *named)
    assert len(await steps.files()) == MAX_A_STEP
    with pytest.raises(Invalid):
        await steps.prepare(WHO, *named, await photo(api, WHO, BEFORE))
    with pytest.raises(Invalid):
        await steps.prepare(WHO, named[0], named[0])


async def test_only_photos_count_as_photos(api: Api, steps: Steps) -> None:
    before = await photo(api, WHO, BEFORE)
    after = await photo(api, WHO, AFTER, media.TAKEN["pdf"][0])
    assert (await steps.prepare(WHO, before, after)).photos == {BEFORE}


async def test_no_files_cost_nothing_and_nine_cost_one_question_and_one_write(
    api: Api, steps: Steps, statements: Counter
) -> None:
    named = [await photo(api, WHO, BEFORE) for _number in range(MAX_A_STEP)]
    actor, event_id, ticket_id = await steps.actor(WHO), await steps.event(), UUID(steps.loop.id)
    asked: dict[str, Any] = {"actor": actor, "ticket_id": ticket_id, "event_id": event_id}
    with statements(at_most=0):
        assert await attachments.link(steps.session, **asked, named=()) == Links()
    with statements(at_most=1):
        links = await attachments.link(steps.session, **asked, named=named)
    with statements(at_most=1):
        await together(steps.session, [*links.writes, outbox.append("test", ticket_id, {})])
    assert len(await steps.files()) == MAX_A_STEP


async def test_a_file_cannot_vanish_from_under_a_ticket(api: Api, steps: Steps) -> None:
    named = await photo(api, WHO, BEFORE)
    await steps.link(WHO, named)
    with pytest.raises(IntegrityError):
        await steps.session.execute(delete(Attachment).where(Attachment.id == named.id))
