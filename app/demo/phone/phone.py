"""A phone: what its owner does without a network, and the sync that makes both sides agree.

Whatever is done goes into the queue first and is shown from the store with the queue on top. A sync pushes
until the queue is empty, sends the photos, then pulls to the last page; it may be cut off anywhere, the
phone killed, and begun again from the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import httpx

from app.core import clock
from app.core.ids import uuid7
from app.demo.phone.memory import Memory
from app.demo.phone.sending import Upload
from app.demo.phone.wire import Credentials, Pace, Refused, Wire

PUSH, PULL = "/v1/sync/push", "/v1/sync/pull"
KEPT_FOR = timedelta(days=90)
MOST, MOST_BYTES = 500, 3_500_000


class Phone:
    """One phone with its file; `client` is the way to the server, `credentials` what its owner types there.

    `dice` are for the jitter of its back-off alone.
    """

    def __init__(
        self,
        file: Path | str,
        client: httpx.AsyncClient,
        credentials: Credentials | None,
        *,
        pace: Pace | None = None,
        dice: Random | None = None,
    ) -> None:
        self.memory = Memory(file)
        # Back-off needs no secret chance.
        self.wire = Wire(client, self.memory, credentials, pace or Pace(), dice or Random())  # noqa: S311
        self.resumed = 0

    def close(self) -> None:
        """Put the phone away; its file stays."""
        self.memory.close()

    def report(self, body: Mapping[str, Any], photos: Sequence[bytes] = ()) -> str:
        """Report a ticket, with photos; returns the id that it has on both sides."""
        taken = [(str(uuid7()), content) for content in photos]
        files = [{"id": one, "purpose": "before", "arrives_later": True} for one, _content in taken]
        named = {**body, "attachments": files} if files else dict(body)
        return self._do("ticket.report", named, str(uuid7()), photos=taken)

    def act(self, ticket_id: str, action: str, **fields: Any) -> str:
        """Take a step on a ticket, as the person saw it; returns the op_id."""
        seen = None if action == "comment" else self.memory.version_of("tickets", ticket_id)
        return self._do("ticket.action", {"action": action, **fields}, ticket_id, version=seen)

    def comment(self, ticket_id: str, words: str) -> str:
        """Add a note to a ticket; returns the op_id."""
        return self.act(ticket_id, "comment", opinion=words)

    def visit(self, body: Mapping[str, Any], photos: Sequence[bytes] = ()) -> str:
        """Record a visit, with photos; returns its id."""
        taken = [(str(uuid7()), content) for content in photos]
        named = {"awaited_attachment_ids": [one for one, _content in taken]} if taken else {}
        return self._do("visit.record", {**body, **named}, str(uuid7()), photos=taken)

    def revise(self, visit_id: str, **changes: Any) -> str:
        """Put a visit right, as the person saw it; returns the op_id."""
        seen = self.memory.version_of("visits", visit_id)
        return self._do("visit.change", changes, visit_id, version=seen)

    def check_in(self, **body: Any) -> str:
        """Go on duty; returns the op_id."""
        return self._do("attendance.check_in", body)

    def check_out(self, **body: Any) -> str:
        """Go off duty; returns the op_id."""
        return self._do("attendance.check_out", body)

    def read(self, notification_id: str) -> str:
        """Open a message; returns the op_id."""
        return self._do("notification.read", {}, notification_id)

    async def sync(self) -> None:
        """Send everything and learn everything; `NoNetwork` where that takes too long."""
        await self.wire.stay_fresh()
        await self.push()
        await self.send_photos()
        await self.pull()

    async def push(self) -> None:
        """Push until the queue is empty."""
        patience = self.wire.patience()
        while entries := self.memory.queue(entries=MOST, size=MOST_BYTES):
            body = {"sent_at": _now(), "operations": entries}
            reply = _accepted(await self.wire.ask("POST", PUSH, json=body))
            if self.memory.hear(reply.json()["results"]):
                patience.renew()
            else:
                # Somebody holds the records.
                await patience.wait()

    async def send_photos(self) -> None:
        """Send the photos that are not there yet."""
        for photo in self.memory.unsent():
            upload = Upload(self.wire, self.memory, photo)
            try:
                await upload.send()
            finally:
                self.resumed += upload.resumed

    async def pull(self, limit: int = 100) -> None:
        """Learn what changed, to the last page; anew where the server says so."""
        more = True
        while more:
            cursor = self.memory.cursor()
            params = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
            reply = await self.wire.ask("GET", PULL, params=params)
            if reply.status_code == HTTPStatus.GONE:
                self.memory.begin_anew()
                continue
            page = _accepted(reply).json()
            self.memory.take(page)
            more = page["more"]
        self.memory.forget(before=clock.now() - KEPT_FOR)

    def _do(
        self,
        kind: str,
        body: Mapping[str, Any],
        record_id: str | None = None,
        *,
        version: int | None = None,
        photos: Iterable[tuple[str, bytes]] = (),
    ) -> str:
        """Queue an operation; returns the record's id, of which a phone makes only new ones, or the op_id."""
        op_id = str(uuid7())
        entry: dict[str, Any] = {"op_id": op_id, "kind": kind, "occurred_at": _now(), "body": dict(body)}
        entry |= {"id": record_id} if record_id else {}
        entry |= {"version": version} if version else {}
        self.memory.put(entry, photos)
        made = kind in {"ticket.report", "visit.record"}
        return str(record_id) if made else op_id


def _now() -> str:
    """The phone's time."""
    return clock.now().astimezone(clock.BUSINESS_ZONE).isoformat()


def _accepted(reply: httpx.Response) -> httpx.Response:
    if not reply.is_success:
        raise Refused(reply.status_code, reply.text)
    return reply
