"""What became of the operations that phones sent; attendance and messages know what phones must be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0090"
down_revision = "20261122_0081"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('ticket.report', 'ticket.action', 'visit.record', 'visit.change', "
    "'attendance.check_in', 'attendance.check_out', 'notification.read')"
)


def upgrade() -> None:
    op.create_table(
        "sync_operation",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("op_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skew_s", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_sync_operation_kind")),
        sa.CheckConstraint(
            "outcome IN ('applied', 'conflict', 'refused')", name=op.f("ck_sync_operation_outcome")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sync_operation_member_id")),
        sa.PrimaryKeyConstraint("member_id", "op_id", name=op.f("pk_sync_operation")),
    )
    op.create_index("ix_sync_operation_received_at", "sync_operation", ["received_at"])
    op.add_column("attendance", sa.Column("in_device_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attendance", sa.Column("out_device_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "attendance", sa.Column("is_backfill", sa.Boolean(), server_default="false", nullable=False)
    )
    this = sa.text("pg_current_xact_id()::text::bigint")
    op.add_column("notification", sa.Column("txid", sa.BigInteger(), server_default=this, nullable=False))
    op.create_index("ix_notification_member_id_txid_id", "notification", ["member_id", "txid", "id"])


def downgrade() -> None:
    op.drop_index("ix_notification_member_id_txid_id", table_name="notification")
    op.drop_column("notification", "txid")
    for column in ("is_backfill", "out_device_at", "in_device_at"):
        op.drop_column("attendance", column)
    op.drop_index("ix_sync_operation_received_at", table_name="sync_operation")
    op.drop_table("sync_operation")
