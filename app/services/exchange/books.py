"""Workbooks that go out beside an import: the template of a kind, and the rows that are wrong.

The error workbook has the columns that were sent and one more with what is wrong, so that it can be mended
and sent again as it is; cells that are wrong are coloured. A household is in it as a whole.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import IO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.workbook.writer import Book, Column, Sheet
from app.models.exchange import ImportJob
from app.services.exchange import staging
from app.services.exchange.importables import Importable
from app.services.exchange.rows import StagedRow

ERROR_COLUMN = "错误原因"
BATCH = 1_000
MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HELD_ALONG = "本户其他行有错误，整户未导入"


def template(file: IO[bytes], importable: Importable) -> None:
    """Write the template of a kind: one sheet to fill in, one that explains the columns."""
    with Book(file) as book:
        columns = [
            Column(field.header, field.width, _offered(field.choices), required=field.required)
            for field in importable.fields
        ]
        book.sheet(importable.label, columns)
        notes = book.sheet("填写说明", [Column("列", 16), Column("必填", 8), Column("可以填写", 80)])
        for field in importable.fields:
            offered = (
                "、".join(dict.fromkeys(field.choices)) if field.choices else _EXPLAINED.get(field.name, "")
            )
            notes.write([field.header, "是" if field.required else "", offered])


async def errors(session: AsyncSession, file: IO[bytes], *, job: ImportJob, vault: Vault) -> None:
    """Write the held rows of an import, sheet by sheet."""
    titles = {described["name"]: described["titles"] for described in job.sheets}
    with Book(file) as book:
        sheet: Sheet | None = None
        name: str | None = None
        after = 0
        while rows := await staging.held(session, job_id=job.id, vault=vault, after=after, limit=BATCH):
            for row in rows:
                if sheet is None or row.sheet != name:
                    name = row.sheet
                    columns = [Column(title) for title in titles.get(name, [])]
                    sheet = book.sheet(name or "错误", [*columns, Column(ERROR_COLUMN, 60)])
                _write(sheet, row, _finder(job, name))
            after = rows[-1].number
            await asyncio.sleep(0)
        if sheet is None:
            book.sheet("没有错误", [Column(ERROR_COLUMN, 60)])


def _write(sheet: Sheet, row: StagedRow, place_of: Callable[[str], int | None]) -> None:
    reasons = [f"{fault.column}：{fault.message}" if fault.column else fault.message for fault in row.faults]
    wrong = {place for fault in row.faults if (place := place_of(fault.column)) is not None}
    cells = [*row.original, "；".join(reasons) or _HELD_ALONG]
    sheet.write(cells, wrong=frozenset(wrong))


def _finder(job: ImportJob, name: str) -> Callable[[str], int | None]:
    described = next((sheet for sheet in job.sheets if sheet["name"] == name), None)

    def place(column: str) -> int | None:
        title = described["columns"].get(column) if described else None
        return described["titles"].index(title) if described and title in described["titles"] else None

    return place


def name_of(prefix: str, row_id: UUID) -> str:
    """A file name of ASCII letters."""
    return f"{prefix}-{row_id}.xlsx"


def _offered(choices: Mapping[str, str] | None) -> tuple[str, ...]:
    """One label a code for the drop-down."""
    first: dict[str, str] = {}
    for label, code in (choices or {}).items():
        first.setdefault(code, label)
    return tuple(first.values())


_EXPLAINED = {
    "id_number": "18 位公民身份号码；请保持文本格式",
    "birth_on": "如 1990-03-07；填了身份号码可以不填",
    "phone": "手机号码或带区号的固定电话",
    "address": "门牌地址；住户表中户主行填地址或楼栋、房号，同户其他人可留空；房屋表中可不填",
    "building": "已登记的楼栋的名称或楼栋号；住户表中不入楼栋的可不填",
    "unit_no": "如 2；没有单元的不填",
    "room_no": "如 502；住户表中也可把 3栋2单元502 或 3-2-502 整个填在这一列，没有这间房屋的会自动登记",
    "coord_type": "填了经纬度时必填，须与测量所用的一致",
    "no": "可不填；住户表中同一户各行相同",
    "grid": "网格名称或编码；住户表中户主行必填",
    "village": "网格重名时填写",
    "area": "区域名称或编码；所在区域和所属单位至少填一项",
    "parent": "上级区域的编码；上级须已存在或排在前面",
}
