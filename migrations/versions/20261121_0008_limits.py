"""Limits as rules; seasons, published years and changes of work calendars; two more kinds of clocks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_0008"
down_revision = "20261121_0007"
branch_labels = None
depends_on = None

MONTH_DAY = "~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'"
OLD_CLOCKS = "kind IN ('accept', 'dispatch', 'sign', 'handle', 'revisit', 'close')"
CLOCKS = "kind IN ('accept', 'dispatch', 'sign', 'handle', 'revisit', 'close', 'contact', 'overall')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_ticket_clock_kind"), "ticket_clock", type_="check")
    # Reads every clock once: five seconds for those of a million tickets.
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.create_check_constraint(op.f("ck_ticket_clock_kind"), "ticket_clock", CLOCKS)
    op.execute("SET LOCAL statement_timeout = '5s'")
    for column in versioned():
        op.add_column("work_calendar", column)
    create_seasons()
    create_years()
    create_policies()


def downgrade() -> None:
    op.drop_table("sla_policy")
    op.drop_table("work_calendar_change")
    op.drop_table("work_calendar_year")
    op.drop_table("work_calendar_season_segment")
    op.drop_table("work_calendar_season")
    for column in reversed(versioned()):
        op.drop_column("work_calendar", column.name)
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.execute("DELETE FROM ticket_clock WHERE kind IN ('contact', 'overall')")
    op.drop_constraint(op.f("ck_ticket_clock_kind"), "ticket_clock", type_="check")
    op.create_check_constraint(op.f("ck_ticket_clock_kind"), "ticket_clock", OLD_CLOCKS)
    op.execute("SET LOCAL statement_timeout = '5s'")


def versioned() -> list[sa.Column[object]]:
    """The columns of a versioned row."""
    now = sa.text("now()")
    return [
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
    ]


def create_seasons() -> None:
    op.create_table(
        "work_calendar_season",
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"first_day {MONTH_DAY}", name=op.f("ck_work_calendar_season_first_day")),
        sa.CheckConstraint(f"last_day {MONTH_DAY}", name=op.f("ck_work_calendar_season_last_day")),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["work_calendar.id"], name=op.f("fk_work_calendar_season_calendar_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_calendar_season")),
    )
    op.create_index(op.f("ix_work_calendar_season_calendar_id"), "work_calendar_season", ["calendar_id"])
    op.create_table(
        "work_calendar_season_segment",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["season_id"],
            ["work_calendar_season.id"],
            name=op.f("fk_work_calendar_season_segment_season_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("season_id", "starts", name=op.f("pk_work_calendar_season_segment")),
    )


def create_years() -> None:
    op.create_table(
        "work_calendar_year",
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["work_calendar.id"], name=op.f("fk_work_calendar_year_calendar_id")
        ),
        sa.PrimaryKeyConstraint("calendar_id", "year", name=op.f("pk_work_calendar_year")),
    )
    op.create_table(
        "work_calendar_change",
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("moved_to", sa.Uuid(), nullable=True),
        sa.Column("moved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["work_calendar.id"], name=op.f("fk_work_calendar_change_calendar_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_calendar_change")),
    )
    op.create_index(
        "ix_work_calendar_change_calendar_id_year", "work_calendar_change", ["calendar_id", "year", "id"]
    )


def create_policies() -> None:
    op.create_table(
        "sla_policy",
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("org_level", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *versioned(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(CLOCKS.replace("kind", "clock"), name=op.f("ck_sla_policy_clock")),
        sa.CheckConstraint(
            "urgency IN ('critical', 'urgent', 'normal', 'complex')", name=op.f("ck_sla_policy_urgency")
        ),
        sa.CheckConstraint(
            "unit IN ('wall_minutes', 'work_minutes', 'work_days')", name=op.f("ck_sla_policy_unit")
        ),
        sa.CheckConstraint("org_level IN ('village', 'town', 'city')", name=op.f("ck_sla_policy_org_level")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_sla_policy_amount")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_sla_policy_area_id")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_sla_policy_category_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policy")),
    )
    op.create_index(op.f("ix_sla_policy_area_id"), "sla_policy", ["area_id"])
    op.create_index(op.f("ix_sla_policy_category_code"), "sla_policy", ["category_code"])
    op.create_index(
        "uq_sla_policy_running",
        "sla_policy",
        ["clock", "category_code", "urgency", "area_id", "org_level"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
