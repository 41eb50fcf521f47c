"""The workbooks of the import bench: a ledger of households as an office would send it, and its buildings.

One block of rows a household, the room only in the head's row, every number that a person has. Everybody is
invented; the numbers pass every check of form and belong to nobody.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random

from app.core.workbook.writer import Book, Column
from app.demo.content import names
from app.demo.content.identity import RESIDENT_SEGMENT, IdentityNumbers, PhoneNumbers
from app.models.enums import Gender

HEADER = (
    "户号",
    "网格",
    "楼栋",
    "单元",
    "房号",
    "户类型",
    "姓名",
    "与户主关系",
    "性别",
    "公民身份号码",
    "联系电话",
)
BUILDINGS = ("网格", "楼栋名称", "地址")
IN_A_BUILDING, IN_A_UNIT, ON_A_FLOOR = 48, 24, 4
# How many people the households have, in turn: 110 in each 36.
SIZES = (1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 3, 3, 4, 3, 3, 2, 3, 4)
_RELATIONS = ("户主", "配偶", "子", "女")
_LABELS = {Gender.MALE: "男", Gender.FEMALE: "女"}
# No city of which the demo has anybody.
_CITIES = ("5401", "6301", "6401", "6501")
_YEARS = (1935, 2015)
_LOCAL = 0.6
SEED = 20_260_103

Cells = list[str]


def write(path: Path, *, grids: Sequence[str], households: int) -> int:
    """Write the workbook; returns how many people stand in it."""
    people = 0
    with path.open("w+b") as file, Book(file) as book:
        sheet = book.sheet("住户", [Column(title) for title in HEADER])
        for row in _rows(Random(SEED), grids, households):  # noqa: S311 - invented people
            sheet.write(row)
            people += 1
    return people


def write_buildings(path: Path, *, grids: Sequence[str], households: int) -> int:
    """Write the workbook of the buildings in which the households live; returns how many."""
    known = dict.fromkeys(_door(number, grids, households)[:2] for number in range(households))
    with path.open("w+b") as file, Book(file) as book:
        sheet = book.sheet("楼栋", [Column(title) for title in BUILDINGS])
        for place, (grid, name) in enumerate(known):
            sheet.write([grid, name, f"台账路 {place + 1} 号"])
    return len(known)


def _door(number: int, grids: Sequence[str], households: int) -> tuple[str, str, str, str]:
    """Grid, building, unit and room of a household: each grid has buildings of its own."""
    place = number * len(grids) // households
    within = number - -(-place * households // len(grids))
    building, door = divmod(within, IN_A_BUILDING)
    unit, door = divmod(door, IN_A_UNIT)
    floor, door = divmod(door, ON_A_FLOOR)
    return grids[place], f"台账 {building + 1} 栋", f"{unit + 1}", f"{floor + 1}{door + 1:02d}"


def _rows(rng: Random, grids: Sequence[str], households: int) -> Iterator[Cells]:
    identities, phones = IdentityNumbers(), PhoneNumbers(RESIDENT_SEGMENT)
    for number in range(households):
        family = names.surname(rng, local=rng.random() < _LOCAL)
        home = [f"B{number:07d}", *_door(number, grids, households), "常住户"]
        for place in range(SIZES[number % len(SIZES)]):
            gender = Gender.FEMALE if place % 2 else Gender.MALE
            born = date(rng.randint(*_YEARS), rng.randint(1, 12), rng.randint(1, 28))
            yield [
                *(home if place == 0 else [""] * len(home)),
                family + names.given_name(rng, gender, born.year),
                _RELATIONS[place],
                _LABELS[gender],
                identities.take(rng.choice(_CITIES), born, gender),
                phones.take(),
            ]
