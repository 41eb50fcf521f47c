"""The messages that go out, in the OpenAPI document: its `webhooks` section, one entry for each event type.

They are described with the same machinery as the addresses that are served, and served nowhere.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header

from app.schemas.webhook import PingMessage, TicketMessage
from app.services.exchange.webhooks.events import EVENT_TYPES, TEST

ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning}
    for status, meaning in (
        (204, "Taken; any other 2xx says so, too"),
        (410, "Send nothing here any more: the subscription is switched off"),
        (429, "Too much: left alone for `Retry-After` (an hour at most) or a minute, then tried again"),
        (503, "Tried again for three days, as any other answer; `Retry-After` is respected"),
    )
}
Id = Annotated[str, Header(alias="webhook-id", description="The step's: drop what you have seen")]
Second = Annotated[str, Header(alias="webhook-timestamp", description="When it was sent, in Unix seconds")]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base64; one of each secret"
        " while one is on its way out, with a space between",
    ),
]


def describe(app: FastAPI) -> None:
    """Enter all messages; called once, when the document is made."""
    for name, event in EVENT_TYPES.items():
        _enter(app, name, f"工单：{event.label}", _of_ticket)
    _enter(app, TEST, "测试消息", _of_test)


def exemplify(name: str, example: dict[str, Any]) -> None:
    """Make the example of a shape one of this message: its own type, label and state."""
    example["type"] = name
    if name in EVENT_TYPES:
        event = EVENT_TYPES[name]
        example["data"] |= {"label": event.label, **({"to_status": event.to[0]} if event.to else {})}


def _enter(app: FastAPI, name: str, summary: str, shape: Callable[..., Awaitable[None]]) -> None:
    operation = f"on_{name.replace('.', '_')}"
    app.webhooks.add_api_route(
        name,
        shape,
        methods=["POST"],
        summary=summary,
        operation_id=operation,
        status_code=204,
        responses=ANSWERS,
        tags=["webhooks"],
    )


async def _of_ticket(body: TicketMessage, id_: Id, second: Second, signature: Signature) -> None:
    """A step of a ticket. Verify it with the subscription's secret; answer 2xx within 15 seconds."""


async def _of_test(body: PingMessage, id_: Id, second: Second, signature: Signature) -> None:
    """Somebody asked for a test. Verify it with the subscription's secret; answer 2xx within 15 seconds."""
