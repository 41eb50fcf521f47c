"""Receivers of channels, for real on the loopback: a WeCom robot, a gateway of text messages, a mail server.

Each speaks its public format, keeps what it got, and answers what the test says.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr

from app.services.mobile.channels import Channels, of_settings
from tests.support.settings import settings_of_tests

KEY, TOKEN = "robot-key-693a91f6", "gateway-token-5d1c"


@dataclass(slots=True)
class HttpReceiver:
    """A small HTTP/1.1 server: `got` holds path, headers and JSON of each call.

    `answers` are given in turn, the last one for good: status, body and headers. With `hangs` it says
    nothing at all.
    """

    port: int = 0
    got: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(
        default_factory=lambda: [(200, b'{"errcode": 0, "errmsg": "ok"}', {})]
    )
    hangs: bool = False

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, status: int, body: Any = None, **headers: str) -> None:
        """Answer so from now on."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.answers = [(status, content, headers)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one call."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.got.append((first.split(" ")[1], headers, json.loads(body or b"null")))
        if self.hangs:
            await reader.read()
        else:
            status, content, more = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            told = {"Content-Type": "application/json", "Content-Length": str(len(content)), **more}
            lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in told.items()), "", ""]
            writer.write("\r\n".join(lines).encode() + content)
        writer.close()


@asynccontextmanager
async def http_receiver() -> AsyncIterator[HttpReceiver]:
    """A receiver while the block runs."""
    receiver = HttpReceiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


@dataclass(slots=True)
class Mailbox:
    """A mail server's box; `refuses` is what it says to every recipient instead of taking the mail."""

    port: int = 0
    refuses: str | None = None
    got: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - the server looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as above
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        self.got.append(message_from_bytes(envelope.original_content or b"", policy=default))
        return "250 kept"


@asynccontextmanager
async def mail_receiver() -> AsyncIterator[Mailbox]:
    """A mail server while the block runs."""
    box, loop = Mailbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


def channels_to(web: HttpReceiver, box: Mailbox) -> Channels:
    """All channels, with addresses as an operator sets them."""
    chosen = {
        "wecom_webhook_url": SecretStr(f"{web.url}/cgi-bin/webhook/send?key={KEY}"),
        "smtp_url": SecretStr(box.url),
        "mail_from": "wangge@town.example",
        "mail_domains": ("town.example",),
        "sms_url": f"{web.url}/sms",
        "sms_token": SecretStr(TOKEN),
        "sms_template": "T1",
    }
    return of_settings(settings_of_tests().model_copy(update=chosen))
