"""A report as a workbook: a sheet for each of its tables, each with whose it is and as of when."""

from typing import IO

from app.core.workbook.writer import Book, Column
from app.schemas.report import ReportRead
from app.services.stats import report_tables

_FIRST, _OTHERS = 24, 14


def write(file: IO[bytes], report: ReportRead) -> None:
    """Write it."""
    mark = f"{report.title} · {report_tables.head(report)}"
    with Book(file) as book:
        for table in report_tables.tables(report):
            columns = [
                Column(header, _OTHERS if place else _FIRST) for place, header in enumerate(table.headers)
            ]
            sheet = book.sheet(table.name, columns, mark=mark)
            for row in table.rows:
                sheet.write(row)
