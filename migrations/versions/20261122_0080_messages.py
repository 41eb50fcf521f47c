"""Messages, the rules of their escalation, deliveries, and the reader that makes them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0080"
down_revision = "20261122_0070"
branch_labels = None
depends_on = None

SUBJECTS = "'left_residents', 'ticket_contacts', 'access_reasons', 'data_request_notes', 'attendance'"
KEPT = "INSERT INTO retention_rule (id, subject, days) VALUES (gen_random_uuid(), 'messages', 180)"
# A log is read from now on: nobody is told what happened before there were messages.
BEGIN = """
INSERT INTO outbox_reader (name, txid, last_id, read_at)
SELECT 'messages', pg_snapshot_xmax(pg_current_snapshot())::text::bigint, 0, now()
"""
# Minutes unread until a channel rings; the rows that are off are there to be switched on.
RULES = """
INSERT INTO escalation_rule (id, category, channel, after_minutes, quiet_from, quiet_until, enabled)
SELECT gen_random_uuid(), category, channel, minutes, TIME '21:00', TIME '07:30', enabled
  FROM (VALUES ('task', 'wecom', 30, true), ('task', 'mail', 240, false), ('task', 'sms', 240, false),
               ('limit', 'wecom', 15, true), ('limit', 'mail', 60, false), ('limit', 'sms', 60, true),
               ('card', 'wecom', 5, true), ('card', 'mail', 60, true), ('card', 'sms', 15, true),
               ('answer', 'wecom', 240, false), ('answer', 'mail', 240, false), ('answer', 'sms', 240, false),
               ('registry', 'wecom', 240, true), ('registry', 'mail', 240, false),
               ('registry', 'sms', 1440, false)) AS rule (category, channel, minutes, enabled)
"""


def upgrade() -> None:
    op.create_table(
        "outbox_reader",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("txid", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outbox_reader")),
    )
    op.create_table(
        "notification",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "category IN ('task', 'limit', 'card', 'answer', 'registry')",
            name=op.f("ck_notification_category"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_notification_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_created_at", "notification", ["created_at"], unique=False)
    op.create_index("ix_notification_member_id_id", "notification", ["member_id", "id"], unique=False)
    op.create_index(
        "ix_notification_next_at",
        "notification",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL AND next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_unread",
        "notification",
        ["member_id", "category", "id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "escalation_rule",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("after_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "category IN ('task', 'limit', 'card', 'answer', 'registry')",
            name=op.f("ck_escalation_rule_category"),
        ),
        sa.CheckConstraint("channel IN ('wecom', 'mail', 'sms')", name=op.f("ck_escalation_rule_channel")),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_escalation_rule_quiet")
        ),
        sa.CheckConstraint("after_minutes BETWEEN 1 AND 4320", name=op.f("ck_escalation_rule_after_minutes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_rule")),
    )
    op.create_index(
        "uq_escalation_rule_category_channel", "escalation_rule", ["category", "channel"], unique=True
    )
    op.create_table(
        "delivery",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("notification_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("channel IN ('wecom', 'mail', 'sms')", name=op.f("ck_delivery_channel")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'read_before', 'no_address', 'no_channel', 'failed')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_delivery_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_created_at", "delivery", ["created_at"], unique=False)
    op.create_index("ix_delivery_member_id_id", "delivery", ["member_id", "id"], unique=False)
    op.create_index(
        "uq_delivery_waiting",
        "delivery",
        ["member_id", "channel"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "mail_address",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_mail_address_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_address")),
        sa.UniqueConstraint("member_id", name=op.f("uq_mail_address_member_id")),
    )
    op.execute(BEGIN)
    op.execute(RULES)
    name = op.f("ck_retention_rule_subject")
    op.drop_constraint(name, "retention_rule")
    op.create_check_constraint(name, "retention_rule", f"subject IN ({SUBJECTS}, 'messages')")
    op.execute(KEPT)


def downgrade() -> None:
    op.execute("DELETE FROM retention_rule WHERE subject = 'messages'")
    name = op.f("ck_retention_rule_subject")
    op.drop_constraint(name, "retention_rule")
    op.create_check_constraint(name, "retention_rule", f"subject IN ({SUBJECTS})")
    op.drop_table("mail_address")
    op.drop_index("ix_delivery_created_at", table_name="delivery")
    op.drop_index("ix_delivery_member_id_id", table_name="delivery")
    op.drop_index("uq_delivery_waiting", table_name="delivery", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("delivery")
    op.drop_index("uq_escalation_rule_category_channel", table_name="escalation_rule")
    op.drop_table("escalation_rule")
    op.drop_index("ix_notification_created_at", table_name="notification")
    op.drop_index("ix_notification_member_id_id", table_name="notification")
    op.drop_index(
        "ix_notification_next_at",
        table_name="notification",
        postgresql_where=sa.text("read_at IS NULL AND next_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_notification_unread", table_name="notification", postgresql_where=sa.text("read_at IS NULL")
    )
    op.drop_table("notification")
    op.drop_table("outbox_reader")
