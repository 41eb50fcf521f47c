"""Places that are checked from time to time, and what happened to areas."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0023"
down_revision = "20261122_0022"
branch_labels = None
depends_on = None

LEVELS = ("area_id", "grid_id", "village_id", "town_id")


def upgrade() -> None:
    places()
    op.create_table(
        "area_event",
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('moved', 'split', 'merged')", name=op.f("ck_area_event_kind")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_area_event_area_id")),
        sa.ForeignKeyConstraint(["other_id"], ["area.id"], name=op.f("fk_area_event_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_event")),
    )
    op.create_index("ix_area_event_area_id", "area_event", ["area_id", "happened_on"])
    op.create_index(op.f("ix_area_event_other_id"), "area_event", ["other_id"])


def places() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "place",
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), sa.Computed("natural_key(address)", persisted=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("contact_phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("contact_phone_last4", sa.Text(), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("risk_level", sa.Text(), nullable=False),
        sa.Column("check_cycle_days", sa.SmallInteger(), nullable=False),
        sa.Column("last_check_on", sa.Date(), nullable=True),
        sa.Column("hand_check_on", sa.Date(), nullable=True),
        sa.Column("next_check_due", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('shop', 'small_place', 'enterprise', 'factory', 'school', 'hospital', 'market', "
            "'rental_house', 'warehouse', 'hazardous', 'other')",
            name=op.f("ck_place_kind"),
        ),
        sa.CheckConstraint("risk_level IN ('high', 'medium', 'low')", name=op.f("ck_place_risk_level")),
        sa.CheckConstraint("check_cycle_days > 0", name=op.f("ck_place_check_cycle_days")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_place_area_id")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_place_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
    )
    for level in LEVELS:
        op.create_index(f"ix_place_{level}_sort_key_id", "place", [level, "sort_key", "id"])
    op.create_index("ix_place_uscc", "place", ["uscc"])
    op.create_index(op.f("ix_place_room_id"), "place", ["room_id"])


def downgrade() -> None:
    op.drop_table("area_event")
    op.drop_table("place")
