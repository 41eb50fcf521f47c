"""The messages that go out, in the OpenAPI document: its `webhooks` section, one entry for each event type.

They are described with the same machinery as the addresses that are served, and served nowhere.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI

from app.schemas.webhook import PingMessage, TicketMessage
from app.services.exchange.webhooks.events import EVENT_TYPES, TEST


def describe(app: FastAPI) -> None:
    """Enter all messages; called once while the application is made."""
    for name, event in EVENT_TYPES.items():
        _enter(app, name, f"工单：{event.label}", _of_ticket)
    _enter(app, TEST, "测试消息", _of_test)


def _enter(app: FastAPI, name: str, summary: str, shape: Callable[..., Awaitable[None]]) -> None:
    operation = f"on_{name.replace('.', '_')}"
    app.webhooks.add_api_route(
        name,
        shape,
        methods=["POST"],
        summary=summary,
        operation_id=operation,
        status_code=204,
        tags=["webhooks"],
    )


async def _of_ticket(body: TicketMessage) -> None:
    """A step of a ticket. Verify it with the subscription's secret; answer 2xx within 15 seconds."""


async def _of_test(body: PingMessage) -> None:
    """Somebody asked for a test. Verify it with the subscription's secret; answer 2xx within 15 seconds."""
