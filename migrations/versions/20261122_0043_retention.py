"""After how many days which personal data is forgotten; the defaults are rows, for a town to change."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0043"
down_revision = "20261122_0042"
branch_labels = None
depends_on = None

# Three years for those who left, two for contacts of closed tickets, the audit's half a year and more.
DEFAULTS = """
INSERT INTO retention_rule (id, subject, days)
SELECT gen_random_uuid(), subject, days
  FROM (VALUES ('left_residents', 1095), ('ticket_contacts', 730), ('access_reasons', 365),
               ('data_request_notes', 1095)) AS rule (subject, days)
"""


def upgrade() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_count", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "subject IN ('left_residents', 'ticket_contacts', 'access_reasons', 'data_request_notes')",
            name=op.f("ck_retention_rule_subject"),
        ),
        sa.CheckConstraint("days BETWEEN 1 AND 36500", name=op.f("ck_retention_rule_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
        sa.UniqueConstraint("subject", name=op.f("uq_retention_rule_subject")),
    )
    op.execute(DEFAULTS)


def downgrade() -> None:
    op.drop_table("retention_rule")
