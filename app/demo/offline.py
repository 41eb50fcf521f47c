"""The phone's part of the demo: three reports without a network, a bad way back, the same on both sides.

The network is seeded and its first blows are chosen, so that everybody sees them: a request that never
arrives, an answer that gets lost, one that arrives twice. The phone learns the rest as any app would.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from app.core import clock
from app.demo.people import Person
from app.demo.phone import BadNetwork, Fate, NoNetwork, Pace, Phone
from app.demo.photos import photos
from app.demo.stories import OFFLINE_REPORTS
from app.models.enums import Status
from app.models.enums.attachment import AttachmentPurpose
from app.runtime.failures import CommandFailed
from app.services.tickets.labels import STATUS_ZH

SEED = 11
# In the order of the phone's requests: the queue three times, then the first photo.
BLOWS = (
    *(Fate.LOST, Fate.UNANSWERED, Fate.DOUBLED),
    *(Fate.CUT_REPLY, Fate.PASSES, Fate.CUT, Fate.DELAYED, Fate.HELD),
)
WORDS = {
    Fate.LOST: "途中丢失",
    Fate.CUT: "只送到一半",
    Fate.UNANSWERED: "办成但回执丢失",
    Fate.CUT_REPLY: "回执只收到一半",
    Fate.DELAYED: "迟到",
    Fate.DOUBLED: "重复送达",
    Fate.HELD: "晚到乱序",
}
PATIENCE = 180.0
_PACE = Pace(first=0.05, longest=0.5, tries=20)
_LOOK, _SLOW = 0.2, 60.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Side:
    """A ticket as one side has it."""

    no: str
    title: str
    status: str
    photos: int

    def __str__(self) -> str:
        return f"{self.no}　{self.title}　{STATUS_ZH[Status(self.status)]}　照片 {self.photos} 张"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides agree on, in words, and the ids of the tickets."""

    ids: Sequence[str]
    words: str


def come_back(worker: Person, file: Path, tell: Tell) -> Agreed:
    """Report offline, lose the phone's power, come back; returns what both sides agree on.

    `CommandFailed` where they do not. The file is made anew.
    """
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    return asyncio.run(_outing(worker, file, tell))


async def _outing(worker: Person, file: Path, tell: Tell) -> Agreed:
    begun = clock.now()
    async with _phone(worker, str(worker.client.base_url), file) as phone:
        await phone.sync()
        known = {part: len(phone.memory.store(part)) for part in ("categories", "households", "tickets")}
        tell(
            f"{worker.title}出门前同步手机：{known['households']} 户、{known['tickets']} 件工单、"
            f"{known['categories']} 个事件类别"
        )
        tell(f"进村后没有信号，上报 {len(OFFLINE_REPORTS)} 件，都先记在手机里：")
        ids = [_reported(phone, worker, number, tell) for number in range(len(OFFLINE_REPORTS))]
    async with (
        BadNetwork(worker.client.base_url.port or 80, SEED, first=BLOWS) as network,
        _phone(worker, network.url, file) as phone,
    ):
        queue, unsent = len(phone.memory.queue()), len(phone.memory.unsent())
        tell(f"手机没电关机；再开机，队列里还是 {queue} 条操作、{unsent} 张照片")
        await _sent(phone)
        await network.heal()
        tell(f"走到有信号的地方，网络很差：{_suffered(network.counts)}")
        _require_taken(phone)
        tell(f"没有回执就重发，重发的只记一次；照片从断点续传 {phone.resumed} 次")
        for mine, theirs in await _agreed(phone, worker, ids, begun):
            tell(f"  手机　　{mine}")
            tell(f"  服务器　{theirs}")
    words = f"手机与服务器一致：{len(ids)} 件工单各只有一件，{unsent} 张照片与手机拍的一致（SHA-256）"
    return Agreed(ids, words)


@asynccontextmanager
async def _phone(worker: Person, url: str, file: Path) -> AsyncIterator[Phone]:
    credentials = worker.account.username, worker.account.password
    async with httpx.AsyncClient(base_url=url, timeout=_SLOW, trust_env=False) as client:
        phone = Phone(file, client, credentials, pace=_PACE)
        try:
            yield phone
        finally:
            phone.close()


def _reported(phone: Phone, worker: Person, number: int, tell: Tell) -> str:
    report, count = OFFLINE_REPORTS[number]
    taken = [photos()[number + more][AttachmentPurpose.BEFORE].content for more in range(count)]
    ticket_id = phone.report({**report, "area_id": worker.area_id}, taken)
    tell(f"  {number + 1}. {report['title']}" + (f"（照片 {count} 张）" if count else ""))
    return ticket_id


async def _sent(phone: Phone) -> None:
    """Sync until nothing is left to be sent."""
    deadline = time.monotonic() + PATIENCE
    while phone.memory.queue() or phone.memory.unsent():
        if time.monotonic() > deadline:
            raise CommandFailed(f"手机在 {PATIENCE:.0f} 秒内没有传完")
        try:
            await phone.sync()
        except NoNetwork:
            continue


def _suffered(counts: Counter[Fate]) -> str:
    blows = "、".join(f"{WORDS[fate]} {counts[fate]} 次" for fate in WORDS if counts[fate])
    return f"{counts.total()} 次请求中，{blows}"


def _require_taken(phone: Phone) -> None:
    for _entry, result in phone.memory.answers():
        if "applied" not in result["outcome"]:
            raise CommandFailed(f"手机上报没有被接受：{result['problem']['detail']}")
    for photo in phone.memory.photos():
        if photo.fault is not None:
            raise CommandFailed(f"手机照片没有被接受：{photo.fault}")


async def _agreed(
    phone: Phone, worker: Person, ids: Sequence[str], begun: datetime
) -> list[tuple[Side, Side]]:
    """Both sides of each ticket, once they are the same: what is written now is pulled a moment later."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        await phone.pull()
        store = phone.memory.store("tickets")
        if set(ids) <= store.keys():
            _require_once(store, ids, begun)
            sides = [(_on_phone(phone, store[one]), _on_server(worker, one)) for one in ids]
            if all(mine == theirs for mine, theirs in sides):
                return sides
        await asyncio.sleep(_LOOK)
    raise CommandFailed("手机与服务器上的工单不一致")


def _require_once(store: dict[str, dict[str, Any]], ids: Sequence[str], begun: datetime) -> None:
    titles = {report["title"] for report, _count in OFFLINE_REPORTS}
    new = {
        ticket_id
        for ticket_id, ticket in store.items()
        if ticket["title"] in titles and datetime.fromisoformat(ticket["reported_at"]) >= begun
    }
    if new != set(ids):
        raise CommandFailed(f"手机上报 {len(ids)} 件，服务器上成了 {len(new)} 件")


def _on_phone(phone: Phone, ticket: dict[str, Any]) -> Side:
    [report] = [entry for entry, _result in phone.memory.answers() if entry["id"] == ticket["id"]]
    taken = len(report["body"].get("attachments", ()))
    return Side(ticket["no"], ticket["title"], ticket["status"], taken)


def _on_server(worker: Person, ticket_id: str) -> Side:
    ticket = worker.get(f"/v1/tickets/{ticket_id}")
    return Side(ticket["no"], ticket["title"], ticket["status"], len(ticket["attachments"]))
