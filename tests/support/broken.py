"""Workbooks that must be refused: how each is made, and what is to be said of it."""

import io
import zipfile
from collections.abc import Callable

from app.core.workbook import faults
from tests.support.workbooks import SHEET, compound, sheet_xml, with_parts, xlsx

SOME = xlsx([["姓名", "电话"], ["关小勤", "13800138000"]])
PATIENCE_SECONDS = 5.0


def million_rows() -> bytes:
    """As many rows as a sheet can have, all of them empty."""
    rows = b"".join(b'<row r="%d"/>' % number for number in range(1, 1_048_577))
    return with_parts(SOME, {SHEET: sheet_xml(rows)})


def far_corners() -> bytes:
    """Two cells, with a box of many millions between them."""
    corners = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="299999"><c r="IV299999"><v>1</v></c></row>'
    return with_parts(SOME, {SHEET: sheet_xml(corners)})


def hidden_corners() -> bytes:
    """As `far_corners`, in a form that the count before cannot see through."""
    cells = b"<c><v>1</v></c>" * 16_000
    return with_parts(
        SOME, {SHEET: sheet_xml(b"<row>" + cells + b'</row><row r="299999"><c><v>1</v></c></row>')}
    )


def bomb() -> bytes:
    """Few bytes that unpack to many."""
    return with_parts(SOME, {"xl/sharedStrings.xml": bytes(300_000_000)})


def locked_archive() -> bytes:
    """An archive whose parts are marked as encrypted."""
    content = bytearray(SOME)
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 1)
    return bytes(content)


def renamed_macros() -> bytes:
    """An xlsm under the name of an xlsx, whose programs stand in a part that is not called after them."""
    with zipfile.ZipFile(io.BytesIO(SOME)) as plain:
        contents = plain.read("[Content_Types].xml")
    declared = contents.replace(b"spreadsheetml.sheet.main+xml", b"sheet.macroEnabled.main+xml")
    assert declared != contents
    return with_parts(SOME, {"[Content_Types].xml": declared, "xl/printerSettings1.bin": b"x"})


def archive(name: str) -> bytes:
    """An archive with one part, as of another kind of document."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        new.writestr(name, "<document/>")
    return made.getvalue()


BROKEN: dict[str, tuple[Callable[[], bytes], type[faults.WorkbookRefused]]] = {
    "zip bomb": (bomb, faults.WorkbookBomb),
    "1,048,576 empty rows": (million_rows, faults.TooManyRows),
    "two cells far apart": (far_corners, faults.TooManyRows),
    "two cells far apart in disguise": (hidden_corners, faults.BrokenWorkbook),
    "macros": (lambda: with_parts(SOME, {"xl/vbaProject.bin": b"x"}), faults.MacrosRefused),
    "macros in other letters": (lambda: with_parts(SOME, {"xl/VBAproject.BIN": b"x"}), faults.MacrosRefused),
    "macros under another name": (renamed_macros, faults.MacrosRefused),
    "macro sheets": (lambda: with_parts(SOME, {"xl/macrosheets/sheet1.xml": b"<x/>"}), faults.MacrosRefused),
    "macros of 97": (lambda: compound("_VBA_PROJECT", b"x"), faults.MacrosRefused),
    "encrypted": (lambda: compound("EncryptedPackage", b"x"), faults.EncryptedWorkbook),
    "encrypted archive": (locked_archive, faults.EncryptedWorkbook),
    "a photo": (lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8, faults.NotAWorkbook),
    "a PDF": (lambda: b"%PDF-1.7\n\x00\x01", faults.NotAWorkbook),
    "a page": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", faults.NotAWorkbook),
    "a letter": (lambda: archive("word/document.xml"), faults.NotAWorkbook),
    "another compound": (lambda: compound("WordDocument", b"x"), faults.NotAWorkbook),
    "a binary workbook": (lambda: archive("xl/workbook.bin"), faults.NotAWorkbook),
    "half of it": (lambda: SOME[: len(SOME) // 2], faults.BrokenWorkbook),
    "a torn sheet": (lambda: with_parts(SOME, {SHEET: sheet_xml(b"<row><c")[:-60]}), faults.BrokenWorkbook),
    "entities": (
        lambda: with_parts(SOME, {SHEET: b'<!DOCTYPE x [<!ENTITY a "aa">]>' + sheet_xml(b"&a;")}),
        faults.BrokenWorkbook,
    ),
    "torn records": (lambda: compound("Workbook", b"\x09\x08\xff\xff"), faults.BrokenWorkbook),
    "nothing": (bytes, faults.EmptyWorkbook),
}
