"""Care tags, care objects with their visit cycle, their reviews, and when a household is due."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0022"
down_revision = "20261122_0021"
branch_labels = None
depends_on = None

LEVELS = ("area_id", "grid_id", "village_id", "town_id")
TAGS = (
    "'elderly_80', 'living_alone', 'empty_nest', 'left_behind_elder', 'left_behind_child', "
    "'left_behind_woman', 'disabled', 'disabled_severe', 'disabled_self_care', 'subsistence', "
    "'destitute', 'low_income', 'dibao_edge', 'relapse_monitored', 'orphan', 'child_in_need', "
    "'family_planning_special', 'pregnant', 'chronic', 'veteran', 'martyr_family', "
    "'unemployed', 'migrant_worker', 'party_member', 'villager_rep', 'two_reps', 'xiangxian', "
    "'volunteer', 'skilled', 'building_head'"
)


def stamped() -> tuple[sa.Column[Any], ...]:
    """The columns of every versioned table."""
    moment = sa.DateTime(timezone=True)
    return (
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
    )


def upgrade() -> None:
    tags()
    objects()
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column("household", sa.Column("last_visit_on", sa.Date(), nullable=True))
    op.add_column(
        "household",
        sa.Column("next_visit_due", sa.Date(), server_default=sa.text("CURRENT_DATE + 365"), nullable=False),
    )
    op.execute("UPDATE household SET next_visit_due = (created_at AT TIME ZONE 'Asia/Shanghai')::date + 365")
    for table in ("household", "care_object"):
        for level in LEVELS:
            op.create_index(
                f"ix_{table}_{level}_next_visit_due_id",
                table,
                [level, "next_visit_due", "id"],
                postgresql_where=sa.text("ended_on IS NULL"),
            )


def tags() -> None:
    op.create_table(
        "resident_tag",
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        *stamped(),
        sa.CheckConstraint(f"code IN ({TAGS})", name=op.f("ck_resident_tag_code")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_resident_tag_span")),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_resident_tag_resident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident_tag")),
    )
    op.create_index("ix_resident_tag_resident_id", "resident_tag", ["resident_id"])
    op.create_index(
        "ix_resident_tag_code",
        "resident_tag",
        ["code", "resident_id"],
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.execute(
        "ALTER TABLE resident_tag ADD CONSTRAINT ex_resident_tag_resident_id_code EXCLUDE USING gist "
        "(resident_id WITH =, code WITH =, daterange(valid_from, valid_to, '[)') WITH &&)"
    )


def objects() -> None:
    op.create_table(
        "care_object",
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("resident_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("care_level", sa.Text(), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("measures", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("last_visit_on", sa.Date(), nullable=True),
        sa.Column("next_visit_due", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        *stamped(),
        sa.CheckConstraint(f"category IN ({TAGS})", name=op.f("ck_care_object_category")),
        sa.CheckConstraint(
            "care_level IN ('red', 'orange', 'yellow', 'green')", name=op.f("ck_care_object_care_level")
        ),
        sa.CheckConstraint(
            "num_nonnulls(resident_id, household_id) = 1", name=op.f("ck_care_object_one_subject")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_care_object_area_id")),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_care_object_resident_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_care_object_household_id")),
        sa.ForeignKeyConstraint(
            ["responsible_id"], ["member.id"], name=op.f("fk_care_object_responsible_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_object")),
    )
    for column in ("area_id", "resident_id", "household_id", "responsible_id"):
        op.create_index(f"ix_care_object_{column}", "care_object", [column])
    for subject in ("resident", "household"):
        op.create_index(
            f"uq_care_object_{subject}",
            "care_object",
            [f"{subject}_id"],
            unique=True,
            postgresql_where=sa.text("ended_on IS NULL"),
        )
    op.create_table(
        "care_review",
        sa.Column("care_object_id", sa.Uuid(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("level_before", sa.Text(), nullable=True),
        sa.Column("level_after", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        *stamped(),
        sa.ForeignKeyConstraint(
            ["care_object_id"], ["care_object.id"], name=op.f("fk_care_review_care_object_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_review")),
    )
    op.create_index("ix_care_review_care_object_id", "care_review", ["care_object_id"])


def downgrade() -> None:
    op.drop_column("household", "next_visit_due")
    op.drop_column("household", "last_visit_on")
    for table in ("care_review", "care_object", "resident_tag"):
        op.drop_table(table)
