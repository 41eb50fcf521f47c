"""Open tickets that are let off from assessment: the overview counts them from the tickets."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0122"
down_revision = "20261122_0121"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_ticket_let_off",
        "ticket",
        ["id"],
        postgresql_where=sa.text("excluded_from_assessment AND closed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_let_off", "ticket")
