"""Teams and their members over time; attendance, whose points are forgotten after 90 days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0051"
down_revision = "20261122_0050"
branch_labels = None
depends_on = None

SUBJECTS = "'left_residents', 'ticket_contacts', 'access_reasons', 'data_request_notes'"
RULE = "INSERT INTO retention_rule (id, subject, days) VALUES (gen_random_uuid(), 'attendance', 90)"


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=True),
        sa.Column("service_items", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("public_phone", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('mediation', 'patrol', 'facilities', 'sanitation', 'publicity', "
            "'volunteer', 'emergency', 'errands', 'counselling', 'legal')",
            name=op.f("ck_team_kind"),
        ),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_team_capacity")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_team_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
    )
    op.create_index(op.f("ix_team_area_id"), "team", ["area_id"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_team_member_span")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_team_member_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
    )
    op.create_index("ix_team_member_member_id", "team_member", ["member_id"], unique=False)
    op.create_index("ix_team_member_team_id", "team_member", ["team_id"], unique=False)
    op.create_index(
        "uq_team_member_now",
        "team_member",
        ["team_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "attendance",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_lng", sa.Double(), nullable=True),
        sa.Column("in_lat", sa.Double(), nullable=True),
        sa.Column("in_coord_type", sa.Text(), nullable=True),
        sa.Column("out_lng", sa.Double(), nullable=True),
        sa.Column("out_lat", sa.Double(), nullable=True),
        sa.Column("out_coord_type", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "in_coord_type IN ('wgs84', 'gcj02', 'bd09', 'cgcs2000')",
            name=op.f("ck_attendance_in_coord_type"),
        ),
        sa.CheckConstraint(
            "out_coord_type IN ('wgs84', 'gcj02', 'bd09', 'cgcs2000')",
            name=op.f("ck_attendance_out_coord_type"),
        ),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_attendance_span")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attendance_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index(
        "ix_attendance_member_id_started_at_id", "attendance", ["member_id", "started_at", "id"], unique=False
    )
    op.create_index("ix_attendance_started_at", "attendance", ["started_at"], unique=False)
    op.create_index(
        "uq_attendance_open",
        "attendance",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    _forget_attendance()


def _forget_attendance() -> None:
    name = op.f("ck_retention_rule_subject")
    op.drop_constraint(name, "retention_rule")
    op.create_check_constraint(name, "retention_rule", f"subject IN ({SUBJECTS}, 'attendance')")
    op.execute(RULE)


def downgrade() -> None:
    op.execute("DELETE FROM retention_rule WHERE subject = 'attendance'")
    name = op.f("ck_retention_rule_subject")
    op.drop_constraint(name, "retention_rule")
    op.create_check_constraint(name, "retention_rule", f"subject IN ({SUBJECTS})")
    op.drop_index("uq_attendance_open", table_name="attendance", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_attendance_started_at", table_name="attendance")
    op.drop_index("ix_attendance_member_id_started_at_id", table_name="attendance")
    op.drop_table("attendance")
    op.drop_index(
        "uq_team_member_now", table_name="team_member", postgresql_where=sa.text("valid_to IS NULL")
    )
    op.drop_index("ix_team_member_team_id", table_name="team_member")
    op.drop_index("ix_team_member_member_id", table_name="team_member")
    op.drop_table("team_member")
    op.drop_index(op.f("ix_team_area_id"), table_name="team")
    op.drop_table("team")
