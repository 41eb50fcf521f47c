"""A phone for tests: entries of its queue, a push that must be answered, a pull to the last page."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI
from httpx import Response

from app.core import clock
from app.core.db import Sessions
from app.core.ids import uuid7
from app.demo.phone import Memory
from tests.support.clients import Api
from tests.support.tickets import REPORT
from tests.support.waiting import until_all_have_ended
from tests.support.world import World

PUSH, PULL = "/v1/sync/push", "/v1/sync/pull"
KINDS = ("areas", "households", "care", "transfers", "tickets", "visits", "notifications")


def entry(kind: str, body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """An entry of the queue, an hour old."""
    return {
        "op_id": str(uuid7()),
        "kind": kind,
        "occurred_at": (clock.now() - timedelta(hours=1)).isoformat(),
        "body": body,
    } | changed


def report(world: World, place: str = "grid_a1", **changed: Any) -> dict[str, Any]:
    """A report made offline, with the id that the phone gave it."""
    told = {"id": str(uuid7())} | changed
    body = REPORT | {"area_id": str(world.places[place].id)} | told.pop("body", {})
    return entry("ticket.report", body, **told)


def action(ticket_id: Any, name: str, **changed: Any) -> dict[str, Any]:
    """A step on a ticket made offline; fields of the body by `body`."""
    body = {"action": name} | changed.pop("body", {})
    return entry("ticket.action", body, id=str(ticket_id), **changed)


def comment(ticket_id: Any, text: str = "现场已看过", **changed: Any) -> dict[str, Any]:
    """A comment on a ticket."""
    return action(ticket_id, "comment", body={"opinion": text}, **changed)


async def try_push(api: Api, who: str, *entries: Any, sent_at: datetime | None = None) -> Response:
    """Send a queue and look at the answer."""
    body: dict[str, Any] = {"operations": list(entries)}
    if sent_at is not None:
        body["sent_at"] = sent_at.isoformat()
    return await api.as_(who).post(PUSH, json=body)


async def push(api: Api, who: str, *entries: Any, sent_at: datetime | None = None) -> list[dict[str, Any]]:
    """The results of a queue that must be taken."""
    reply = await try_push(api, who, *entries, sent_at=sent_at)
    assert reply.status_code == 200, reply.text
    results: list[dict[str, Any]] = reply.json()["results"]
    assert [result["op_id"] for result in results] == [sent.get("op_id") for sent in entries]
    return results


def side_by_side(app: FastAPI) -> None:
    """Let the application carry out several operations of a queue at a time, as it does outside of tests."""
    app.state.settings = app.state.settings.model_copy(update={"push_lanes": 4})


def outcomes(results: list[dict[str, Any]]) -> list[str]:
    """What became of each."""
    return [result["outcome"] for result in results]


class Store:
    """What a phone keeps of the server's records, as the reference phone keeps it.

    With `sessions`, a sync waits until the server may tell all that was written before.
    """

    def __init__(self, api: Api, who: str, sessions: Sessions | None = None) -> None:
        self._api, self.who, self._sessions = api, who, sessions
        self.memory = Memory(":memory:")
        self.gone: list[tuple[str, str]] = []

    @property
    def cursor(self) -> str | None:
        """Where the next pull goes on."""
        return self.memory.cursor()

    @property
    def kept(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The records by part and id."""
        return {kind: self.memory.store(kind) for kind in KINDS}

    @property
    def posts(self) -> list[dict[str, Any]]:
        """The posts of its owner."""
        return list(self.memory.store("posts").values())

    async def page(self, limit: int = 100) -> Response:
        """One page, as it comes."""
        params: dict[str, Any] = {"limit": limit}
        if self.cursor is not None:
            params["cursor"] = self.cursor
        return await self._api.as_(self.who).get(PULL, params=params)

    def take(self, page: dict[str, Any]) -> None:
        """Keep a page, and note what it said to forget."""
        self.gone += [(kind, one) for kind in KINDS for one in page.get(kind, {}).get("gone", ())]
        self.memory.take(page)

    def tasks(self) -> dict[str, int]:
        """How many of each task there are now, by what it keeps and its own clock."""
        now, today, kept = clock.now(), clock.today().isoformat(), self.kept
        found = [
            task
            for ticket in kept["tickets"].values()
            for task in ticket["tasks"]
            if task != "overdue" or (ticket["due_at"] and datetime.fromisoformat(ticket["due_at"]) < now)
        ]
        homes = [home for home in kept["households"].values() if home["next_visit_due"] <= today]
        found += [task for home in homes for task in home["tasks"]]
        found += ["care_due" for care in kept["care"].values() if care["next_visit_due"] <= today]
        found += ["transfers_in" for _transfer in kept["transfers"]]
        return dict(Counter(found))

    async def sync(self, limit: int = 100) -> list[dict[str, Any]]:
        """Pull to the last page, anew where the server says so; the pages."""
        pages: list[dict[str, Any]] = []
        if self._sessions is not None:
            await until_all_have_ended(self._sessions)
        while not pages or pages[-1]["more"]:
            reply = await self.page(limit)
            if reply.status_code == 410:
                self.memory.begin_anew()
                pages = []
                continue
            assert reply.status_code == 200, reply.text
            pages.append(reply.json())
            self.take(pages[-1])
        return pages
