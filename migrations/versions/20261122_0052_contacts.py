"""Contact links between members and households, and their quotas."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0052"
down_revision = "20261122_0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_link",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('party', 'pairing')", name=op.f("ck_contact_link_kind")),
        sa.CheckConstraint(
            "rank IN ('leader', 'cadre', 'party_member', 'volunteer')", name=op.f("ck_contact_link_rank")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_contact_link_span")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_contact_link_household_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_contact_link_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_link")),
    )
    op.create_index("ix_contact_link_household_id", "contact_link", ["household_id"], unique=False)
    op.create_index("ix_contact_link_member_id", "contact_link", ["member_id"], unique=False)
    op.create_index(
        "uq_contact_link_now",
        "contact_link",
        ["member_id", "household_id", "kind"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "contact_quota",
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("household_type", sa.Text(), nullable=True),
        sa.Column("most", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "household_type IN ('resident', 'rental', 'separated', 'vacant', 'collective', 'shop_house')",
            name=op.f("ck_contact_quota_household_type"),
        ),
        sa.CheckConstraint("kind IN ('party', 'pairing')", name=op.f("ck_contact_quota_kind")),
        sa.CheckConstraint(
            "rank IN ('leader', 'cadre', 'party_member', 'volunteer')", name=op.f("ck_contact_quota_rank")
        ),
        sa.CheckConstraint("most > 0", name=op.f("ck_contact_quota_most")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_contact_quota_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_quota")),
    )
    op.create_index(
        "uq_contact_quota_rule",
        "contact_quota",
        ["area_id", "kind", "rank", "household_type"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    op.drop_index("uq_contact_quota_rule", table_name="contact_quota", postgresql_nulls_not_distinct=True)
    op.drop_table("contact_quota")
    op.drop_index(
        "uq_contact_link_now", table_name="contact_link", postgresql_where=sa.text("valid_to IS NULL")
    )
    op.drop_index("ix_contact_link_member_id", table_name="contact_link")
    op.drop_index("ix_contact_link_household_id", table_name="contact_link")
    op.drop_table("contact_link")
