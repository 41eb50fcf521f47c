"""The workbook of the import bench: a ledger of households as an office would send it, and its grids.

One block of rows a household, the place only in the head's row, every number that a person has. Everybody
is invented; the numbers pass every check of form and belong to nobody.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random

from app.core.workbook.writer import Book, Column
from app.demo.content import names
from app.demo.content.identity import RESIDENT_SEGMENT, IdentityNumbers, PhoneNumbers
from app.models.enums import Gender

HEADER = ("户号", "网格", "地址", "户类型", "姓名", "与户主关系", "性别", "公民身份号码", "联系电话")
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


def _rows(rng: Random, grids: Sequence[str], households: int) -> Iterator[Cells]:
    identities, phones = IdentityNumbers(), PhoneNumbers(RESIDENT_SEGMENT)
    for number in range(households):
        family = names.surname(rng, local=rng.random() < _LOCAL)
        grid = grids[number * len(grids) // households]
        home = [f"B{number:07d}", grid, f"{number // 200 + 1}巷 {number % 200 + 1} 号", "常住户"]
        for place in range(SIZES[number % len(SIZES)]):
            gender = Gender.FEMALE if place % 2 else Gender.MALE
            born = date(rng.randint(*_YEARS), rng.randint(1, 12), rng.randint(1, 28))
            yield [
                *(home if place == 0 else ["", "", "", ""]),
                family + names.given_name(rng, gender, born.year),
                _RELATIONS[place],
                _LABELS[gender],
                identities.take(rng.choice(_CITIES), born, gender),
                phones.take(),
            ]
