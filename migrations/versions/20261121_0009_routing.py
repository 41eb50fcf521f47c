"""Routing rules, the flag that a category is dispatched by itself, and the versions of categories."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_0009"
down_revision = "20261121_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "category", sa.Column("auto_dispatch", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_table(
        "category_revision",
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("auto_dispatch", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_category_revision_category_code")
        ),
        sa.PrimaryKeyConstraint("category_code", "version", name=op.f("pk_category_revision")),
    )
    op.create_table(
        "routing_rule",
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "source IN ("
            "'grid_patrol', 'visit', 'contact_team', 'leader_walk', 'resident_app', 'phone', "
            "'hotline_12345', 'upper_assign', 'dept_transfer', 'media', 'petition', 'iot', "
            "'video', 'third_party', 'callup', 'inspection'"
            ")",
            name=op.f("ck_routing_rule_source"),
        ),
        sa.CheckConstraint(
            "urgency IN ('critical', 'urgent', 'normal', 'complex')", name=op.f("ck_routing_rule_urgency")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_routing_rule_area_id")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_routing_rule_category_code")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_routing_rule_member_id")),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_routing_rule_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rule")),
    )
    for column in ("area_id", "category_code", "member_id", "org_id"):
        op.create_index(op.f(f"ix_routing_rule_{column}"), "routing_rule", [column], unique=False)
    op.create_index(
        "uq_routing_rule_running",
        "routing_rule",
        ["category_code", "area_id", "source", "urgency"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("routing_rule")
    op.drop_table("category_revision")
    op.drop_column("category", "auto_dispatch")
