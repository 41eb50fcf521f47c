"""The demo's wall: a read-only screen of the town, and whether it shows exactly what the tours did.

It speaks to the real server with the screen's own token. What the page looks like is `app/web`'s.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx

from app.core import clock
from app.demo.people import People, answer, bearing
from app.models.enums import Role, Stage
from app.models.enums.measure import Measure
from app.runtime.failures import CommandFailed

PATIENCE = 30.0
_NAME, _VALID = "演示大屏", timedelta(days=365)
_LOOK, _PAGE = 0.2, 100
_SHOWN = {Stage.REPORT: Measure.REPORTED, Stage.CLOSE: Measure.CLOSED}
_WORDS = {Measure.REPORTED: ("上报", "所报"), Measure.CLOSED: ("结案", "所结")}

Tickets = Mapping[Measure, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Wall:
    """A screen by its token, and the day since which its figures are looked at."""

    client: httpx.Client = field(repr=False)
    token: str = field(repr=False)
    since: date

    @property
    def address(self) -> str:
        """Where it opens, ready to be looked at."""
        return f"{str(self.client.base_url).rstrip('/')}/dashboard#token={self.token}&screen=command"

    def tickets(self) -> Tickets:
        """The tickets that its figures of reports and closings count, as soon as both agree."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            behind = {measure: frozenset(self._behind(measure)) for measure in _SHOWN.values()}
            if self._figures() == {measure: len(ids) for measure, ids in behind.items()}:
                return behind
            time.sleep(_LOOK)
        raise CommandFailed("大屏上的数与背后的工单对不上")

    def moved(self, before: Tickets, done: Tickets) -> str:
        """Tell how its figures moved; `CommandFailed` where what was done is not among them in time."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            after = self.tickets()
            if all(done[measure] <= after[measure] - before[measure] for measure in done):
                return "大屏随之变动：" + "；".join(_told(each, before, after, done) for each in done)
            time.sleep(_LOOK)
        raise CommandFailed("大屏上没有出现巡览办过的工单")

    def _figures(self) -> dict[Measure, int]:
        stages = {row["stage"]: row["entered"] for row in self._ask("flow")["stages"]}
        return {measure: stages[stage] for stage, measure in _SHOWN.items()}

    def _behind(self, measure: Measure) -> Iterator[str]:
        cursor: dict[str, str] = {}
        while True:
            page = self._ask("counted", measure=measure.value, limit=_PAGE, **cursor)
            yield from (ticket["id"] for ticket in page["items"])
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def _ask(self, path: str, **query: Any) -> Any:
        days = {"first": self.since.isoformat(), "last": clock.today().isoformat()}
        url = f"/v1/stats/{path}"
        return answer(self.client.get(url, params={**days, **query}, headers=bearing(self.token)))


def hang(people: People, client: httpx.Client, token: str | None) -> Wall:
    """The wall of a token that still works, or else of a new one, which the town's leader makes."""
    if token is None or client.get("/v1/stats/freshness", headers=bearing(token)).is_error:
        leader = people.first(Role.LEADER_VIEWER)
        until = (clock.now() + _VALID).isoformat()
        made = leader.post("/v1/screens", {"name": _NAME, "area_id": leader.area_id, "expires_at": until})
        token = str(made["token"])
    return Wall(client, token, clock.today())


def _told(measure: Measure, before: Tickets, after: Tickets, done: Tickets) -> str:
    """`今日上报 88 → 95，多出的正是巡览所报的 7 件`; what others did meanwhile is told apart."""
    name, verb = _WORDS[measure]
    others = len(after[measure] - before[measure] - done[measure])
    also = f"，另有 {others} 件" if others else ""
    change = f"今日{name} {len(before[measure])} → {len(after[measure])}"
    return f"{change}，多出的正是巡览{verb}的 {len(done[measure])} 件{also}"
