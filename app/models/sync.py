"""Table of synchronisation: which operations of a phone were met, and what became of each.

Ids, codes and a keyed digest of what was sent; never the contents, and no personal data.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, one_of
from app.models.enums.sync import OperationKind, SyncOutcome


class SyncOperation(Base):
    """An operation of a member's phone; `version` is the record's after it.

    `occurred_at` is put right by `skew_s`, the seconds that the phone's clock was behind the server's.
    """

    __tablename__ = "sync_operation"
    __table_args__ = (one_of("kind", OperationKind), one_of("outcome", SyncOutcome))

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    op_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    outcome: Mapped[str]
    record_id: Mapped[UUID | None]
    version: Mapped[int | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    occurred_at: Mapped[datetime]
    skew_s: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(index=True)
