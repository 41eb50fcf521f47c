"""The process that opens a workbook: `python -m app.core.workbook.child`, the file as standard input.

Writes one JSON text a line to standard output: `{"sheet": name}`, then `{"rows": [[number, cells], …]}` as
often as needed, and at the end `{"end": true}`, or `{"fault": code}`. A file that was made to hurt its
reader hurts this process, which may use so much memory and time and no more; one that kills it is broken.
"""

import csv
import io
import json
import resource
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from app.core.workbook import guard
from app.core.workbook.cells import Row, rows_of
from app.core.workbook.faults import BrokenWorkbook, EncryptedWorkbook, TooManyRows, WorkbookRefused

MEMORY_BYTES = 805_306_368
CPU_SECONDS = 120
BATCH = 500
MAX_SHEETS = 200
MAX_FIELD = 32_767
_DELIMITERS = ",\t;"


def main() -> int:
    """Read the file, tell it, or tell what is wrong with it; exit code 0 for both."""
    for kind, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        resource.setrlimit(kind, (limit, limit))
    file = sys.stdin.buffer
    try:
        for name, rows in _sheets(file):
            _tell(sheet=name)
            while batch := list(islice(rows, BATCH)):
                _tell(rows=batch)
        _tell(end=True)
    except WorkbookRefused as refused:
        _tell(fault=refused.code)
    except PasswordError:
        _tell(fault=EncryptedWorkbook.code)
    except (CalamineError, csv.Error, ValueError, MemoryError, OSError):
        _tell(fault=BrokenWorkbook.code)
    return 0


def _sheets(file: IO[bytes]) -> Iterator[tuple[str, Iterator[Row]]]:
    if guard.check(file) is guard.Format.CSV:
        yield "", _limited(rows_of(_csv(file)))
        return
    with CalamineWorkbook.from_filelike(file) as workbook:
        found = [
            sheet
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        for described in found[:MAX_SHEETS]:
            sheet = workbook.get_sheet_by_name(described.name)
            yield described.name, _limited(rows_of(sheet.iter_rows(), sheet.merged_cell_ranges or ()))


def _csv(file: IO[bytes]) -> Iterable[list[str]]:
    encoding = guard.encoding_of(file)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    first = text.readline(MAX_FIELD)
    text.seek(0)
    csv.field_size_limit(MAX_FIELD)
    return csv.reader(text, delimiter=max(_DELIMITERS, key=first.count))


def _limited(rows: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count >= guard.MAX_ROWS or len(row.cells) > guard.MAX_COLUMNS:
            raise TooManyRows
        yield row


def _tell(**said: Any) -> None:
    sys.stdout.write(json.dumps(said, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    sys.exit(main())
