"""Categories, tickets, the people who complained, and the sequence of ticket numbers."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_0004"
down_revision = "20261121_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ticket_no_seq AS bigint")
    op.create_table(
        "category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["category.code"], name=op.f("fk_category_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_category")),
    )
    op.create_index(op.f("ix_category_parent_code"), "category", ["parent_code"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("no", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("lng", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("raw_lng", sa.Double(), nullable=True),
        sa.Column("raw_lat", sa.Double(), nullable=True),
        sa.Column("coord_type", sa.Text(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("reporter_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("lead_org_id", sa.Uuid(), nullable=True),
        sa.Column("handler_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revisit_state", sa.Text(), nullable=False),
        sa.Column("exempt_policy", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("solved", sa.Text(), nullable=True),
        sa.Column("resolution_type", sa.Text(), nullable=True),
        sa.Column("pending_decline", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("decline_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("rework_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("dispatch_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "coord_type IN ('wgs84', 'gcj02', 'bd09', 'cgcs2000')", name=op.f("ck_ticket_coord_type")
        ),
        sa.CheckConstraint(
            "revisit_state IN ('needed', 'done', 'exempt')", name=op.f("ck_ticket_revisit_state")
        ),
        sa.CheckConstraint(
            "source IN ("
            "'grid_patrol', 'visit', 'contact_team', 'leader_walk', 'resident_app', 'phone', "
            "'hotline_12345', 'upper_assign', 'dept_transfer', 'media', 'petition', 'iot', "
            "'video', 'third_party', 'callup', 'inspection'"
            ")",
            name=op.f("ck_ticket_source"),
        ),
        sa.CheckConstraint(
            "stage IN ('report', 'route', 'handle', 'revisit', 'close')", name=op.f("ck_ticket_stage")
        ),
        sa.CheckConstraint(
            "status IN ("
            "'reported', 'returned', 'accepted', 'dispatched', 'processing', 'resolved', "
            "'evaluating', 'closed', 'not_accepted', 'withdrawn', 'voided'"
            ")",
            name=op.f("ck_ticket_status"),
        ),
        sa.CheckConstraint(
            "urgency IN ('critical', 'urgent', 'normal', 'complex')", name=op.f("ck_ticket_urgency")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_ticket_area_id")),
        sa.ForeignKeyConstraint(["category_code"], ["category.code"], name=op.f("fk_ticket_category_code")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_ticket_client_id")),
        sa.ForeignKeyConstraint(["handler_id"], ["member.id"], name=op.f("fk_ticket_handler_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_ticket_household_id")),
        sa.ForeignKeyConstraint(["lead_org_id"], ["org.id"], name=op.f("fk_ticket_lead_org_id")),
        sa.ForeignKeyConstraint(["reporter_id"], ["member.id"], name=op.f("fk_ticket_reporter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("no", name=op.f("uq_ticket_no")),
    )
    op.create_index(
        "ix_ticket_area_id_reported_at_id", "ticket", ["area_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_ticket_category_code_reported_at_id",
        "ticket",
        ["category_code", "reported_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_ticket_client_id_reported_at_id", "ticket", ["client_id", "reported_at", "id"], unique=False
    )
    op.create_index("ix_ticket_closed", "ticket", ["closed_at", "status", "satisfaction"], unique=False)
    op.create_index(
        "ix_ticket_due",
        "ticket",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_grid_due",
        "ticket",
        ["grid_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_grid_id_reported_at_id", "ticket", ["grid_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_ticket_grid_queue",
        "ticket",
        ["grid_id", "status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_handler_id_reported_at_id", "ticket", ["handler_id", "reported_at", "id"], unique=False
    )
    op.create_index("ix_ticket_household_id", "ticket", ["household_id"], unique=False)
    op.create_index(
        "ix_ticket_lead_org_id_reported_at_id", "ticket", ["lead_org_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_ticket_org_due",
        "ticket",
        ["lead_org_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_org_queue",
        "ticket",
        ["lead_org_id", "status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_handler_queue",
        "ticket",
        ["handler_id", "status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_handler_due",
        "ticket",
        ["handler_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_reporter_due",
        "ticket",
        ["reporter_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_reporter_queue",
        "ticket",
        ["reporter_id", "status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_ticket_reported_at_id", "ticket", ["reported_at", "id"], unique=False)
    op.create_index(
        "ix_ticket_reporter_id_reported_at_id", "ticket", ["reporter_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_ticket_status_queue",
        "ticket",
        ["status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_town_closed", "ticket", ["town_id", "closed_at", "status", "satisfaction"], unique=False
    )
    op.create_index(
        "ix_ticket_town_due",
        "ticket",
        ["town_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_town_id_reported_at_id", "ticket", ["town_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_ticket_town_queue",
        "ticket",
        ["town_id", "status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_village_due",
        "ticket",
        ["village_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_village_id_reported_at_id", "ticket", ["village_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_ticket_village_queue",
        "ticket",
        ["village_id", "status", "reported_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "ticket_contact",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_last4", sa.Text(), nullable=True),
        sa.Column("resident_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_ticket_contact_resident_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_contact_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_contact")),
    )
    op.create_index(op.f("ix_ticket_contact_phone_index"), "ticket_contact", ["phone_index"], unique=False)
    op.create_index(op.f("ix_ticket_contact_resident_id"), "ticket_contact", ["resident_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_ticket_contact_resident_id"), table_name="ticket_contact")
    op.drop_index(op.f("ix_ticket_contact_phone_index"), table_name="ticket_contact")
    op.drop_table("ticket_contact")
    op.drop_index(
        "ix_ticket_village_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_ticket_village_id_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_village_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_town_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_town_id_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_town_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_town_closed", table_name="ticket")
    op.drop_index(
        "ix_ticket_status_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_ticket_reporter_id_reported_at_id", table_name="ticket")
    op.drop_index(
        "ix_ticket_reporter_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index(
        "ix_ticket_reporter_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_ticket_handler_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_org_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index(
        "ix_ticket_handler_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_ticket_org_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_lead_org_id_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_household_id", table_name="ticket")
    op.drop_index("ix_ticket_handler_id_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_grid_queue", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_grid_id_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_grid_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_due", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_closed", table_name="ticket")
    op.drop_index("ix_ticket_client_id_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_category_code_reported_at_id", table_name="ticket")
    op.drop_index("ix_ticket_area_id_reported_at_id", table_name="ticket")
    op.drop_table("ticket")
    op.drop_index(op.f("ix_category_parent_code"), table_name="category")
    op.drop_table("category")
    op.execute("DROP SEQUENCE ticket_no_seq")
