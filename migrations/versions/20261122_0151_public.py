"""The public: services, publications, reports with number and code; residents' answers and photos."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0151"
down_revision = "20261122_0150"
branch_labels = None
depends_on = None

ROLES = (
    "'grid_worker', 'grid_assistant', 'grid_leader', 'village_admin', 'dispatcher', 'dept_handler', "
    "'dept_head', 'revisit_agent', 'supervisor', 'leader_viewer', 'statistician', 'system_admin', 'auditor'"
)
NOBODYS = "'api_client', 'system'"


def upgrade() -> None:
    op.create_table(
        "public_service",
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("kind", sa.Text(), server_default="realtime", nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("attributes", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('realtime', 'batch')", name=op.f("ck_public_service_kind")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_public_service_category_code")
        ),
        sa.PrimaryKeyConstraint("category_code", name=op.f("pk_public_service")),
    )
    op.create_table(
        "publication",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("with_point", sa.Boolean(), nullable=False),
        sa.Column("photo_ids", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_publication_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_publication")),
    )
    op.create_index("ix_publication_reported_at_ticket_id", "publication", ["reported_at", "ticket_id"])
    op.create_table(
        "public_report",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_public_report_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_public_report")),
        sa.UniqueConstraint("number", name=op.f("uq_public_report_number")),
    )
    op.alter_column("revisit", "agent_id", nullable=True)
    _roles(f"{ROLES}, 'resident', {NOBODYS}")
    # A resident's photo has no owner with an account.
    _owned("num_nonnulls(member_id, client_id) <= 1")


def downgrade() -> None:
    op.execute(
        "DELETE FROM ticket_attachment AS link USING attachment AS file "
        "WHERE file.id = link.attachment_id AND num_nonnulls(file.member_id, file.client_id) = 0"
    )
    op.execute("DELETE FROM attachment WHERE num_nonnulls(member_id, client_id) = 0")
    _owned("num_nonnulls(member_id, client_id) = 1")
    _roles(f"{ROLES}, {NOBODYS}")
    op.execute("DELETE FROM revisit WHERE agent_id IS NULL")
    op.alter_column("revisit", "agent_id", nullable=False)
    for table in ("public_report", "publication", "public_service"):
        op.drop_table(table)


def _owned(condition: str) -> None:
    name = op.f("ck_attachment_owner")
    op.drop_constraint(name, "attachment")
    op.create_check_constraint(name, "attachment", condition)


def _roles(roles: str) -> None:
    name = op.f("ck_post_role")
    op.drop_constraint(name, "post")
    op.create_check_constraint(name, "post", f"role IN ({roles})")
