"""The audit log's chain, append-only like the log, and the list of rows that are not linked yet."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0041"
down_revision = "20261122_0040"
branch_labels = None
depends_on = None

LIST = """
CREATE FUNCTION list_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_pending (audit_id) VALUES (NEW.id);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "audit_link",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_link_audit_id")),
    )
    op.create_table(
        "audit_pending",
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit_log.id"], name=op.f("fk_audit_pending_audit_id")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_pending")),
    )
    op.execute("SET LOCAL statement_timeout = '30min'")
    for column in ("actor_id", "entity_id"):
        op.create_index(f"ix_audit_log_{column}_at_id", "audit_log", [column, "at", "id"], unique=False)
    op.execute("INSERT INTO audit_pending SELECT id FROM audit_log")
    op.execute("SET LOCAL statement_timeout = '5s'")
    op.execute(LIST)
    op.execute(
        "CREATE TRIGGER audit_log_listed AFTER INSERT ON audit_log "
        "FOR EACH ROW EXECUTE FUNCTION list_audit_row()"
    )
    op.execute("REVOKE UPDATE, DELETE ON audit_link FROM wangge_app")
    op.execute(
        "CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for column in ("actor_id", "entity_id"):
        op.drop_index(f"ix_audit_log_{column}_at_id", table_name="audit_log")
    op.execute("DROP TRIGGER audit_log_listed ON audit_log")
    op.execute("DROP FUNCTION list_audit_row()")
    op.drop_table("audit_pending")
    op.drop_table("audit_link")
