"""Messages in tests: told as the worker tells them, and read over the wire.

Within a test's one transaction nothing has been committed for the reader of the outbox, so what it does with
rows is called here on all rows that are new.
"""

from typing import Any

from sqlalchemy import select

from app.core.db import Sessions, transaction
from app.models.platform import Outbox
from app.services.mobile import reader
from tests.support.clients import Api

URL = "/v1/notifications"


class Telling:
    """Tells what is new, and looks into people's lists."""

    def __init__(self, api: Api, sessions: Sessions) -> None:
        self._api, self._sessions = api, sessions
        self._seen = 0

    async def tell(self) -> int:
        """Tell the news since the last time; how many messages came of it."""
        async with transaction(self._sessions) as session:
            news = select(Outbox).where(Outbox.id > self._seen).order_by(Outbox.id)
            rows = (await session.scalars(news)).all()
            self._seen = rows[-1].id if rows else self._seen
            return await reader.tell(session, rows)

    async def messages(self, who: str, query: str = "") -> list[dict[str, Any]]:
        """Somebody's messages, after all news was told."""
        await self.tell()
        reply = await self._api.as_(who).get(f"{URL}?{query}")
        assert reply.status_code == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["items"]
        return found

    async def kinds(self, who: str) -> list[str]:
        """The kinds of somebody's messages, the oldest first."""
        return [message["kind"] for message in reversed(await self.messages(who))]
