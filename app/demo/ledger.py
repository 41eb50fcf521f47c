"""A village's ledger as an office keeps it: titles over merged cells, gaps, 同上, and three mistakes.

Written as a workbook for the demo to import, once as it was found and once mended. The people in it have
numbers that belong to nobody (`content.identity`); the same ones each time, so that a second demo on the
same data changes nothing.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from app.demo.content.identity import RESIDENT_SEGMENT, IdentityNumbers
from app.models.enums import Gender

CITY = "4690"
TITLE = "住户台账（2026 年核对）"
OVER = ("", "", "", "家庭成员情况", "", "", "", "", "")
COLUMNS = (
    "序号",
    "所属网格",
    "家庭住址",
    "姓名",
    "与户主关系",
    "身份证号码",
    "出生年月日",
    "联系电话",
    "备注",
)
MISTAKES = 3
LOST = 440_199_196_803_050_000


@dataclass(frozen=True, slots=True)
class _Line:
    """A row as it was found; `mended` holds what its wrong cells should say, by column."""

    cells: tuple[Any, ...]
    mended: dict[int, Any]


def write(path: Path, *, grid_code: str, mended: bool) -> int:
    """Write the ledger of a grid; returns how many people stand in it."""
    lines = _lines(grid_code)
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("住户")
        middle = book.add_format({"align": "center", "bold": True})
        sheet.merge_range(0, 0, 0, len(COLUMNS) - 1, TITLE, middle)
        sheet.merge_range(1, 3, 1, 7, OVER[3], middle)
        for place, title in enumerate(COLUMNS):
            sheet.write_string(2, place, title, middle)
        for row, line in enumerate(lines, start=3):
            for place, cell in enumerate(line.cells):
                sheet.write(row, place, line.mended.get(place, cell) if mended else cell)
    return len(lines)


def _lines(grid: str) -> tuple[_Line, ...]:
    """Two families below their heads' rows; numbers are taken in the order of the lines."""
    numbers = IdentityNumbers()

    def number(born: date, gender: Gender) -> str:
        return numbers.take(CITY, born, gender)

    man, woman = Gender.MALE, Gender.FEMALE
    phone = RESIDENT_SEGMENT
    return (
        _Line(
            (
                *(1, grid, "榕树头 ５ 号", "黎  广", "户主", number(date(1968, 3, 5), man)),
                *("1968.3.5", f"{phone} 2222 0001", "党员"),
            ),
            {},
        ),
        _Line(
            ("", "", "", "何妹", "妻子", number(date(1970, 11, 2), woman), "1970年11月2日", "同上", ""), {}
        ),
        _Line(
            ("", "", "", "黎俊", "长子", LOST, "1996/7/30", f"{phone}22220003", "外出务工"),
            {5: number(date(1996, 7, 30), man)},
        ),
        _Line(
            (
                *(2, "同上", "榕树头６号之一", "区带好", "户主", number(date(1951, 2, 14), woman)),
                *("1951-02-30", f"０757-8650 0001/{phone}22220004", "独居"),
            ),
            {6: "1951-02-14"},
        ),
        _Line(
            ("", "", "", "区志强", "儿子", number(date(1979, 9, 9), man), "19790909", "2222000", ""),
            {7: f"{phone}22220005"},
        ),
    )
