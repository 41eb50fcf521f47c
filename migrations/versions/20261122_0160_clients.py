"""Clients: owner, bounds of their tokens, allowances, an end; former secrets and the use of tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0160"
down_revision = "20261122_0151"
branch_labels = None
depends_on = None

TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    for column in (
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("scopes", TEXTS, server_default="{}", nullable=False),
        sa.Column("networks", TEXTS, server_default="{}", nullable=False),
        sa.Column("per_minute", sa.Integer(), server_default="600", nullable=False),
        sa.Column("per_day", sa.Integer(), server_default="100000", nullable=False),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now() + interval '365 days'"),
            nullable=False,
        ),
    ):
        op.add_column("api_client", column)
    for name in ("per_minute", "per_day"):
        op.create_check_constraint(op.f(f"ck_api_client_{name}"), "api_client", f"{name} > 0")
    op.create_table(
        "api_client_area",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_api_client_area_client_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_api_client_area_area_id")),
        sa.PrimaryKeyConstraint("client_id", "area_id", name=op.f("pk_api_client_area")),
    )
    op.create_index(op.f("ix_api_client_area_area_id"), "api_client_area", ["area_id"])
    op.add_column("api_token", sa.Column("former_secret_hash", sa.LargeBinary(), nullable=True))
    for name in ("former_until", "last_used_at"):
        op.add_column("api_token", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    _create_uses()


def _create_uses() -> None:
    op.create_table(
        "api_use",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("limited", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_api_use_token_id")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_api_use_client_id")),
        sa.PrimaryKeyConstraint("token_id", "operation", "hour", name=op.f("pk_api_use")),
    )
    op.create_index("ix_api_use_client_id_hour", "api_use", ["client_id", "hour"])
    op.create_table(
        "api_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_api_call_client_id")),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_api_call_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_call")),
    )
    op.create_index("ix_api_call_client_id_id", "api_call", ["client_id", "id"])
    for column in ("token_id", "at"):
        op.create_index(op.f(f"ix_api_call_{column}"), "api_call", [column])


def downgrade() -> None:
    op.drop_table("api_call")
    op.drop_table("api_use")
    for name in ("last_used_at", "former_until", "former_secret_hash"):
        op.drop_column("api_token", name)
    op.drop_table("api_client_area")
    for name in ("expires_at", "per_day", "per_minute", "networks", "scopes", "owner"):
        op.drop_column("api_client", name)
