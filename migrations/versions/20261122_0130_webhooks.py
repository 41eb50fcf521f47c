"""Webhooks: addresses of clients, messages to them, the reader that makes these; what a client is told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0130"
down_revision = "20261122_0122"
branch_labels = None
depends_on = None

SUBJECTS = (
    "'left_residents', 'ticket_contacts', 'access_reasons', 'data_request_notes', 'attendance', 'messages'"
)
KEPT = "INSERT INTO retention_rule (id, subject, days) VALUES (gen_random_uuid(), 'webhook_deliveries', 30)"
# A log is read from now on; what was before is there to be replayed.
BEGIN = """
INSERT INTO outbox_reader (name, txid, last_id, read_at)
SELECT 'webhooks', pg_snapshot_xmax(pg_current_snapshot())::text::bigint, 0, now()
"""
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.add_column(
        "api_client", sa.Column("fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.create_table(
        "webhook_subscription",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("former_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("payload IN ('thin', 'full')", name=op.f("ck_webhook_subscription_payload")),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'disabled', 'removed')", name=op.f("ck_webhook_subscription_state")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_webhook_subscription_client_id")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_webhook_subscription_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscription")),
    )
    for column in ("client_id", "area_id"):
        op.create_index(op.f(f"ix_webhook_subscription_{column}"), "webhook_subscription", [column])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["webhook_subscription.id"],
            name=op.f("fk_webhook_delivery_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    _index("uq_webhook_delivery_event", "subscription_id", "event_id", unique=True)
    _index("ix_webhook_delivery_subscription_id_created_at_id", "subscription_id", "created_at", "id")
    _index("ix_webhook_delivery_created_at_id", "created_at", "id")
    _index("ix_webhook_delivery_order", "subscription_id", "ticket_id", "seq", where=WAITING)
    op.execute(BEGIN)
    _subjects(f"{SUBJECTS}, 'webhook_deliveries'")
    op.execute(KEPT)


def downgrade() -> None:
    op.execute("DELETE FROM retention_rule WHERE subject = 'webhook_deliveries'")
    _subjects(SUBJECTS)
    op.execute("DELETE FROM outbox_reader WHERE name = 'webhooks'")
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_subscription")
    op.drop_column("api_client", "fields")


def _index(name: str, *columns: str, unique: bool = False, where: sa.TextClause | None = None) -> None:
    op.create_index(name, "webhook_delivery", list(columns), unique=unique, postgresql_where=where)


def _subjects(subjects: str) -> None:
    name = op.f("ck_retention_rule_subject")
    op.drop_constraint(name, "retention_rule")
    op.create_check_constraint(name, "retention_rule", f"subject IN ({subjects})")
