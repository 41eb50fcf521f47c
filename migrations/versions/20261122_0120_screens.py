"""Screens: read-only tokens for the figures of one area or organisation."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0120"
down_revision = "20261122_0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screen",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("num_nonnulls(area_id, org_id) = 1", name=op.f("ck_screen_one_scope")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_screen_area_id")),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_screen_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen")),
        sa.UniqueConstraint("key", name=op.f("uq_screen_key")),
    )
    op.create_index(op.f("ix_screen_area_id"), "screen", ["area_id"])
    op.create_index(op.f("ix_screen_org_id"), "screen", ["org_id"])


def downgrade() -> None:
    op.drop_table("screen")
