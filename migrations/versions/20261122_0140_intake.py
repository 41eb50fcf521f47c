"""What third parties send in: references, mappings; systems of organisations; limits set by the sender."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0140"
down_revision = "20261122_0130"
branch_labels = None
depends_on = None

SOURCES = (
    "source IN ('grid_patrol', 'visit', 'contact_team', 'leader_walk', 'resident_app', 'phone', "
    "'hotline_12345', 'upper_assign', 'dept_transfer', 'media', 'petition', 'iot', 'video', 'third_party', "
    "'callup', 'inspection')"
)
OF_TICKETS = sa.text("kind = 'ticket'")


def upgrade() -> None:
    _organisations()
    _clocks_and_assignments()
    op.create_table(
        "intake_profile",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("default_category_code", sa.Text(), nullable=True),
        sa.Column("statuses", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(SOURCES, name=op.f("ck_intake_profile_source")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_intake_profile_client_id")),
        sa.ForeignKeyConstraint(
            ["default_category_code"], ["category.code"], name=op.f("fk_intake_profile_default_category_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_profile")),
        sa.UniqueConstraint("client_id", name=op.f("uq_intake_profile_client_id")),
    )
    _index("intake_profile", "default_category_code")
    op.create_table(
        "intake_category",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_intake_category_client_id")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_intake_category_category_code")
        ),
        sa.PrimaryKeyConstraint("client_id", "code", name=op.f("pk_intake_category")),
    )
    _index("intake_category", "category_code")
    _references()


def _organisations() -> None:
    op.add_column("api_client", sa.Column("org_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_api_client_org_id"), "api_client", "org", ["org_id"], ["id"])
    _index("api_client", "org_id")
    op.add_column("ticket", sa.Column("handler_client_id", sa.Uuid(), nullable=True))
    name = op.f("fk_ticket_handler_client_id")
    op.create_foreign_key(name, "ticket", "api_client", ["handler_client_id"], ["id"])
    _index("ticket", "handler_client_id", "reported_at", "id")


def _clocks_and_assignments() -> None:
    op.add_column("ticket_clock", sa.Column("given", sa.Boolean(), server_default="false", nullable=False))
    # What is there already comes first; a default that is no constant would write every row anew.
    op.add_column("ticket_assignment", sa.Column("txid", sa.BigInteger(), server_default="0", nullable=False))
    this = sa.text("pg_current_xact_id()::text::bigint")
    op.alter_column("ticket_assignment", "txid", server_default=this)
    _index("ticket_assignment", "org_id", "txid", "id")


def _references() -> None:
    op.create_table(
        "external_ref",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ticket', 'supplement', 'withdrawal')", name=op.f("ck_external_ref_kind")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_external_ref_client_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
            name=op.f("fk_external_ref_ticket_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("client_id", "ref", "kind", "part", name=op.f("pk_external_ref")),
    )
    _index("external_ref", "ticket_id")
    _index("external_ref", "client_id", "created_at", "ticket_id", where=OF_TICKETS)


def downgrade() -> None:
    for table in ("external_ref", "intake_category", "intake_profile"):
        op.drop_table(table)
    op.drop_index("ix_ticket_assignment_org_id_txid_id", table_name="ticket_assignment")
    op.drop_column("ticket_assignment", "txid")
    op.drop_column("ticket_clock", "given")
    op.drop_column("ticket", "handler_client_id")
    op.drop_column("api_client", "org_id")


def _index(table: str, *columns: str, where: sa.TextClause | None = None) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), postgresql_where=where)
