"""What all channels share: what goes out, how it fails, and a careful HTTP call."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import httpx

from app.models.enums.message import Channel

SECONDS = 10.0
LONGEST_ANSWER = 65_536


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """One text for one person: `address` is a phone or mail address, none for a channel of a group."""

    id: UUID
    address: str | None
    text: str


class ChannelFailed(Exception):
    """It did not go out; `code` for the log of deliveries, `final` where another try is no use."""

    def __init__(self, code: str, *, final: bool = False) -> None:
        super().__init__(code)
        self.code, self.final = code, final


class Adapter(Protocol):
    """One channel."""

    async def send(self, out: Outgoing) -> None:
        """Send it, or raise `ChannelFailed`."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The adapters of a deployment."""

    adapters: Mapping[Channel, Adapter] = field(default_factory=dict)

    def __contains__(self, channel: Channel) -> bool:
        """Whether the channel is configured."""
        return channel in self.adapters

    async def send(self, channel: Channel, out: Outgoing) -> None:
        """Send through a channel that is configured, in ten seconds at most."""
        try:
            async with asyncio.timeout(SECONDS):
                await self.adapters[channel].send(out)
        except TimeoutError as slow:
            raise ChannelFailed("timeout") from slow


async def post(
    url: str, *, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """POST JSON and read a short JSON object; every way to fail as `ChannelFailed`."""
    try:
        async with (
            httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as client,
            client.stream("POST", url, json=dict(body), headers=dict(headers or {})) as answer,
        ):
            if not answer.is_success:
                refused = answer.is_client_error and answer.status_code not in {408, 425, 429}
                raise ChannelFailed(f"http_{answer.status_code}", final=refused or answer.is_redirect)
            return _json(await _short(answer))
    except httpx.HTTPError as error:
        raise ChannelFailed(_code(error)) from error


async def _short(answer: httpx.Response) -> bytes:
    content = b""
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > LONGEST_ANSWER:
            raise ChannelFailed("answer_too_long")
    return content


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        found = httpx.Response(200, content=content).json()
    except (ValueError, RecursionError) as broken:
        raise ChannelFailed("answer_unreadable") from broken
    if not isinstance(found, dict):
        raise ChannelFailed("answer_unreadable")
    return found


def _code(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    return "unreachable" if isinstance(error, httpx.TransportError) else "http_error"
