"""Sending a photo by tus 1.0: announce it, send it, and after every break ask how much has come.

What to do with which answer is the table of `docs/mobile.md`. A photo is there when the server has
all of its bytes and says the SHA-256 that the phone reckons.
"""

import base64
import hashlib
from http import HTTPStatus

import httpx

from app.demo.phone import memory
from app.demo.phone.memory import Memory, Photo
from app.demo.phone.wire import Refused, Wire

UPLOADS = "/v1/uploads"
_SPOKEN = {"Tus-Resumable": "1.0.0"}
_BYTES = {"Content-Type": "application/offset+octet-stream"}
_CHECKSUM_MISMATCH = 460
# The bytes that came are not what the phone thinks: ask how many there are.
_LOST_COUNT = frozenset({HTTPStatus.BAD_REQUEST, _CHECKSUM_MISMATCH})
_NO_SUCH_FILE = frozenset({410, 413, 415, 422})


class Upload:
    """One photo on its way; `resumed`: how often it went on somewhere in the middle."""

    def __init__(self, wire: Wire, kept: Memory, photo: Photo) -> None:
        self._wire, self._memory, self._photo = wire, kept, photo
        self._begun = photo.state == memory.BEGUN
        # How many bytes the server has, as far as the phone knows.
        self._at: int | None = None
        self._over = False
        self.resumed = 0

    async def send(self) -> None:
        """Send until the photo is there or refused; `NoNetwork` where that takes too long."""
        patience = self._wire.patience()
        while not self._over:
            before = self._at
            reply = await self._next()
            if reply is None or not await self._understood(reply):
                self._at = None
                await patience.wait()
            elif self._at != before:
                patience.renew()

    async def _next(self) -> httpx.Response | None:
        photo, url = self._photo, f"{UPLOADS}/{self._photo.id}"
        if not self._begun:
            name = base64.b64encode(photo.id.encode()).decode()
            told = {"Upload-Length": str(len(photo.content)), "Upload-Metadata": f"id {name}"}
            return await self._wire.once("POST", UPLOADS, headers=_SPOKEN | told)
        if self._at is None:
            return await self._wire.once("HEAD", url, headers=_SPOKEN)
        if self._at == len(photo.content):
            return await self._wire.once("GET", f"/v1/attachments/{photo.id}")
        where = {"Upload-Offset": str(self._at)}
        return await self._wire.once(
            "PATCH", url, headers=_SPOKEN | _BYTES | where, content=photo.content[self._at :]
        )

    async def _understood(self, reply: httpx.Response) -> bool:
        """Do what an answer says; False: wait, then ask where the upload stands."""
        status = reply.status_code
        if status in _NO_SUCH_FILE:
            self._end(memory.REFUSED, await self._why(reply))
        elif status == HTTPStatus.NOT_FOUND:
            self._begun, self._at = False, None
        elif status == HTTPStatus.CONFLICT:
            return await self._clashed(reply.json())
        elif status in _LOST_COUNT:
            self._at = None
        elif reply.is_success:
            self._moved(reply)
        else:
            raise Refused(status, reply.text)
        return True

    async def _clashed(self, problem: dict[str, object]) -> bool:
        if problem["code"] == "wrong_offset":
            offset = problem.get("offset")
            self._stands_at(int(str(offset)) if offset is not None else None)
            return True
        if problem["code"] != "attachment_exists":
            return False
        found = await self._wire.ask("GET", f"/v1/attachments/{self._photo.id}")
        if found.is_success:
            self._compare(found)
        else:
            self._end(memory.REFUSED, "attachment_exists")
        return True

    def _moved(self, reply: httpx.Response) -> None:
        if "upload-offset" not in reply.headers:
            self._compare(reply)
            return
        if not self._begun:
            self._begun = True
            self._memory.mark(self._photo.id, memory.BEGUN)
        self._stands_at(int(reply.headers["upload-offset"]))

    def _stands_at(self, offset: int | None) -> None:
        self._at = offset
        self.resumed += offset is not None and 0 < offset < len(self._photo.content)

    def _compare(self, attachment: httpx.Response) -> None:
        same = attachment.json()["sha256"] == hashlib.sha256(self._photo.content).hexdigest()
        self._end(memory.THERE if same else memory.REFUSED, None if same else "another_file")

    async def _why(self, reply: httpx.Response) -> str:
        """The code of a refusal; to a HEAD and after a lost answer the upload itself tells it."""
        if reply.status_code != HTTPStatus.GONE:
            return str(reply.json()["code"])
        state = await self._wire.ask("GET", f"{UPLOADS}/{self._photo.id}")
        return str(state.json().get("fault")) if state.is_success else "upload_gone"

    def _end(self, state: str, fault: str | None) -> None:
        self._over = True
        self._memory.mark(self._photo.id, state, fault)
