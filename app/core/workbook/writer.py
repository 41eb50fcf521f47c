"""Writing workbooks: rows as they come, in constant memory, every cell as text or a plain number.

Nothing that somebody typed becomes a formula or a link. Each sheet says at its top, and on each printed
page, who had it made and when (the watermark). Templates carry drop-downs and cells that keep long numbers
as text. Owns neither what stands in a row nor who may have it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Self

from app.core.workbook.cells import guarded

MAX_SHEET_NAME = 31
MAX_CELL = 32_767
TEXT = 49
_LAST_ROW = 1_048_575
_LONGEST_LIST = 255
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, width in characters, and the values of its drop-down, if it has one."""

    header: str
    width: int = 14
    choices: tuple[str, ...] = ()
    required: bool = False


class Book:
    """One workbook being written; use as a context, at whose end the file is whole."""

    def __init__(self, file: IO[bytes]) -> None:
        # Two MiB that only a process that writes a workbook carries.
        import xlsxwriter  # noqa: PLC0415 - see above

        self._book: Any = xlsxwriter.Workbook(file, _OPTIONS)
        self._formats = {
            name: self._book.add_format(said)
            for name, said in {
                "text": {"num_format": TEXT},
                "mark": {"italic": True, "font_color": "#7F7F7F"},
                "header": {"bold": True, "bg_color": "#D9E1F2", "border": 1, "text_wrap": True},
                "required": {"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True},
                "wrong": {"num_format": TEXT, "bg_color": "#FFC7CE", "font_color": "#9C0006"},
            }.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._book.close()

    def sheet(self, name: str, columns: Sequence[Column], *, mark: str = "") -> "Sheet":
        """A new sheet with its watermark and header; a sheet is finished before the next one begins."""
        return Sheet(self._book, self._formats, _sheet_name(name), columns, mark)


class Sheet:
    """One sheet being written from the top."""

    def __init__(
        self, book: Any, formats: dict[str, Any], name: str, columns: Sequence[Column], mark: str
    ) -> None:
        self._sheet = book.add_worksheet(name)
        self._formats = formats
        self._next = 0
        for place, column in enumerate(columns):
            self._sheet.set_column(place, place, column.width, formats["text"])
        if mark:
            self._sheet.set_header(f"&C&8{mark.replace('&', '&&')}")
            self._sheet.write_string(0, 0, guarded(mark), formats["mark"])
            self._next = 1
        for place, column in enumerate(columns):
            form = formats["required" if column.required else "header"]
            self._sheet.write_string(self._next, place, column.header, form)
            self._offer(place, column)
        self._next += 1
        self._sheet.freeze_panes(self._next, 0)

    def write(self, cells: Iterable[Cell], *, wrong: frozenset[int] = frozenset()) -> None:
        """The next row; `wrong` are the places of the cells to colour."""
        for place, cell in enumerate(cells):
            form = self._formats["wrong" if place in wrong else "text"]
            if isinstance(cell, int | float):
                self._sheet.write_number(self._next, place, cell)
            elif cell:
                self._sheet.write_string(self._next, place, guarded(cell)[:MAX_CELL], form)
            elif place in wrong:
                self._sheet.write_blank(self._next, place, None, form)
        self._next += 1

    def _offer(self, place: int, column: Column) -> None:
        """A drop-down; a list that is too long for one is left out, the column takes any text anyway."""
        if not column.choices or len(",".join(column.choices)) > _LONGEST_LIST:
            return
        rule = {"validate": "list", "source": list(column.choices), "error_type": "warning"}
        self._sheet.data_validation(self._next + 1, place, _LAST_ROW, place, rule)


def _sheet_name(name: str) -> str:
    return name.translate(dict.fromkeys(map(ord, "[]:*?/\\'"), "-"))[:MAX_SHEET_NAME] or "Sheet1"
