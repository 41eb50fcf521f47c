"""Reports: figures as they were published, which nobody changes afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0121"
down_revision = "20261122_0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("definition_version", sa.SmallInteger(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('monthly', 'quarterly', 'half_yearly', 'round')", name=op.f("ck_report_kind")
        ),
        sa.CheckConstraint("num_nonnulls(area_id, org_id) = 1", name=op.f("ck_report_one_scope")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_report_area_id")),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_report_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_index(
        "uq_report_scope",
        "report",
        ["area_id", "org_id", "kind", "first_on"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(op.f("ix_report_org_id"), "report", ["org_id"])
    op.execute("REVOKE UPDATE, DELETE ON report FROM wangge_app")
    op.execute(
        "CREATE TRIGGER report_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON report "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("report")
