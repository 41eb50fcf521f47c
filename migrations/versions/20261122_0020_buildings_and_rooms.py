"""Buildings and rooms, the natural order of addresses, and households in rooms."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0020"
down_revision = "20261122_0012"
branch_labels = None
depends_on = None

# Every run of digits becomes its last ten, filled up with zeros: 2号 comes before 10号.
NATURAL_KEY = r"""
CREATE FUNCTION natural_key(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    regexp_replace(lower($1), '([0-9]+)', '0000000000\1', 'g'), '[0-9]*([0-9]{10})', '\1', 'g')
"""
LEVELS = ("area_id", "grid_id", "village_id", "town_id")


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


def placed(table: str) -> tuple[Any, ...]:
    """The columns of what lies in a grid and has an address."""
    return (
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), sa.Computed("natural_key(address)", persisted=True), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f(f"fk_{table}_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.execute(NATURAL_KEY)
    buildings()
    rooms()
    households()
    for table in ("building", "room", "household"):
        for level in LEVELS:
            op.create_index(f"ix_{table}_{level}_sort_key_id", table, [level, "sort_key", "id"])


def buildings() -> None:
    op.create_table(
        "building",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("no", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("floors", sa.SmallInteger(), nullable=True),
        sa.Column("units", sa.SmallInteger(), nullable=True),
        sa.Column("built_year", sa.SmallInteger(), nullable=True),
        sa.Column("lng", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("head_member_id", sa.Uuid(), nullable=True),
        sa.Column("is_rental", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        *stamped(),
        *placed("building"),
        sa.CheckConstraint(
            "kind IN ('residential', 'mixed', 'factory', 'self_built', 'public')",
            name=op.f("ck_building_kind"),
        ),
        sa.ForeignKeyConstraint(["head_member_id"], ["member.id"], name=op.f("fk_building_head_member_id")),
    )
    op.create_index(op.f("ix_building_head_member_id"), "building", ["head_member_id"])


def rooms() -> None:
    op.create_table(
        "room",
        sa.Column("building_id", sa.Uuid(), nullable=True),
        sa.Column("unit_no", sa.Text(), nullable=True),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("room_no", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Numeric(8, 2, asdecimal=False), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=True),
        sa.Column("owner_phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("owner_phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("owner_phone_last4", sa.Text(), nullable=True),
        sa.Column("rental_registered", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("fire_level", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        *stamped(),
        *placed("room"),
        sa.CheckConstraint(
            "use IN ('owner', 'rented', 'vacant', 'commercial', 'dormitory', 'mixed')",
            name=op.f("ck_room_use"),
        ),
        sa.CheckConstraint("fire_level IN ('A', 'B', 'C')", name=op.f("ck_room_fire_level")),
        sa.ForeignKeyConstraint(["building_id"], ["building.id"], name=op.f("fk_room_building_id")),
    )
    op.create_index(op.f("ix_room_building_id"), "room", ["building_id"])


def households() -> None:
    # The whole table is written anew, once.
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column("household", sa.Column("room_id", sa.Uuid(), nullable=True))
    op.add_column("household", sa.Column("needs_head", sa.Boolean(), server_default="false", nullable=False))
    op.execute(
        "ALTER TABLE household ADD sort_key text NOT NULL GENERATED ALWAYS AS (natural_key(address)) STORED"
    )
    op.create_foreign_key(op.f("fk_household_room_id"), "household", "room", ["room_id"], ["id"])
    op.create_index(op.f("ix_household_room_id"), "household", ["room_id"])
    for level in LEVELS:
        op.drop_index(f"ix_household_{level}_id", table_name="household")


def downgrade() -> None:
    for level in LEVELS:
        op.drop_index(f"ix_household_{level}_sort_key_id", table_name="household")
        op.create_index(f"ix_household_{level}_id", "household", [level, "id"])
    for column in ("room_id", "needs_head", "sort_key"):
        op.drop_column("household", column)
    op.drop_table("room")
    op.drop_table("building")
    op.execute("DROP FUNCTION natural_key(text)")
