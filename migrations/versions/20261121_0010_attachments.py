"""Uploaded files, the steps of tickets that they belong to, and intents to store a file."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_0010"
down_revision = "20261121_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('photo', 'video', 'audio', 'document')", name=op.f("ck_attachment_kind")
        ),
        sa.CheckConstraint("num_nonnulls(member_id, client_id) = 1", name=op.f("ck_attachment_owner")),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachment_size")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_attachment_client_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attachment_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    for column in ("client_id", "member_id", "object_key", "sha256"):
        op.create_index(op.f(f"ix_attachment_{column}"), "attachment", [column], unique=False)
    op.create_table(
        "ticket_attachment",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('before', 'after', 'evidence', 'other')", name=op.f("ck_ticket_attachment_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_ticket_attachment_attachment_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["ticket_event.id"], name=op.f("fk_ticket_attachment_event_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_attachment_ticket_id")),
        sa.PrimaryKeyConstraint("event_id", "attachment_id", name=op.f("pk_ticket_attachment")),
    )
    for column in ("attachment_id", "ticket_id"):
        op.create_index(op.f(f"ix_ticket_attachment_{column}"), "ticket_attachment", [column], unique=False)
    op.create_table(
        "file_intent",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_file_intent")),
    )
    op.create_index(op.f("ix_file_intent_created_at"), "file_intent", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_table("file_intent")
    op.drop_table("ticket_attachment")
    op.drop_table("attachment")
