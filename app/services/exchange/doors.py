"""The room that a row names: in three columns, or the whole of it in one cell (3栋2单元502, 3-2-502).

Pure. Half a room is a fault: to leave it out silently would leave the household off the chain.
"""

import re
from collections.abc import Mapping

from app.services.exchange.faults import CellFault
from app.services.registry.doors import Door

BUILDING, ROOM = "楼栋", "房号"
COLUMNS = ("building", "unit_no", "room_no")
_UNIT = r"(?:(?P<unit>[0-9A-Za-z]{1,4})(?:单元|梯))"
_SPELLED = re.compile(rf"(?P<building>.+?(?:号楼|栋|幢|座|楼)){_UNIT}?(?P<room>.+)")
_DASHED = re.compile(r"(?P<building>[0-9A-Za-z]+)-(?:(?P<unit>[0-9A-Za-z]+)-)?(?P<room>[0-9A-Za-z]+)")
_IN_BUILDING = re.compile(rf"{_UNIT}(?P<room>.+)")


def read(values: Mapping[str, str]) -> Door | None:
    """The room of a row's values; None where it names none, `CellFault` for half of one."""
    building, unit, room = (values.get(name) for name in COLUMNS)
    if building is None or room is None:
        whole = room or building or ""
        found = _SPELLED.fullmatch(whole) or _DASHED.fullmatch(whole)
        if found:
            return Door(found["building"], found["unit"] or unit, found["room"])
        if building is None and (unit or room):
            raise CellFault("building_missing", "填了房号或单元，还须填写楼栋")
        if building is not None:
            raise CellFault("room_missing", "填了楼栋，还须填写房号")
        return None
    inner = _IN_BUILDING.fullmatch(room) if unit is None else None
    return Door(building, inner["unit"], inner["room"]) if inner else Door(building, unit, room)
