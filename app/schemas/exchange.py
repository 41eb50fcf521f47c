"""Wire shapes of imports and exports: what is asked for, how far a job is, what is wrong with its rows."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.models.enums.exchange import ExportKind, ExportState, ImportKind, ImportState
from app.schemas.types import Input, Output, ShortText


class ImportFields(Input):
    """What stands beside the workbook in the form."""

    kind: ImportKind
    area_id: UUID | None = None


class ImportConfirm(Input):
    """Whether to write the right rows and leave the wrong ones out."""

    skip_errors: bool = False


class ImportSheet(Output):
    """A sheet as it was understood: our columns by their titles there, and columns that nobody reads."""

    name: str
    rows: int
    columns: dict[str, str] = Field(description="系统列名 → 表中列名；空表示没有识别到表头")
    unknown: list[str]


class ImportFault(Output):
    """One wrong cell; `shown` is its value, masked where it is personal."""

    sheet: str
    line: int = Field(description="表格中的行号")
    column: str
    code: str
    message: str
    shown: str


class ImportFailure(Output):
    """Why the whole workbook was refused."""

    code: str
    message: str


class ImportRead(Output):
    """An import and how far it is; `held_rows` are those that will not be written."""

    id: UUID
    kind: ImportKind
    state: ImportState
    area_id: UUID | None
    format: str
    size: int
    total_rows: int
    held_rows: int
    applied_to: int = Field(description="已处理到第几行")
    created_count: int
    updated_count: int
    unchanged_count: int
    refused_count: int
    fault: ImportFailure | None
    created_at: datetime
    checked_at: datetime | None
    confirmed_at: datetime | None
    finished_at: datetime | None
    version: int


class ImportDetail(ImportRead):
    """An import with its sheets and the first hundred wrong rows' faults."""

    sheets: list[ImportSheet]
    faults: list[ImportFault]


class ExportCreate(Input):
    """What to export, of which area, and what for: the reason stands in the watermark.

    Unmasked names and numbers always need somebody else's approval.
    """

    kind: ExportKind
    area_id: UUID
    reason: ShortText = Field(min_length=4)
    masked: bool = True


class ExportDecision(Input):
    """Whether somebody else's export may be made."""

    approve: bool


class ExportRead(Output):
    """An export and how far it is; `row_count` is an estimate until the file is there."""

    id: UUID
    kind: ExportKind
    state: ExportState
    area_id: UUID | None
    member_id: UUID
    reason: str
    masked: bool
    row_count: int
    decided_by: UUID | None
    decided_at: datetime | None
    size: int | None
    expires_at: datetime | None
    created_at: datetime
    version: int
