"""When the sweep must look at a ticket itself; what runs or waits already gets its instant."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0012"
down_revision = "20261122_0011"
branch_labels = None
depends_on = None

# One rewrite of the table in place of an UPDATE of nearly all its rows, whose every index would follow.
ENDED = """
ALTER TABLE ticket ALTER next_at TYPE timestamptz USING
    CASE WHEN closed_at IS NOT NULL AND archived_at IS NULL THEN closed_at + interval '90 days' END
"""
WAITING = """
UPDATE ticket SET next_at = updated_at + CASE status WHEN 'evaluating' THEN interval '7 days'
                                                     ELSE interval '1 day' END
 WHERE status = 'returned' OR (status = 'evaluating' AND NOT EXISTS (
    SELECT FROM evaluation WHERE evaluation.ticket_id = ticket.id
       AND evaluation.round = ticket.rework_count + ticket.reopen_count + 1))
"""
# By the wall, whatever the unit: near enough for the one warning of a clock that began before there were any.
RUNNING = """
UPDATE ticket_clock SET next_at = due_at - (due_at - started_at) / 5 WHERE stopped_at IS NULL
"""


def upgrade() -> None:
    op.add_column("ticket", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    # Half a minute at a million tickets; the lock on the table came with the column, within its own limit.
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.execute(ENDED)
    op.execute(WAITING)
    op.execute(RUNNING)
    op.execute("SET LOCAL statement_timeout = '5s'")
    op.create_index(
        "ix_ticket_next_at",
        "ticket",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_next_at", table_name="ticket", postgresql_where=sa.text("next_at IS NOT NULL"))
    op.drop_column("ticket", "next_at")
