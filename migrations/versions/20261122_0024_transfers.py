"""Transfers of people and households between areas that are in different hands."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0024"
down_revision = "20261122_0023"
branch_labels = None
depends_on = None

REASONS = (
    "'registered', 'born', 'married', 'adopted', 'moved', 'moved_out', 'work', 'study', 'split', "
    "'merged', 'new_head', 'died', 'ended', 'grid_change', 'other'"
)


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "transfer",
        sa.Column("resident_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("from_area_id", sa.Uuid(), nullable=False),
        sa.Column("to_area_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_transfer_state")
        ),
        sa.CheckConstraint(
            "refusal IN ('not_here', 'wrong_area', 'already_here', 'other')", name=op.f("ck_transfer_refusal")
        ),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_transfer_reason")),
        sa.CheckConstraint(
            "num_nonnulls(resident_id, household_id) = 1", name=op.f("ck_transfer_one_subject")
        ),
        sa.CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name=op.f("ck_transfer_refused")),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_transfer_resident_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_transfer_household_id")),
        sa.ForeignKeyConstraint(["from_area_id"], ["area.id"], name=op.f("fk_transfer_from_area_id")),
        sa.ForeignKeyConstraint(["to_area_id"], ["area.id"], name=op.f("fk_transfer_to_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    for subject in ("resident_id", "household_id"):
        op.create_index(
            f"uq_transfer_{subject}",
            "transfer",
            [subject],
            unique=True,
            postgresql_where=sa.text("state = 'pending'"),
        )
        op.create_index(f"ix_transfer_{subject}", "transfer", [subject])
    for side in ("from_area_id", "to_area_id"):
        op.create_index(f"ix_transfer_{side}_id", "transfer", [side, "id"])


def downgrade() -> None:
    op.drop_table("transfer")
