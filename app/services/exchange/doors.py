"""The room that a row names: in three columns, or the whole of it in one cell (3栋2单元502, 3-2-502).

Pure. Half a room is a fault: to leave it out silently would leave the household off the chain.
"""

import re
from collections.abc import Mapping

from app.services.exchange import cells
from app.services.exchange.faults import CellFault
from app.services.registry.doors import Door

BUILDING, ROOM = "楼栋", "房号"
COLUMNS = ("building", "unit_no", "room_no")
_UNIT = r"(?:(?P<unit>[0-9A-Za-z一二三四五六七八九十]{1,4})(?:单元|梯))"
_SPELLED = re.compile(rf"(?P<building>.+?(?:号楼|栋|幢|座|楼)){_UNIT}?(?P<room>.+)")
_DASHED = re.compile(r"(?P<building>[0-9A-Za-z]+)-(?:(?P<unit>[0-9A-Za-z]+)-)?(?P<room>[0-9A-Za-z]+)")
_IN_BUILDING = re.compile(rf"{_UNIT}(?P<room>.+)")


def read(values: Mapping[str, str]) -> Door | None:
    """The room of a row's values; None where it names none, `CellFault` for half of one."""
    building, unit, room = (values.get(name) for name in COLUMNS)
    if building is None and unit is None and room is None:
        return None
    whole = _whole(cells.room(room or building or ""), unit)
    if building is not None and room is not None:
        told = Door(building, unit, room)
        # Some write the whole into the room's cell although the building stands beside it.
        return whole if whole and whole.building_key == told.building_key else _inner(told)
    if whole is None:
        if building is None:
            raise CellFault("building_missing", "填了房号或单元，还须填写楼栋")
        raise CellFault("room_missing", "填了楼栋，还须填写房号")
    return whole


def _whole(text: str, unit: str | None) -> Door | None:
    """3栋2单元502 or 3-2-502."""
    found = _SPELLED.fullmatch(text) or _DASHED.fullmatch(text)
    return Door(found["building"], found["unit"] or unit, found["room"]) if found else None


def _inner(told: Door) -> Door:
    """2单元502 beside the building."""
    found = _IN_BUILDING.fullmatch(told.room_no)
    if found and told.unit_no in {None, found["unit"]}:
        return told._replace(unit_no=found["unit"], room_no=found["room"])
    return told
