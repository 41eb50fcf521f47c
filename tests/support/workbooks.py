"""Workbooks for tests, made byte by byte where no library would make such a thing."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
_SECTOR, _END, _FAT = 512, 0xFFFFFFFE, 0xFFFFFFFD
_FREE, _NONE = 0xFFFFFFFF, 0xFFFFFFFF


def xlsx(rows: Sequence[Any], *, name: str = "台账", merged: Sequence[str] = ()) -> bytes:
    """One sheet of values; `merged` are ranges like `A1:C1`, whose text is that of their first cell."""
    return xlsx_of({name: rows}, merged)


def xlsx_of(sheets: Mapping[str, Sequence[Any]], merged: Sequence[str] = ()) -> bytes:
    """Several sheets by name."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(
        file, {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}
    ) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for span in merged:
                sheet.merge_range(span, "")
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    if value is not None:
                        sheet.write(number, place, value)
    return file.getvalue()


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """An archive with some parts put in place of its own or beside them."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return made.getvalue()


def sheet_xml(data: bytes) -> bytes:
    """A worksheet part with this between `<sheetData>` and its end."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<?xml version="1.0"?><worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (main, data)


def xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """A workbook of Excel 97: one sheet of texts and numbers."""
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, str):
                said = struct.pack("<HHHHB", number, place, 0, len(value), 1) + value.encode("utf-16-le")
                body += _record(0x0204, said)
            else:
                body += _record(0x0203, struct.pack("<HHHd", number, place, 0, value))
    body += _record(0x000A, b"")
    head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    sheet = struct.pack("<BBBB", 0, 0, 5, 0) + b"Sheet"
    size = len(head) + 4 + 4 + len(sheet) + 4
    return compound(
        "Workbook",
        head + _record(0x0085, struct.pack("<I", size) + sheet) + _record(0x000A, b"") + body,
    )


def compound(name: str, stream: bytes) -> bytes:
    """An OLE file with one stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")
    count = len(stream) // _SECTOR
    chain = [_FAT, _END, *range(3, 2 + count), _END]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(_SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    folder = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _NONE, 2, len(stream))
    return header + fat + folder.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    made = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
    made += struct.pack("<III", _FREE, _FREE, child) + bytes(36)
    return made + struct.pack("<IQ", start, size)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body
