"""What residents ask of their own data, with what was said at each step apart."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0042"
down_revision = "20261122_0041"
branch_labels = None
depends_on = None

ENTITIES = "entity IN ('resident', 'household', 'ticket_contact'{})"


def upgrade() -> None:
    op.create_table(
        "data_request",
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("identity_check", sa.Text(), nullable=False),
        sa.Column("changes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('access', 'correct', 'delete')", name=op.f("ck_data_request_kind")),
        sa.CheckConstraint(
            "state IN ('submitted', 'approved', 'done', 'rejected', 'withdrawn')",
            name=op.f("ck_data_request_state"),
        ),
        sa.CheckConstraint(
            "identity_check IN ('id_card', 'known', 'guardian', 'proxy')",
            name=op.f("ck_data_request_identity_check"),
        ),
        sa.CheckConstraint("decided_by IS DISTINCT FROM created_by", name=op.f("ck_data_request_duties")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_data_request_area_id")),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_data_request_resident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_request")),
    )
    op.create_index("ix_data_request_resident_id", "data_request", ["resident_id"], unique=False)
    for column in ("area_id", "town_id", "village_id", "grid_id"):
        op.create_index(f"ix_data_request_{column}_id", "data_request", [column, "id"], unique=False)
    op.create_index(
        "uq_data_request_open",
        "data_request",
        ["resident_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('submitted', 'approved')"),
    )
    op.create_table(
        "data_request_note",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["data_request.id"], name=op.f("fk_data_request_note_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "step", name=op.f("pk_data_request_note")),
    )
    op.drop_constraint("ck_pii_access_log_entity", "pii_access_log")
    added = ", 'data_request', 'room', 'place', 'export'"
    op.create_check_constraint(op.f("ck_pii_access_log_entity"), "pii_access_log", ENTITIES.format(added))


def downgrade() -> None:
    op.drop_constraint("ck_pii_access_log_entity", "pii_access_log")
    op.create_check_constraint(op.f("ck_pii_access_log_entity"), "pii_access_log", ENTITIES.format(""))
    op.drop_table("data_request_note")
    op.drop_table("data_request")
