"""The registry's part of the demo, over real HTTP: from a household on the map to what is heard there.

A household comes on the map, its village's ledger is imported, somebody visits the household, and what was
heard becomes a ticket, whose way round the loop is `tour`'s. Told as it happens; a second demo on the same
data finds the house and the people where the first put them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from app.core import clock
from app.demo import ledger
from app.demo.content.identity import RESIDENT_SEGMENT, IdentityNumbers
from app.demo.people import Person
from app.demo.stories import HEARD
from app.models.enums import BuildingKind, CoordType, Gender, HouseholdType
from app.models.enums.exchange import ImportKind, ImportState
from app.models.enums.visit import OpinionOutcome, VisitResult, VisitType
from app.runtime.failures import CommandFailed

BUILDING = "月桂楼"
ROOM = "502"
NEXT_DOOR = 0.0001  # degrees, some ten metres
STREET = "月桂路 8 号"
_CHECKING, _LOOK = 60.0, 0.2
_STAYED = timedelta(minutes=25)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Home:
    """A household on the map: its id, the room that it lives in, and where that stands."""

    household_id: str
    lng: float
    lat: float


def settle(worker: Person, tell: Tell) -> Home:
    """Bring a building, a room and a household on the map of the worker's grid; tell the whole chain."""
    grid = worker.get(f"/v1/areas/{worker.area_id}")
    building = _building(worker, grid)
    room = _room(worker, building["id"])
    household = _household(worker, room["id"])
    above = " › ".join(area["name"] for area in (*grid["ancestors"], grid))
    tell(f"格：{above}")
    place = worker.get(
        f"/v1/grids/locate?lng={building['lng']}&lat={building['lat']}&coord_type={CoordType.WGS84}"
    )
    stands = place["grid"]["name"] if place["grid"] else "网格之外"
    tell(f"楼：{building['name']}（{building['lng']:.5f}, {building['lat']:.5f}，按坐标落在{stands}）")
    tell(f"房：{room['address']}")
    people = "、".join(f"{person['name']}{person['age']}岁" for person in household["people"])
    tell(f"户：{household['no']}，{household['member_count']} 人")
    tell(f"人：{people}（姓名、号码一律遮挡，查看原文须说明理由并留痕）")
    return Home(household["id"], building["lng"], building["lat"])


def take_ledger(keeper: Person, grid_code: str, folder: Path, tell: Tell) -> None:
    """Import a messy ledger: the dry run names its mistakes, the mended one is written, once."""
    found = folder / "住户台账.xlsx"
    ledger.write(found, grid_code=grid_code, mended=False)
    checked = _checked(keeper, found)
    tell(f"试读 {found.name}：{checked['total_rows']} 行，{len(checked['faults'])} 处错误，什么也没有写入")
    for fault in checked["faults"]:
        tell(f"  第 {fault['line']} 行 {fault['column']}：{fault['message']}")
    if len(checked["faults"]) != ledger.MISTAKES:
        raise CommandFailed(f"台账里有 {ledger.MISTAKES} 处错误，查出 {len(checked['faults'])} 处")
    wrong = folder / "住户台账-错误.xlsx"
    wrong.write_bytes(keeper.download(f"/v1/imports/{checked['id']}/errors"))
    tell(f"  错误表：{wrong}")
    mended = folder / "住户台账-已改.xlsx"
    people = ledger.write(mended, grid_code=grid_code, mended=True)
    checked = _checked(keeper, mended)
    keeper.post(f"/v1/imports/{checked['id']}/confirm", {})
    done = _watched(keeper, checked["id"], ImportState.DONE)
    tell(
        f"改好再导：{people} 人，新增 {done['created_count']} 户，更新 {done['updated_count']} 户，"
        f"未变 {done['unchanged_count']} 户"
    )


def visit(worker: Person, home: Home, tell: Tell) -> str:
    """Visit the household; what is heard becomes a ticket, whose id is returned."""
    begun, heard = clock.now() - _STAYED, HEARD.report
    opinion = {
        "content": heard["content"],
        "outcome": OpinionOutcome.TICKET,
        "ticket": {"title": heard["title"], "category_code": heard["category_code"]},
    }
    body = {
        "household_id": home.household_id,
        "visit_type": VisitType.ROUTINE,
        "result": VisitResult.MET,
        "purposes": ["核对人员信息", "消防安全提醒"],
        "occurred_at": begun.isoformat(),
        "duration_s": int(_STAYED.total_seconds()),
        "location": {
            "lng": home.lng + NEXT_DOOR,
            "lat": home.lat,
            "coord_type": CoordType.WGS84,
            "accuracy_m": 12,
        },
        "content": "核对了一家人的信息，提醒不要在楼道充电。",
        "opinions": [opinion],
    }
    made = worker.post("/v1/visits", body)
    counts = "算一次有效走访" if made["is_effective"] else f"不算有效走访：{'、'.join(made['lacks'])}"
    tell(f"{worker.title}入户 {made['duration_s'] // 60} 分钟，距住址 {made['distance_m']:.0f} 米，{counts}")
    told = made["opinions"][0]
    tell(f"听到：{told['content']}")
    tell(f"转为工单 {told['ticket_no']}")
    log = worker.get("/v1/daily-log")
    tell(f"工作日志自动生成：今天走访 {log['visits']} 户次，上报 {log['tickets_reported']} 件，不用再填一遍")
    return str(told["ticket_id"])


def _building(worker: Person, grid: Mapping[str, Any]) -> Any:
    found = worker.post("/v1/search", {"term": BUILDING, "kinds": ["building"]})["items"]
    if found:
        return worker.get(f"/v1/buildings/{found[0]['id']}")
    location = {"lng": grid["center_lng"], "lat": grid["center_lat"], "coord_type": CoordType.WGS84}
    body = {"area_id": grid["id"], "name": BUILDING, "address": STREET, "floors": 7, "units": 1}
    return worker.post("/v1/buildings", {**body, "kind": BuildingKind.RESIDENTIAL, "location": location})


def _room(worker: Person, building_id: str) -> Any:
    for room in worker.get(f"/v1/rooms?building_id={building_id}")["items"]:
        if room["room_no"] == ROOM:
            return room
    body = {
        "building_id": building_id,
        "floor": "5",
        "room_no": ROOM,
        "address": f"{STREET}{BUILDING} {ROOM} 房",
    }
    return worker.post("/v1/rooms", body)


def _household(worker: Person, room_id: str) -> Any:
    found = worker.get(f"/v1/households?room_id={room_id}")["items"]
    if not found:
        body = {"room_id": room_id, "household_type": HouseholdType.RESIDENT, "residents": _family()}
        found = [worker.post("/v1/households", body)]
    return worker.get(f"/v1/households/{found[0]['id']}")


def _family() -> list[dict[str, Any]]:
    numbers = IdentityNumbers()

    def person(name: str, relation: str, born: date, gender: Gender) -> dict[str, Any]:
        return {"name": name, "relation": relation, "id_number": numbers.take(ledger.CITY, born, gender)}

    father = person("霍振华", "02", date(1984, 6, 18), Gender.MALE)
    mother = person("招丽仪", "12", date(1986, 1, 9), Gender.FEMALE)
    return [{**father, "phone": f"{RESIDENT_SEGMENT}22220006"}, mother]


def _checked(keeper: Person, path: Path) -> Any:
    job = keeper.upload("/v1/imports", path, {"kind": ImportKind.HOUSEHOLDS})
    return _watched(keeper, job["id"], ImportState.CHECKED)


def _watched(keeper: Person, job_id: str, state: ImportState) -> Any:
    deadline = time.monotonic() + _CHECKING
    while time.monotonic() < deadline:
        job = keeper.get(f"/v1/imports/{job_id}")
        if job["state"] == ImportState.FAILED:
            raise CommandFailed(f"台账无法导入：{job['fault']['message']}")
        if job["state"] == state:
            return job
        time.sleep(_LOOK)
    raise CommandFailed(f"台账在 {_CHECKING:.0f} 秒内没有处理完：后台任务可能没有运行")
