"""Uploads in pieces, files that records wait for, and what a picture tells of itself."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0070"
down_revision = "20261122_0060"
branch_labels = None
depends_on = None

TOLD: dict[str, Any] = {
    "width": sa.Integer(),
    "height": sa.Integer(),
    "taken_at": sa.DateTime(timezone=True),
    "lng": sa.Float(),
    "lat": sa.Float(),
}
PURPOSES = "purpose IN ('before', 'after', 'evidence', 'other')"


def upgrade() -> None:
    for name, kind in TOLD.items():
        op.add_column("attachment", sa.Column(name, kind, nullable=True))
    op.create_check_constraint(op.f("ck_attachment_place"), "attachment", "num_nonnulls(lng, lat) IN (0, 2)")
    op.create_table(
        "upload",
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("num_nonnulls(member_id, client_id) = 1", name=op.f("ck_upload_owner")),
        sa.CheckConstraint("received BETWEEN 0 AND length AND length > 0", name=op.f("ck_upload_received")),
        sa.CheckConstraint("finished_at IS NULL OR fault IS NULL", name=op.f("ck_upload_outcome")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_upload_client_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_upload_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    for column in ("client_id", "expires_at", "member_id"):
        op.create_index(op.f(f"ix_upload_{column}"), "upload", [column])
    op.create_table(
        "upload_piece",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_upload_piece_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "start", name=op.f("pk_upload_piece")),
    )
    op.create_index(op.f("ix_upload_piece_object_key"), "upload_piece", ["object_key"])
    op.create_table(
        "awaited_file",
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(PURPOSES, name=op.f("ck_awaited_file_purpose")),
        sa.CheckConstraint("num_nonnulls(member_id, client_id) = 1", name=op.f("ck_awaited_file_owner")),
        sa.CheckConstraint("num_nonnulls(event_id, visit_id) = 1", name=op.f("ck_awaited_file_record")),
        sa.CheckConstraint(
            "num_nonnulls(event_id, ticket_id, purpose) IN (0, 3)", name=op.f("ck_awaited_file_step")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_awaited_file_client_id")),
        sa.ForeignKeyConstraint(["event_id"], ["ticket_event.id"], name=op.f("fk_awaited_file_event_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_awaited_file_member_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_awaited_file_ticket_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_awaited_file_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited_file")),
    )
    for column in (
        "attachment_id",
        "client_id",
        "created_at",
        "event_id",
        "member_id",
        "ticket_id",
        "visit_id",
    ):
        op.create_index(op.f(f"ix_awaited_file_{column}"), "awaited_file", [column])


def downgrade() -> None:
    for table in ("awaited_file", "upload_piece", "upload"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_attachment_place"), "attachment")
    for name in TOLD:
        op.drop_column("attachment", name)
