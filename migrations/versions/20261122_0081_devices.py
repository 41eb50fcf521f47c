"""Devices of sessions, where their pushes go, and which attempt used a refresh token up."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0081"
down_revision = "20261122_0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refresh_token", sa.Column("attempt_hash", sa.LargeBinary(), nullable=True))
    op.create_table(
        "device",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth_session.id"], name=op.f("fk_device_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_device")),
    )
    op.create_table(
        "push_registration",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("token_index", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "provider IN ('uni_push', 'huawei', 'honor', 'xiaomi', 'oppo', 'vivo', 'apns')",
            name=op.f("ck_push_registration_provider"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["auth_session.id"],
            name=op.f("fk_push_registration_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_push_registration")),
        sa.UniqueConstraint("token_index", name=op.f("uq_push_registration_token_index")),
    )


def downgrade() -> None:
    op.drop_table("push_registration")
    op.drop_table("device")
    op.drop_column("refresh_token", "attempt_hash")
