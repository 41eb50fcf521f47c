"""Uploading in tests: the form that a phone sends, whole or in any state of disrepair."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.clients import Api
from tests.support.media import jpeg

PATH = "/v1/attachments"
BOUNDARY = "----form-boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


async def upload(
    api: Api, who: str, content: bytes | None = None, *, name: str = "IMG_1.jpg", **options: Any
) -> httpx.Response:
    """Upload a file (a small photo unless said otherwise) as somebody; options are httpx's."""
    file = (name, jpeg() if content is None else content, "image/jpeg")
    return await api.as_(who).post(PATH, files={"file": file}, **options)


async def uploaded(api: Api, who: str, content: bytes | None = None, **options: Any) -> dict[str, Any]:
    """The record of a file that must be taken."""
    reply = await upload(api, who, content, **options)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


def part(name: str, content: bytes, filename: bytes | None = None) -> bytes:
    """One part of a form, whose file name may hold any bytes."""
    said = b"" if filename is None else b'; filename="' + filename + b'"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
    return head + said + b"\r\nContent-Type: image/jpeg\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A form of these parts, with its end."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def send(api: Api, who: str, body: bytes | AsyncIterator[bytes], **headers: str) -> httpx.Response:
    """Send a body that says to be a form."""
    return await api.as_(who).post(PATH, content=body, headers={**FORM, **headers})


def objects(folder: Path) -> list[Path]:
    """The files that a store's folder holds."""
    return sorted(found for found in folder.rglob("*") if found.is_file())
