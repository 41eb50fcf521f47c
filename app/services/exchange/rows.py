"""From the rows of a sheet to staged rows: each cell cleaned, blanks filled from above, rows told apart.

Pure. A row is never refused here; what is wrong with it travels along as faults. Sums and signatures at a
sheet's end are passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.workbook.cells import Row
from app.services.exchange.cells import DITTO, NOTHING
from app.services.exchange.faults import CellFault, Fault
from app.services.exchange.headers import Header
from app.services.exchange.importables import Field, Importable

Values = dict[str, str]
_ENDS = ("合计", "总计", "小计", "备注：", "说明：", "填表人", "制表人", "审核人", "填报单位")


@dataclass(slots=True)
class StagedRow:
    """One row: where it stands, what was sent, what was made of it, and what is wrong with it."""

    number: int
    unit: int
    sheet: str
    line: int
    original: list[str]
    values: Values
    faults: list[Fault] = field(default_factory=list)

    def blame(self, column: str, code: str, message: str, shown: str = "") -> None:
        """Note a fault of the row."""
        self.faults.append(Fault(column, code, message, shown))


class Cleaner:
    """Cleans the rows of one sheet, in order."""

    def __init__(self, importable: Importable, header: Header) -> None:
        self._fields = [
            (field, header.places[field.name]) for field in importable.fields if field.name in header.places
        ]
        self._above: Values = {}

    def clean(self, row: Row) -> tuple[Values, list[Fault]] | None:
        """The values that are there, and the faults; None for a row that is no record."""
        first = next(cell for cell in row.cells if cell)
        if first.startswith(_ENDS):
            return None
        values: Values = {}
        faults: list[Fault] = []
        filled = False
        for column, place in self._fields:
            text = row.cells[place] if place < len(row.cells) else ""
            filled = filled or text not in NOTHING
            try:
                value = self._value(column, text, values)
            except CellFault as wrong:
                faults.append(Fault(column.header, wrong.code, wrong.zh, column.mask(text)))
                continue
            if value is not None:
                values[column.name] = value
        if not filled:
            return None
        self._above = values
        return values, faults

    def _value(self, column: Field, text: str, before: Values) -> str | None:
        if text in DITTO:
            if not column.ditto:
                raise CellFault("ditto", "这一列不能填“同上”，请填写完整")
            if column.name not in self._above:
                raise CellFault("ditto", "填了“同上”，但上一行没有内容")
            return self._above[column.name]
        if text in NOTHING:
            goes_on = all(before.get(name) == self._above.get(name) for name in column.within)
            return self._above.get(column.name) if column.carried and goes_on else None
        return column.clean(text)


def require(row: StagedRow, importable: Importable, present: Mapping[str, int]) -> None:
    """Note the required fields that a row lacks, unless their cells are wrong anyway."""
    blamed = {fault.column for fault in row.faults}
    for column in importable.fields:
        if column.required and column.name not in row.values and column.header not in blamed:
            where = "没有填写" if column.name in present else "表中没有这一列"
            row.blame(column.header, "missing", f"必填，{where}")


def original(row: Row, titles: Sequence[int]) -> list[str]:
    """The cells of the columns that have a header."""
    return [row.cells[place] if place < len(row.cells) else "" for place in titles]
