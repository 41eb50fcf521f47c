"""A phone that uploads by tus, request by request, so that a test can do each of them wrong."""

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import httpx

from app.core.ids import uuid7
from tests.support.clients import Api

PATH = "/v1/uploads"
SPOKEN = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}

Headers = Mapping[str, str] | None


class Phone:
    """One upload of somebody's."""

    def __init__(self, api: Api, who: str, content: bytes, upload_id: UUID | None = None) -> None:
        self.client = api.as_(who)
        self.content = content
        self.id = str(upload_id or uuid7())

    @property
    def url(self) -> str:
        """Where the upload is, which the phone knows before it asks."""
        return f"{PATH}/{self.id}"

    async def create(self, body: bytes | None = None, headers: Headers = None) -> httpx.Response:
        """Announce the upload, perhaps with its first bytes."""
        told = {
            **SPOKEN,
            "Upload-Length": str(len(self.content)),
            "Upload-Metadata": f"filename {encoded('照片.jpg')},id {encoded(self.id)}",
            **(BYTES if body is not None else {}),
            **(headers or {}),
        }
        return await self.client.post(PATH, headers=told, content=body)

    async def send(
        self,
        start: int,
        end: int | None = None,
        *,
        body: bytes | AsyncIterator[bytes] | None = None,
        headers: Headers = None,
    ) -> httpx.Response:
        """Send the bytes [start, end), or these in their place."""
        told = {**SPOKEN, **BYTES, "Upload-Offset": str(start), **(headers or {})}
        content = self.content[start:end] if body is None else body
        return await self.client.patch(self.url, headers=told, content=content)

    async def offset(self) -> int:
        """How many bytes the server has."""
        reply = await self.client.head(self.url, headers=SPOKEN)
        assert reply.status_code == 200, reply.status_code
        return int(reply.headers["upload-offset"])

    async def state(self) -> dict[str, Any]:
        """The upload as JSON."""
        found: dict[str, Any] = (await self.client.get(self.url)).json()
        return found

    async def attachment(self) -> dict[str, Any]:
        """What the upload has become."""
        reply = await self.client.get(f"/v1/attachments/{self.id}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def stored(self) -> bytes:
        """The bytes that the server has of it."""
        return (await self.client.get(f"/v1/attachments/{self.id}/content")).content


def encoded(text: str) -> str:
    """A value of the metadata."""
    return base64.b64encode(text.encode()).decode()
