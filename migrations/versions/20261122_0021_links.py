"""Who belonged where and when: homes of residents, places of households, no two of one at a time."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0021"
down_revision = "20261122_0020"
branch_labels = None
depends_on = None

LEVELS = ("area_id", "grid_id", "village_id", "town_id")
REASONS = (
    "'registered', 'born', 'married', 'adopted', 'moved', 'moved_out', 'work', 'study', 'split', "
    "'merged', 'new_head', 'died', 'ended', 'grid_change', 'other'"
)
LINKS = {"household_member": "resident_id", "residence": "resident_id", "household_stay": "household_id"}

# What was known until now: everybody lives where they are registered, every household where it is.
KNOWN = """
UPDATE household_member SET reason = 'registered',
       end_reason = CASE WHEN valid_to IS NOT NULL THEN 'other' END
"""
HOMES = """
INSERT INTO residence (id, resident_id, household_id, reason, end_reason, valid_from, valid_to)
SELECT gen_random_uuid(), resident_id, household_id, reason, end_reason, valid_from, valid_to
  FROM household_member
"""
STAYS = """
INSERT INTO household_stay (id, household_id, area_id, address, reason, end_reason, valid_from, valid_to)
SELECT gen_random_uuid(), id, area_id, address, 'registered',
       CASE WHEN ended_on IS NOT NULL THEN 'ended' END,
       least((created_at AT TIME ZONE 'Asia/Shanghai')::date, ended_on), ended_on
  FROM household
"""
PLACES = """
UPDATE resident SET area_id = home.area_id, town_id = home.town_id, village_id = home.village_id,
       grid_id = home.grid_id
  FROM household_member AS link JOIN household AS home ON home.id = link.household_id
 WHERE link.resident_id = resident.id AND link.valid_to IS NULL
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    # Every row of the registry is written anew, once.
    op.execute("SET LOCAL statement_timeout = '30min'")
    residents()
    members()
    link(
        "residence",
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(household_id, room_id, address) = 1", name=op.f("ck_residence_one_home")
        ),
        references=("resident", "household", "room"),
    )
    link(
        "household_stay",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        references=("household", "area", "room"),
    )
    for statement in (HOMES, STAYS, PLACES):
        op.execute(statement)
    for table, owner in LINKS.items():
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ex_{table}_{owner} EXCLUDE USING gist "
            f"({owner} WITH =, daterange(valid_from, valid_to, '[)') WITH &&)"
        )


def residents() -> None:
    for level in LEVELS:
        op.add_column("resident", sa.Column(level, sa.Uuid(), nullable=True))
        op.create_index(f"ix_resident_{level}_id", "resident", [level, "id"])
    op.create_foreign_key(op.f("fk_resident_area_id"), "resident", "area", ["area_id"], ["id"])
    op.add_column("resident", sa.Column("id_type", sa.Text(), server_default="111", nullable=False))
    for column in ("no_id_reason", "hukou_place", "occupation", "workplace"):
        op.add_column("resident", sa.Column(column, sa.Text(), nullable=True))
    op.add_column("resident", sa.Column("left_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_resident_id_type"),
        "resident",
        "id_type IN ('111', '113', '114', '414', '511', '516', '990')",
    )
    op.create_check_constraint(
        op.f("ck_resident_no_id_reason"),
        "resident",
        "no_id_reason IN ('new_born', 'unregistered', 'refused', 'lost', 'not_collected')",
    )
    op.execute("UPDATE resident SET no_id_reason = 'not_collected' WHERE id_sealed IS NULL")


def members() -> None:
    table = "household_member"
    op.add_column(table, sa.Column("reason", sa.Text(), nullable=True))
    op.add_column(table, sa.Column("end_reason", sa.Text(), nullable=True))
    op.execute(KNOWN)
    op.alter_column(table, "reason", nullable=False)
    for column in ("reason", "end_reason"):
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN ({REASONS})")


def link(table: str, *columns: Any, references: tuple[str, ...]) -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        table,
        *columns,
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f(f"ck_{table}_span")),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f(f"ck_{table}_reason")),
        sa.CheckConstraint(f"end_reason IN ({REASONS})", name=op.f(f"ck_{table}_end_reason")),
        *(
            sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=op.f(f"fk_{table}_{other}_id"))
            for other in references
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    for other in references:
        op.create_index(f"ix_{table}_{other}_id", table, [f"{other}_id"])


def downgrade() -> None:
    # The extension stays: it holds nothing, and what else may use it is not this revision's business.
    op.drop_table("household_stay")
    op.drop_table("residence")
    op.drop_constraint("ex_household_member_resident_id", "household_member")
    op.drop_column("household_member", "reason")
    op.drop_column("household_member", "end_reason")
    for column in (*LEVELS, "id_type", "no_id_reason", "hukou_place", "occupation", "workplace", "left_on"):
        op.drop_column("resident", column)
