"""Phones that fall silent in the middle of a photo: no word, no end, and perhaps they are back elsewhere."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator

import pytest

from app.services.mobile import receiving
from tests.support import media
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tus import SPOKEN, Phone

WHO = "grid_worker"
PHOTO = media.jpeg(bytes(range(256)) * 40)
pytestmark = pytest.mark.commits


class Lift:
    """A connection that falls silent after some bytes and goes on when the doors open."""

    def __init__(self, start: int, after: int) -> None:
        self._start, self._after = start, after
        self.doors = asyncio.Event()

    async def body(self) -> AsyncIterator[bytes]:
        """The bytes, as they come."""
        yield PHOTO[self._start : self._after]
        await self.doors.wait()
        yield PHOTO[self._after :]


@pytest.fixture
async def phone(api: Api, monkeypatch: pytest.MonkeyPatch) -> Phone:
    """A phone that has announced its photo to a server of little patience."""
    monkeypatch.setattr(receiving, "QUIET_SECONDS", 0.05)
    found = Phone(api, WHO, PHOTO)
    assert (await found.create()).status_code == 201
    return found


async def has(phone: Phone, size: int) -> None:
    async with asyncio.timeout(30):
        while await phone.offset() != size:
            pass


async def test_what_came_before_a_connection_fell_silent_is_there_for_the_next(phone: Phone) -> None:
    lift = Lift(0, 4_000)
    sending = asyncio.create_task(phone.send(0, body=lift.body()))
    await has(phone, 4_000)
    assert (await phone.send(4_000)).status_code == 204
    assert await phone.stored() == PHOTO
    lift.doors.set()
    problem_in(await sending, 409, "wrong_offset")
    assert await phone.stored() == PHOTO


async def test_a_connection_that_speaks_again_goes_on_with_the_same_request(phone: Phone) -> None:
    lift = Lift(0, 4_000)
    sending = asyncio.create_task(phone.send(0, body=lift.body()))
    await has(phone, 4_000)
    lift.doors.set()
    reply = await sending
    assert (reply.status_code, reply.headers["upload-offset"]) == (204, str(len(PHOTO)))
    assert await phone.stored() == PHOTO


async def test_a_connection_that_stays_silent_is_given_up(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "SILENT_SECONDS", 0.1)
    reply = await phone.send(0, body=Lift(0, 4_000).body())
    assert (reply.status_code, reply.headers["upload-offset"]) == (204, "4000")
    told = base64.b64encode(hashlib.sha1(PHOTO[4_000:], usedforsecurity=False).digest()).decode()
    checked = {"Upload-Checksum": f"sha1 {told}"}
    cut = await phone.send(4_000, body=Lift(4_000, 6_000).body(), headers=checked)
    assert cut.status_code == 460
    assert await phone.offset() == 4_000


async def test_an_upload_that_is_given_up_while_bytes_come_is_gone(phone: Phone) -> None:
    lift = Lift(0, 4_000)
    sending = asyncio.create_task(phone.send(0, body=lift.body()))
    await has(phone, 4_000)
    assert (await phone.client.delete(phone.url, headers=SPOKEN)).status_code == 204
    lift.doors.set()
    problem_in(await sending, 404, "not_found")


async def test_the_protocol_is_told_in_refusals_of_the_house_too_and_the_id_in_the_state(
    phone: Phone,
) -> None:
    endless = await phone.send(0, body=b"\xff\xd8\xff" + bytes(11_000_000))
    problem_in(endless, 413, "body_too_large")
    assert endless.headers["tus-resumable"] == "1.0.0"
    state = await phone.client.head(phone.url, headers=SPOKEN)
    name, _, value = state.headers["upload-metadata"].partition(" ")
    assert (name, base64.b64decode(value).decode()) == ("id", phone.id)
    other = {"Content-Type": "Application/Offset+Octet-Stream"}
    assert (await phone.send(0, 4_000, headers=other)).status_code == 204
    problem_in(await phone.create(headers={"Upload-Metadata": "id"}), 422, "invalid")
