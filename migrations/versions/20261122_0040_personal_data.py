"""Who looked at plain personal values: append-only, with the reason's words apart."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0040"
down_revision = "20261122_0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pii_access_log",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=True),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "entity IN ('resident', 'household', 'room', 'ticket_contact')",
            name=op.f("ck_pii_access_log_entity"),
        ),
        sa.CheckConstraint(
            "reason IN ('contact', 'verify', 'visit', 'emergency', 'handling', 'call_back', 'data_request', "
            "'export')",
            name=op.f("ck_pii_access_log_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pii_access_log")),
    )
    for columns in (["at", "id"], ["actor_id", "at", "id"], ["resident_id", "at", "id"], ["entity_id"]):
        op.create_index(f"ix_pii_access_log_{'_'.join(columns)}", "pii_access_log", columns, unique=False)
    op.create_table(
        "pii_access_reason",
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_id"], ["pii_access_log.id"], name=op.f("fk_pii_access_reason_access_id")
        ),
        sa.PrimaryKeyConstraint("access_id", name=op.f("pk_pii_access_reason")),
    )
    op.execute("REVOKE UPDATE, DELETE ON pii_access_log FROM wangge_app")
    op.execute(
        "CREATE TRIGGER pii_access_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pii_access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("pii_access_reason")
    op.drop_table("pii_access_log")
