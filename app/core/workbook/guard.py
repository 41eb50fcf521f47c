"""A workbook's outside: what it is by its bytes, and whether it may be opened at all.

Costs bounded time and memory whatever comes: an archive is unpacked piece by piece, never as a whole, and
its rows are counted before any parser sees them. What passes here may still be broken inside; the process
that reads it (`child`) has limits of its own.
"""

import codecs
import re
import zipfile
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from enum import StrEnum
from typing import IO

from app.core.workbook.faults import (
    BrokenWorkbook,
    EmptyWorkbook,
    EncryptedWorkbook,
    MacrosRefused,
    NotAWorkbook,
    TooManyRows,
    WorkbookBomb,
)

MAX_ROWS = 300_000
MAX_COLUMNS = 256
MAX_CELLS = 8_000_000
MAX_UNPACKED_BYTES = 268_435_456
MAX_PARTS = 2_000
_PIECE = 1_048_576
_OVERLAP = 64
_ZIP, _CFB = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK, _MACROS = "xl/workbook.xml", ("vbaproject.bin", "xl/macrosheets/")
_CONTENTS, _DECLARED = "[Content_Types].xml", re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_FAR_ROW = re.compile(rb"<(?:\w+:)?row\s[^<>]*?\br=\"(\d{6,})\"")
_WIDE = re.compile(rb"\br=\"([A-Z]{2,})\d+\"")
_ENTITY = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_MARKUP = re.compile(rb"<\s*(html|svg|script|table|!doctype|\?xml)", re.IGNORECASE)


class Format(StrEnum):
    """The kinds of workbooks that are read."""

    XLSX = "xlsx"
    XLS = "xls"
    CSV = "csv"


def check(file: IO[bytes]) -> Format:
    """What the file is; raises a `WorkbookRefused` for what may not be opened. Leaves it at its start."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    if not head:
        raise EmptyWorkbook
    if head.startswith(_ZIP):
        found = _archive(file)
    elif head.startswith(_CFB):
        found = _compound(file)
    else:
        encoding_of(file)
        found = Format.CSV
    file.seek(0)
    return found


def encoding_of(file: IO[bytes]) -> str:
    """The encoding of a text file; `NotAWorkbook` for what is no text. Leaves the file at its start."""
    file.seek(0)
    head = file.read(4096)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        tried: tuple[str, ...] = ("utf-16",)
    elif b"\0" in head or _MARKUP.match(head.removeprefix(BOM_UTF8).lstrip()[:64]):
        raise NotAWorkbook
    else:
        tried = ("utf-8-sig", "gb18030")
    found = next((encoding for encoding in tried if _is_text(file, encoding)), None)
    file.seek(0)
    if found is None:
        raise NotAWorkbook
    return found


def _is_text(file: IO[bytes], encoding: str) -> bool:
    """Whether the whole file is text of this encoding; `TooManyRows` for more lines than are taken."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    try:
        while piece := file.read(_PIECE):
            text = decoder.decode(piece)
            if _CONTROL.search(text):
                return False
            lines += text.count("\n") + text.count("\r")
            if lines > 2 * MAX_ROWS:
                raise TooManyRows
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _archive(file: IO[bytes]) -> Format:
    try:
        with zipfile.ZipFile(file) as archive:
            _check_parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as broken:
        raise BrokenWorkbook from broken
    return Format.XLSX


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if _WORKBOOK not in names:
        raise NotAWorkbook
    if any(part.flag_bits & 1 for part in parts):
        raise EncryptedWorkbook
    if any(name.endswith(_MACROS[0]) or name.startswith(_MACROS[1]) for name in names) or _declares_macros(
        archive
    ):
        raise MacrosRefused
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise WorkbookBomb
    for part in parts:
        if _SHEET.fullmatch(part.filename):
            _count(archive, part)


def _declares_macros(archive: zipfile.ZipFile) -> bool:
    """Whether the table of contents names programs: they may stand in a part of any name."""
    if _CONTENTS not in archive.namelist():
        return False
    with archive.open(_CONTENTS) as contents:
        return _DECLARED.search(contents.read(_PIECE)) is not None


def _count(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuse a sheet with too many rows or cells, or one whose box of cells would be too large."""
    rows = cells = last_row = 0
    columns, before = 26, b""
    with archive.open(part) as sheet:
        while piece := sheet.read(_PIECE):
            seen = before + piece
            if _ENTITY.search(seen):
                raise BrokenWorkbook
            # What ends in the overlap was counted with the piece before.
            rows += sum(1 for found in _ROW.finditer(seen) if found.end() > len(before))
            cells += sum(1 for found in _CELL.finditer(seen) if found.end() > len(before))
            last_row = max(last_row, *map(int, _FAR_ROW.findall(seen)), 0)
            wide = max(_WIDE.findall(seen), key=_letters, default=b"")
            columns = max(columns, _letters(wide))
            if max(rows, last_row) > MAX_ROWS or columns > MAX_COLUMNS or cells > MAX_CELLS:
                raise TooManyRows
            before = seen[-_OVERLAP:]
    if max(rows, last_row) * columns > MAX_CELLS:
        raise TooManyRows


def _letters(column: bytes) -> int:
    """The number of a column by its letters: A is 1, AA is 27."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def _compound(file: IO[bytes]) -> Format:
    """An OLE file: its folder names its streams in UTF-16."""
    content = file.read()

    def named(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if named("EncryptedPackage"):
        raise EncryptedWorkbook
    if named("_VBA_PROJECT"):
        raise MacrosRefused
    if not (named("Workbook") or named("Book")):
        raise NotAWorkbook
    return Format.XLS
