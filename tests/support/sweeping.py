"""A ticket, the people round it and a clock that moves when the test says so; then the sweep.

Calls the services as the application does, each step in a transaction of its own.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.core.clock import BUSINESS_ZONE
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.models.enums import EventSource, Urgency
from app.services.platform.actor import Actor
from app.services.tickets import commands, deadlines, report, sweep, transitions
from app.services.tickets.policies import MACHINE_SOURCES
from app.services.tickets.report import NewTicket
from app.services.tickets.sweep import Swept
from tests.support import ledger
from tests.support.settings import SECRET
from tests.support.world import World

PEOPLE = (
    "grid_worker", "dispatcher", "dispatcher_2", "dept_handler", "dept_head", "revisit_agent", "supervisor",
    "api_client", "dept_handler_fire",
)  # fmt: skip


TICK = timedelta(microseconds=10)
WEDNESDAY = "2026-03-04"


def at(day: date | str, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant by the clock on the wall of the business zone, in UTC."""
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(on, time(hour, minute, second), BUSINESS_ZONE).astimezone(UTC)


class Story:
    """One ticket at a time; `now` is what every clock of the application shows, and hardly moves."""

    def __init__(self, sessions: Sessions, world: World, cast: dict[str, Actor], now: datetime) -> None:
        self.sessions, self.world, self.cast, self.now = sessions, world, cast, now
        self.id = UUID(int=0)

    def tick(self) -> datetime:
        """What the clock shows; a little later each time, so that steps have an order."""
        self.now += TICK
        return self.now

    async def report(self, urgency: Urgency = Urgency.NORMAL, source: str = "grid_patrol") -> UUID:
        """Whom it befits reports; this is the ticket from now on."""
        new = NewTicket(
            title="沙龙路垃圾堆放三天没人清",
            content="沙龙路 12 号门口堆了建筑垃圾，已有三天。",
            category_code="0501",
            source=EventSource(source),
            urgency=urgency,
            area_id=self.world.places["grid_a1"].id,
            address="沙龙路 12 号",
        )
        async with transaction(self.sessions) as session:
            made, _new = await report.report(
                session,
                actor=self.cast["api_client" if new.source in MACHINE_SOURCES else "grid_worker"],
                new=new,
                deadlines=await deadlines.load(session),
                vault=Vault(SECRET),
                prefix="WG",
            )
        self.id = made.id
        return made.id

    async def act(self, who: str, action: str, **fields: Any) -> None:
        """Somebody takes a step."""
        body = {"action": action, **fields}
        async with transaction(self.sessions) as session:
            await transitions.act(
                session,
                actor=self.cast[who],
                ticket_id=self.id,
                command=commands.ADAPTER.validate_python(body),
                expected_version=None,
                deadlines=await deadlines.load(session),
            )

    async def to(self, status: str, urgency: Urgency = Urgency.NORMAL, source: str = "grid_patrol") -> None:
        """Report a ticket and bring it straight to a status."""
        await self.report(urgency, source)
        way: Sequence[tuple[str, str, str, dict[str, Any]]] = (
            ("reported", "", "", {}),
            ("accepted", "dispatcher", "accept", {}),
            ("dispatched", "dispatcher", "dispatch", {"org_id": self.world.orgs["urban"].id}),
            ("processing", "dept_handler", "sign", {}),
            ("resolved", "dept_handler", "resolve", {"resolution_type": "solved", "measures": "已清运"}),
            ("evaluating", "revisit_agent", "revisit",
             {"method": "phone", "reached": True, "solved": "solved", "satisfaction": "very"}),
        )  # fmt: skip
        reached = [step[0] for step in way].index(status)
        for _status, who, action, fields in way[1 : reached + 1]:
            await self.act(who, action, **fields)

    async def suspend(self, until: date) -> None:
        """The handler asks, the dispatcher approves."""
        asked = {"reason": "season", "resume_on": until, "opinion": "汛期不能施工"}
        await self.act("dept_handler", "request_suspend", **asked)
        await self.act("dispatcher", "approve_suspend")

    async def sweep(self, now: datetime | None = None) -> Swept:
        """Run the sweep, perhaps at another time, and check the ticket's books."""
        self.now = now or self.now
        swept = await sweep.run(self.sessions)
        assert swept.broken == 0
        await self.ticket()
        return swept

    async def ticket(self) -> dict[str, Any]:
        """The ticket's row, after all its rows were found to agree."""
        async with self.sessions() as session:
            return await ledger.audit(session, self.id)

    async def clock(self, kind: str) -> RowMapping:
        """The latest clock of a kind."""
        return (await self.clocks(kind))[-1]

    async def clocks(self, kind: str) -> Sequence[RowMapping]:
        """Every clock of a kind, in order."""
        asked = "SELECT * FROM ticket_clock WHERE ticket_id = :id AND kind = :kind ORDER BY started_at"
        return await self._rows(asked, kind=kind)

    async def events(self) -> list[str]:
        """What the system did to the ticket, in order; a card with its colour."""
        asked = "SELECT * FROM ticket_event WHERE ticket_id = :id AND actor_role = 'system' ORDER BY seq"
        return [
            " ".join(
                filter(None, (row["action"], row["data"].get("clock"), str(row["data"].get("level", ""))))
            )
            for row in await self._rows(asked)
            if row["actor_id"] is None
        ]

    async def last(self) -> RowMapping:
        """The newest event."""
        return (
            await self._rows("SELECT * FROM ticket_event WHERE ticket_id = :id ORDER BY seq DESC LIMIT 1")
        )[0]

    async def told(self, topic: str) -> list[dict[str, Any]]:
        """What the outbox holds of the ticket under a topic, in order."""
        asked = "SELECT data FROM outbox WHERE entity_id = :id AND topic = :topic ORDER BY id"
        return [row["data"] for row in await self._rows(asked, topic=topic)]

    async def notices(self) -> list[str]:
        """What whoever holds a clock was told, in order: the notice and the clock it is about."""
        return [
            f"{told['notice']} {told.get('clock', '')}".strip() for told in await self.told("notice.holder")
        ]

    async def _rows(self, asked: str, **values: Any) -> Sequence[RowMapping]:
        async with self.sessions() as session:
            return (await session.execute(text(asked), {"id": self.id, **values})).mappings().all()
