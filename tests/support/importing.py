"""Imports in tests: upload a workbook, do what the worker does, look at what became of it."""

from typing import Any
from uuid import UUID

import httpx

from app.core.db import Sessions
from app.core.files import FileStore
from app.services.exchange import applying, checking
from tests.support.clients import Api
from tests.support.settings import vault_of_tests

PATH = "/v1/imports"


class Importing:
    """Somebody's imports of one kind."""

    def __init__(self, api: Api, sessions: Sessions, files: FileStore, who: str, kind: str) -> None:
        self._api, self._sessions, self._files = api.as_(who), sessions, files
        self._kind = kind

    async def upload(self, content: bytes, *, name: str = "台账.xlsx", **fields: str) -> httpx.Response:
        """Send a workbook under a file name."""
        sent = {"file": (name, content)}
        return await self._api.post(PATH, data={"kind": self._kind, **fields}, files=sent)

    async def check(self, content: bytes, **fields: str) -> dict[str, Any]:
        """Send a workbook and do the worker's dry run; the import as its sender sees it."""
        reply = await self.upload(content, **fields)
        assert reply.status_code == 201, reply.text
        return await self.checked(reply.json()["id"])

    async def checked(self, job_id: str) -> dict[str, Any]:
        """Do the worker's dry run of what was sent."""
        vault = vault_of_tests()
        await checking.run(self._sessions, files=self._files, vault=vault, job_id=UUID(job_id))
        return await self.read(job_id)

    async def read(self, job_id: str) -> dict[str, Any]:
        """The import now."""
        reply = await self._api.get(f"{PATH}/{job_id}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def confirm(self, job_id: str, **body: bool) -> httpx.Response:
        """Confirm it."""
        return await self._api.post(f"{PATH}/{job_id}/confirm", json=body)

    async def apply(self, job_id: str, **options: int) -> dict[str, Any]:
        """Do the worker's run."""
        await applying.run(self._sessions, vault=vault_of_tests(), job_id=UUID(job_id), **options)
        return await self.read(job_id)

    async def bring_in(self, content: bytes, **fields: str) -> dict[str, Any]:
        """The whole way."""
        job = await self.check(content, **fields)
        reply = await self.confirm(job["id"])
        assert reply.status_code == 200, reply.text
        return await self.apply(job["id"])

    async def errors(self, job_id: str) -> bytes:
        """The error workbook."""
        reply = await self._api.get(f"{PATH}/{job_id}/errors")
        assert reply.status_code == 200, reply.text
        return reply.content


def counts(job: dict[str, Any]) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, refused."""
    return job["created_count"], job["updated_count"], job["unchanged_count"], job["refused_count"]


def faults(job: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Line, column and code of what is wrong."""
    return [(fault["line"], fault["column"], fault["code"]) for fault in job["faults"]]
