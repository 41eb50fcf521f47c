"""Visits: plans with households and people, visits, opinions; how closely a household is cared for.

When a household is due stands since 0022 and stays one date: a year after the last visit, sooner where
somebody in it is looked after. A household that nobody has visited is not due at once, and not all of a town
on one day either: it is given a day of the year that follows its registration, by its id (random at the
end), so that a grid has about as many new ones to see each week. Plans come on top and do not move the date.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0050"
down_revision = "20261122_0043"
branch_labels = None
depends_on = None

# As `first_turn` in app/services/registry/cycle.py, and `_KEEP` there for whom a household looks after.
SPREAD = """
UPDATE household SET next_visit_due = least(next_visit_due,
       (created_at AT TIME ZONE 'Asia/Shanghai')::date + 1 + ('x' || right(id::text, 4))::bit(16)::int % 365)
 WHERE last_visit_on IS NULL
"""
LEVELS = """
UPDATE household SET care_level = found.level
  FROM (SELECT home.id, (ARRAY['red', 'orange', 'yellow', 'green'])[min(
               array_position(ARRAY['red', 'orange', 'yellow', 'green'], home.care_level))] AS level
          FROM (SELECT household_id AS id, care_level FROM care_object
                 WHERE household_id IS NOT NULL AND ended_on IS NULL
                UNION ALL
                SELECT residence.household_id, care_level FROM care_object
                  JOIN residence ON residence.resident_id = care_object.resident_id AND valid_to IS NULL
                 WHERE residence.household_id IS NOT NULL AND ended_on IS NULL) AS home
         GROUP BY home.id) AS found
 WHERE household.id = found.id
"""


def upgrade() -> None:
    _care_for_households()
    _make_tables()


def downgrade() -> None:
    _drop_tables()
    op.drop_index("ix_ticket_event_actor_id_at", table_name="ticket_event")
    op.drop_constraint(op.f("ck_household_care_level"), "household")
    op.drop_column("household", "care_level")


def _care_for_households() -> None:
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column("household", sa.Column("care_level", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_household_care_level"), "household", "care_level IN ('red', 'orange', 'yellow', 'green')"
    )
    op.execute(SPREAD)
    op.execute(LEVELS)
    op.create_index("ix_ticket_event_actor_id_at", "ticket_event", ["actor_id", "at"])


def _make_tables() -> None:
    op.create_table(
        "visit_plan",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("care_levels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("questionnaire", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "programme IN ('one_heart', 'stationed', 'grid', 'party_contact', 'special')",
            name=op.f("ck_visit_plan_programme"),
        ),
        sa.CheckConstraint("scope IN ('area', 'care', 'tag', 'list')", name=op.f("ck_visit_plan_scope")),
        sa.CheckConstraint("due_on >= starts_on", name=op.f("ck_visit_plan_span")),
        sa.CheckConstraint("quota > 0", name=op.f("ck_visit_plan_quota")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_visit_plan_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_plan")),
    )
    op.create_index(op.f("ix_visit_plan_area_id"), "visit_plan", ["area_id"], unique=False)
    op.create_table(
        "visit_plan_assignee",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_visit_plan_assignee_member_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["visit_plan.id"], name=op.f("fk_visit_plan_assignee_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "member_id", name=op.f("pk_visit_plan_assignee")),
    )
    op.create_index(
        op.f("ix_visit_plan_assignee_member_id"), "visit_plan_assignee", ["member_id"], unique=False
    )
    op.create_table(
        "visit_plan_household",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_visit_plan_household_household_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["visit_plan.id"], name=op.f("fk_visit_plan_household_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "household_id", name=op.f("pk_visit_plan_household")),
    )
    op.create_index(
        op.f("ix_visit_plan_household_household_id"), "visit_plan_household", ["household_id"], unique=False
    )
    op.create_table(
        "visit",
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("visitor_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("resident_id", sa.Uuid(), nullable=True),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("visit_type", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("needs", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("answers", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("lng", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("raw_lng", sa.Double(), nullable=True),
        sa.Column("raw_lat", sa.Double(), nullable=True),
        sa.Column("coord_type", sa.Text(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("lacks", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_effective", sa.Boolean(), nullable=False),
        sa.Column("is_backfill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "coord_type IN ('wgs84', 'gcj02', 'bd09', 'cgcs2000')", name=op.f("ck_visit_coord_type")
        ),
        sa.CheckConstraint(
            "mode IN ('in_person', 'phone', 'video', 'wechat', 'entrusted')", name=op.f("ck_visit_mode")
        ),
        sa.CheckConstraint(
            "result IN ('met', 'not_met', 'refused', 'moved', 'vacant', 'unreachable')",
            name=op.f("ck_visit_result"),
        ),
        sa.CheckConstraint(
            "visit_type IN ('routine', 'care', 'contact', 'party_contact', 'home_return', "
            "'village_stay', 'grid_entry', 'festival', "
            "'policy', 'dispute', 'safety_check', 'info_verify', 'revisit', 'agency', "
            "'enterprise', 'emergency')",
            name=op.f("ck_visit_visit_type"),
        ),
        sa.CheckConstraint("duration_s >= 0", name=op.f("ck_visit_duration_s")),
        sa.CheckConstraint("household_id IS NULL OR place_id IS NULL", name=op.f("ck_visit_one_destination")),
        sa.CheckConstraint(
            "(place_id IS NULL) = (num_nonnulls(household_id, resident_id) > 0)", name=op.f("ck_visit_home")
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["member.id"], name=op.f("fk_visit_approved_by")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_visit_area_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_visit_household_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_visit_place_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["visit_plan.id"], name=op.f("fk_visit_plan_id")),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_visit_resident_id")),
        sa.ForeignKeyConstraint(["visitor_id"], ["member.id"], name=op.f("fk_visit_visitor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_approved_by"), "visit", ["approved_by"], unique=False)
    op.create_index(
        "ix_visit_area_id_occurred_at_id", "visit", ["area_id", "occurred_at", "id"], unique=False
    )
    op.create_index(
        "ix_visit_grid_id_occurred_at_id", "visit", ["grid_id", "occurred_at", "id"], unique=False
    )
    op.create_index(
        "ix_visit_household_id_occurred_at_id", "visit", ["household_id", "occurred_at", "id"], unique=False
    )
    op.create_index("ix_visit_occurred_at_id", "visit", ["occurred_at", "id"], unique=False)
    op.create_index("ix_visit_place_id_occurred_at_id", "visit", ["place_id", "occurred_at", "id"])
    op.create_index("ix_visit_plan_id_household_id", "visit", ["plan_id", "household_id"], unique=False)
    op.create_index(op.f("ix_visit_resident_id"), "visit", ["resident_id"], unique=False)
    op.create_index(
        "ix_visit_town_id_occurred_at_id", "visit", ["town_id", "occurred_at", "id"], unique=False
    )
    op.create_index(
        "ix_visit_village_id_occurred_at_id", "visit", ["village_id", "occurred_at", "id"], unique=False
    )
    op.create_index(
        "ix_visit_visitor_id_occurred_at_id", "visit", ["visitor_id", "occurred_at", "id"], unique=False
    )
    op.create_table(
        "visit_visitor",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_visit_visitor_member_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_visitor_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", "member_id", name=op.f("pk_visit_visitor")),
    )
    op.create_index(
        "ix_visit_visitor_member_id_occurred_at", "visit_visitor", ["member_id", "occurred_at"], unique=False
    )
    op.create_table(
        "visit_opinion",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'ticket') = (ticket_id IS NOT NULL)", name=op.f("ck_visit_opinion_ticket")
        ),
        sa.CheckConstraint(
            "outcome IN ('ticket', 'settled', 'noted')", name=op.f("ck_visit_opinion_outcome")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_visit_opinion_ticket_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_opinion_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_opinion")),
    )
    op.create_index("uq_visit_opinion_ticket_id", "visit_opinion", ["ticket_id"], unique=True)
    op.create_index("uq_visit_opinion_visit_id_seq", "visit_opinion", ["visit_id", "seq"], unique=True)
    op.create_table(
        "visit_attachment",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_visit_attachment_attachment_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_attachment_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", "attachment_id", name=op.f("pk_visit_attachment")),
    )
    op.create_index(
        op.f("ix_visit_attachment_attachment_id"), "visit_attachment", ["attachment_id"], unique=False
    )


def _drop_tables() -> None:
    op.drop_index(op.f("ix_visit_attachment_attachment_id"), table_name="visit_attachment")
    op.drop_table("visit_attachment")
    op.drop_index("uq_visit_opinion_visit_id_seq", table_name="visit_opinion")
    op.drop_index("uq_visit_opinion_ticket_id", table_name="visit_opinion")
    op.drop_table("visit_opinion")
    op.drop_index("ix_visit_visitor_member_id_occurred_at", table_name="visit_visitor")
    op.drop_table("visit_visitor")
    op.drop_index("ix_visit_visitor_id_occurred_at_id", table_name="visit")
    op.drop_index("ix_visit_village_id_occurred_at_id", table_name="visit")
    op.drop_index("ix_visit_town_id_occurred_at_id", table_name="visit")
    op.drop_index(op.f("ix_visit_resident_id"), table_name="visit")
    op.drop_index("ix_visit_plan_id_household_id", table_name="visit")
    op.drop_index("ix_visit_place_id_occurred_at_id", table_name="visit")
    op.drop_index("ix_visit_occurred_at_id", table_name="visit")
    op.drop_index("ix_visit_household_id_occurred_at_id", table_name="visit")
    op.drop_index("ix_visit_grid_id_occurred_at_id", table_name="visit")
    op.drop_index("ix_visit_area_id_occurred_at_id", table_name="visit")
    op.drop_index(op.f("ix_visit_approved_by"), table_name="visit")
    op.drop_table("visit")
    op.drop_index(op.f("ix_visit_plan_household_household_id"), table_name="visit_plan_household")
    op.drop_table("visit_plan_household")
    op.drop_index(op.f("ix_visit_plan_assignee_member_id"), table_name="visit_plan_assignee")
    op.drop_table("visit_plan_assignee")
    op.drop_index(op.f("ix_visit_plan_area_id"), table_name="visit_plan")
    op.drop_table("visit_plan")
