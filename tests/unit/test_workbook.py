"""Workbooks: read as they were typed, refused in time where they are broken, and safe when written."""

import io
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import pytest

from app.core.workbook import faults, reader
from app.core.workbook.cells import Row
from app.core.workbook.writer import Book, Column
from tests.support.broken import BROKEN, PATIENCE_SECONDS
from tests.support.workbooks import SHEET, xls, xlsx, xlsx_of


async def read(content: bytes) -> list[tuple[str, Row]]:
    """All rows with the names of their sheets, checked and read as the application does."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        await reader.check(file)
        return [(batch.sheet, row) async for batch in reader.batches(file) for row in batch.rows]


async def cells(content: bytes) -> list[list[str]]:
    return [row.cells for _sheet, row in await read(content)]


async def test_numbers_days_and_texts_come_out_as_they_were_typed() -> None:
    typed: list[list[object]] = [
        [441900199003071234, 13800138000, 0.1, 45567, -3, True],
        [date(2024, 10, 11), datetime(2024, 10, 11, 8, 30), " 关小勤 ", "４４１９００", "2024.10.11", "同上"],  # noqa: DTZ001
    ]
    assert await cells(xlsx(typed)) == [
        ["441900199003071???", "13800138000", "0.1", "45567", "-3", "TRUE"],
        ["2024-10-11", "2024-10-11 08:30:00", "关小勤", "４４１９００", "2024.10.11", "同上"],
    ]


async def test_blank_rows_are_left_out_and_the_others_keep_their_numbers() -> None:
    rows = await read(xlsx([["a"], [None], [""], ["b", None, ""]]))
    assert rows == [("台账", Row(1, ["a"])), ("台账", Row(4, ["b"]))]


async def test_merged_cells_have_their_text_everywhere() -> None:
    sheet = xlsx([["住户", None, "x"], ["河清村", "1号", "a"], [None, "2号", "b"]], merged=["A1:B1", "A2:A3"])
    assert await cells(sheet) == [["住户", "住户", "x"], ["河清村", "1号", "a"], ["河清村", "2号", "b"]]


async def test_all_visible_sheets_are_read() -> None:
    rows = await read(xlsx_of({"河清村": [["a"]], "儒林社区": [["b"]]}))
    assert [(sheet, row.cells) for sheet, row in rows] == [("河清村", ["a"]), ("儒林社区", ["b"])]


async def test_a_workbook_of_excel_97_is_read() -> None:
    assert await cells(xls([["姓名", "电话"], ["关小勤", 13800138000.0]])) == [
        ["姓名", "电话"],
        ["关小勤", "13800138000"],
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
async def test_csv_is_read_in_the_encodings_of_offices(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["姓名", "住址"]) + "\r\n" + delimiter.join(["关小勤", '"一巷\r\n1 号"']) + "\r\n"
    assert await cells(text.encode(encoding)) == [["姓名", "住址"], ["关小勤", "一巷\r\n1 号"]]


@pytest.mark.parametrize(("make", "refusal"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_workbook_is_refused_clearly_and_in_time(
    make: Callable[[], bytes], refusal: type[faults.WorkbookRefused]
) -> None:
    content = make()
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(faults.WorkbookRefused) as refused:
        await read(content)
    assert type(refused.value) is refusal
    assert refused.value.detail_zh
    assert time.monotonic() - start < PATIENCE_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


async def test_trap_13_a_formula_in_a_cell_stays_a_text_and_comes_back_as_it_was() -> None:
    typed = ["=cmd|' /C calc'!A0", "+1+2", "-2+3", "@SUM(1)", "\t=1", "＝1", "plain", "13800138000"]
    file = io.BytesIO()
    with Book(file) as book:
        sheet = book.sheet("导出", [Column(f"{place}列") for place in range(len(typed))], mark="=水印")
        sheet.write(typed)
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        written = archive.read(SHEET).decode()
    assert "<f>" not in written
    assert ">=" not in written
    assert "'=cmd|" in written
    assert (await cells(file.getvalue()))[2] == [text.strip() for text in typed]


async def test_a_template_offers_the_values_of_a_list_and_keeps_numbers_as_text() -> None:
    file = io.BytesIO()
    with Book(file) as book:
        book.sheet("模板", [Column("性别", choices=("男", "女"), required=True), Column("证件号码")])
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        sheet, styles = archive.read(SHEET).decode(), archive.read("xl/styles.xml").decode()
    assert 'type="list"' in sheet
    assert '"男,女"' in sheet
    assert 'numFmtId="49"' in styles
