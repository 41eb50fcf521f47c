"""Exports in tests: ask for one, do what the worker does, read the rows of the file."""

import tempfile
from typing import Any
from uuid import UUID

from app.core.db import Sessions
from app.core.files import FileStore
from app.core.workbook import reader
from app.services.exchange import exporting
from tests.support.clients import Api
from tests.support.settings import vault_of_tests
from tests.support.world import World

PATH = "/v1/exports"


class Exporting:
    """Somebody's exports of village A."""

    def __init__(self, api: Api, sessions: Sessions, files: FileStore, world: World) -> None:
        self._api, self._sessions, self._files, self._world = api, sessions, files, world

    async def ask(self, who: str, kind: str, place: str = "village_a", **body: Any) -> Any:
        """Ask for an export."""
        asked = {"kind": kind, "area_id": str(self._world.places[place].id), "reason": "年度核对台账"}
        return await self._api.as_(who).post(PATH, json=asked | body)

    async def make(self, who: str, kind: str, place: str = "village_a") -> dict[str, Any]:
        """Ask, and do what the worker does."""
        reply = await self.ask(who, kind, place)
        assert reply.status_code == 201, reply.text
        await self.work(reply.json()["id"])
        found: dict[str, Any] = (await self._api.as_(who).get(f"{PATH}/{reply.json()['id']}")).json()
        return found

    async def work(self, job_id: str) -> None:
        """Do what the worker does."""
        vault = vault_of_tests()
        await exporting.run(self._sessions, files=self._files, vault=vault, job_id=UUID(job_id))

    async def rows(self, who: str, job_id: str) -> list[list[str]]:
        """The rows of the file."""
        reply = await self._api.as_(who).get(f"{PATH}/{job_id}/file")
        assert reply.status_code == 200, reply.text
        with tempfile.TemporaryFile() as file:
            file.write(reply.content)
            return [row.cells async for batch in reader.batches(file) for row in batch.rows]
