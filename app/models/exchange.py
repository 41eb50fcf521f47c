"""Tables of the exchange wing: imports with their staged rows, and exports.

A staged row holds what was sent and what was made of it sealed, because both are personal; beside them
stand only codes, places in the sheet and masked values. The files stand in the file store for a day at
most: their intents (`FileIntent`) are never taken back.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Versioned, one_of
from app.models.enums.exchange import ExportKind, ExportState, ImportKind, ImportState


class ImportJob(Versioned, Base):
    """One spreadsheet on its way in; rows up to `applied_to` are done."""

    __tablename__ = "import_job"
    __table_args__ = (
        one_of("kind", ImportKind),
        one_of("state", ImportState),
        Index("ix_import_job_member_id_id", "member_id", "id"),
    )

    kind: Mapped[str]
    state: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    object_key: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str]
    sheets: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    fault: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    total_rows: Mapped[int] = mapped_column(default=0, server_default="0")
    held_rows: Mapped[int] = mapped_column(default=0, server_default="0")
    applied_to: Mapped[int] = mapped_column(default=0, server_default="0")
    created_count: Mapped[int] = mapped_column(default=0, server_default="0")
    updated_count: Mapped[int] = mapped_column(default=0, server_default="0")
    unchanged_count: Mapped[int] = mapped_column(default=0, server_default="0")
    refused_count: Mapped[int] = mapped_column(default=0, server_default="0")
    checked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ImportRow(Base):
    """One row of a spreadsheet; rows of one unit (a household) are written together or held together."""

    __tablename__ = "import_row"
    __table_args__ = (
        Index(
            "ix_import_row_held",
            "job_id",
            "number",
            postgresql_where=text("held"),
        ),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("import_job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[int]
    sheet: Mapped[str]
    line: Mapped[int]
    original_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    cleaned_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    held: Mapped[bool]


class ExportJob(Versioned, Base):
    """One table on its way out: why, how many rows, who approved it; its file expires."""

    __tablename__ = "export_job"
    __table_args__ = (
        one_of("kind", ExportKind),
        one_of("state", ExportState),
        Index("ix_export_job_member_id_id", "member_id", "id"),
        Index("ix_export_job_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    kind: Mapped[str]
    state: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    reason: Mapped[str]
    masked: Mapped[bool] = mapped_column(default=True, server_default="true")
    row_count: Mapped[int] = mapped_column(default=0, server_default="0")
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    decided_at: Mapped[datetime | None]
    object_key: Mapped[str | None]
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    size: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime | None]
