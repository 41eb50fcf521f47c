"""The whole loop: drafts, merging, escalation, requests of every kind, supervision, the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0011"
down_revision = "20261121_0010"
branch_labels = None
depends_on = None

# Table, column, the codes before, the codes added.
# ruff: noqa: ISC004 - a code list is one text over several lines
CODES = (
    (
        "ticket",
        "status",
        "reported returned accepted dispatched processing resolved evaluating closed not_accepted "
        "withdrawn voided",
        "draft suspended escalating merged",
    ),
    (
        "ticket_event",
        "to_status",
        "reported returned accepted dispatched processing resolved evaluating closed not_accepted "
        "withdrawn voided",
        "draft suspended escalating merged",
    ),
    (
        "ticket_event",
        "action",
        "report submit withdraw accept return_for_info reject dispatch sign decline "
        "approve_decline deny_decline reroute resolve revisit rework evaluate close void",
        "save_draft self_resolve request_withdraw approve_withdraw deny_withdraw appeal merge "
        "unmerge contact transfer_down request_joint finish_joint escalate decide "
        "request_extension approve_extension deny_extension request_suspend approve_suspend "
        "deny_suspend resume review_suspension progress urge supervise reply_supervision "
        "lift_supervision instruct change reject_resolution lapse request_review approve_review "
        "deny_review cancel_request reopen archive comment",
    ),
    (
        "evaluation",
        "evaluated_by",
        "resident reporter superior third_party",
        "system",
    ),
)


def recheck(codes: dict[tuple[str, str], str]) -> None:
    """Replace the checks of code columns, reading each table once.

    That takes some 10 s for the timeline of a million tickets; to give up then would be to begin anew.
    """
    op.execute("SET LOCAL statement_timeout = '30min'")
    for table in dict.fromkeys(table for table, _column in codes):
        names = {column: f"ck_{table}_{column}" for of, column in codes if of == table}
        changes = [f"DROP CONSTRAINT {name}" for name in names.values()]
        for column, name in names.items():
            listed = ", ".join(f"'{code}'" for code in codes[table, column].split())
            changes.append(f"ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")
        op.execute(f"ALTER TABLE {table} {', '.join(changes)}")
    op.execute("SET LOCAL statement_timeout = '5s'")


def upgrade() -> None:
    op.create_table(
        "ticket_supervision",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "level IN ('none', 'normal', 'yellow', 'red')", name=op.f("ck_ticket_supervision_level")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_ticket_supervision_org_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_supervision_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_supervision")),
    )
    op.create_index(op.f("ix_ticket_supervision_org_id"), "ticket_supervision", ["org_id"], unique=False)
    op.create_index("ix_ticket_supervision_ticket_id", "ticket_supervision", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_suspension",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resume_on", sa.Date(), nullable=False),
        sa.Column("review_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('funds', 'season', 'appraisal', 'judicial', 'party_absent', 'force_majeure', "
            "'workload')",
            name=op.f("ck_ticket_suspension_reason"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_suspension_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_suspension")),
    )
    op.create_index(
        "ix_ticket_suspension_review_at",
        "ticket_suspension",
        ["review_at", "id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_ticket_suspension_ticket_id", "ticket_suspension", ["ticket_id"], unique=False)
    for table in ("category", "category_revision"):
        op.add_column(table, sa.Column("self_handled", sa.Boolean(), server_default="false", nullable=False))
        percent = sa.Column("revisit_percent", sa.SmallInteger(), server_default="20", nullable=False)
        op.add_column(table, percent)
    op.create_check_constraint("revisit_percent", "category", "revisit_percent BETWEEN 0 AND 100")
    op.alter_column("evaluation", "solved", existing_type=sa.TEXT(), nullable=True)
    op.add_column("ticket", sa.Column("confidential", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("ticket", sa.Column("rectify_mode", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("pending", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("supervise_level", sa.Text(), server_default="none", nullable=False))
    op.add_column(
        "ticket", sa.Column("handling_level", sa.SmallInteger(), server_default="1", nullable=False)
    )
    op.add_column("ticket", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.add_column("ticket", sa.Column("merged_from", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("resume_on", sa.Date(), nullable=True))
    op.add_column("ticket", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "ticket", sa.Column("excluded_from_assessment", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "ticket", sa.Column("extension_count", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("ticket", sa.Column("reopen_count", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("ticket", sa.Column("appeal_count", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(op.f("ix_ticket_merged_into_id"), "ticket", ["merged_into_id"], unique=False)
    op.create_foreign_key(op.f("fk_ticket_merged_into_id"), "ticket", "ticket", ["merged_into_id"], ["id"])
    op.create_check_constraint(
        "supervise_level", "ticket", "supervise_level IN ('none', 'normal', 'yellow', 'red')"
    )
    op.execute("UPDATE ticket SET pending = 'decline' WHERE pending_decline")
    op.create_index(
        "ix_ticket_pending",
        "ticket",
        ["reported_at", "id"],
        postgresql_where=sa.text("pending IS NOT NULL"),
    )
    op.drop_column("ticket", "pending_decline")
    op.execute("ALTER TABLE ticket_request DROP CONSTRAINT ck_ticket_request_duties")
    op.create_check_constraint(
        "duties", "ticket_request", "state = 'cancelled' OR decided_by IS DISTINCT FROM asked_by"
    )
    recheck({(table, column): f"{before} {added}" for table, column, before, added in CODES})
    op.add_column(
        "ticket_assignment", sa.Column("is_lead", sa.Boolean(), server_default="true", nullable=False)
    )
    op.create_index(
        "ix_ticket_assignment_helping",
        "ticket_assignment",
        ["org_id", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("NOT is_lead AND ended_at IS NULL"),
    )
    op.drop_constraint(op.f("uq_ticket_assignment_ticket_id_round"), "ticket_assignment", type_="unique")
    op.create_unique_constraint(
        op.f("uq_ticket_assignment_ticket_id_round_org_id"),
        "ticket_assignment",
        ["ticket_id", "round", "org_id"],
    )
    op.add_column("ticket_clock", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket_clock", sa.Column("halved", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("ticket_clock", sa.Column("level", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_ticket_clock_next_at",
        "ticket_clock",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL AND paused_at IS NULL"),
    )
    op.add_column("ticket_request", sa.Column("amount", sa.Integer(), nullable=True))
    op.add_column("ticket_request", sa.Column("resume_on", sa.Date(), nullable=True))
    op.alter_column("ticket_request", "reason", existing_type=sa.TEXT(), nullable=True)
    op.alter_column("ticket_request", "basis", existing_type=sa.TEXT(), nullable=True)
    op.drop_index(
        op.f("uq_ticket_request_pending"),
        table_name="ticket_request",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "uq_ticket_request_pending",
        "ticket_request",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.execute("ALTER TABLE ticket_request DROP CONSTRAINT ck_ticket_request_duties")
    op.create_check_constraint(
        "duties", "ticket_request", "decided_by IS DISTINCT FROM asked_by OR decided_by IS NULL"
    )
    recheck({(table, column): before for table, column, before, _added in CODES})
    op.drop_index(
        "uq_ticket_request_pending",
        table_name="ticket_request",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        op.f("uq_ticket_request_pending"),
        "ticket_request",
        ["ticket_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.alter_column("ticket_request", "basis", existing_type=sa.TEXT(), nullable=False)
    op.alter_column("ticket_request", "reason", existing_type=sa.TEXT(), nullable=False)
    op.drop_column("ticket_request", "resume_on")
    op.drop_column("ticket_request", "amount")
    op.drop_index(
        "ix_ticket_clock_next_at",
        table_name="ticket_clock",
        postgresql_where=sa.text("stopped_at IS NULL AND paused_at IS NULL"),
    )
    op.drop_column("ticket_clock", "level")
    op.drop_column("ticket_clock", "halved")
    op.drop_column("ticket_clock", "next_at")
    op.drop_constraint(
        op.f("uq_ticket_assignment_ticket_id_round_org_id"), "ticket_assignment", type_="unique"
    )
    op.create_unique_constraint(
        op.f("uq_ticket_assignment_ticket_id_round"),
        "ticket_assignment",
        ["ticket_id", "round"],
    )
    op.drop_index(
        "ix_ticket_assignment_helping",
        table_name="ticket_assignment",
        postgresql_where=sa.text("NOT is_lead AND ended_at IS NULL"),
    )
    op.drop_column("ticket_assignment", "is_lead")
    op.add_column(
        "ticket",
        sa.Column(
            "pending_decline",
            sa.BOOLEAN(),
            server_default=sa.text("false"),
            autoincrement=False,
            nullable=False,
        ),
    )
    op.drop_constraint(op.f("fk_ticket_merged_into_id"), "ticket", type_="foreignkey")
    op.drop_index(op.f("ix_ticket_merged_into_id"), table_name="ticket")
    op.drop_column("ticket", "appeal_count")
    op.drop_column("ticket", "reopen_count")
    op.drop_column("ticket", "extension_count")
    op.drop_column("ticket", "excluded_from_assessment")
    op.drop_column("ticket", "archived_at")
    op.drop_column("ticket", "resume_on")
    op.drop_column("ticket", "merged_from")
    op.drop_column("ticket", "merged_into_id")
    op.drop_column("ticket", "handling_level")
    op.drop_constraint("supervise_level", "ticket", type_="check")
    op.drop_column("ticket", "supervise_level")
    op.execute("UPDATE ticket SET pending_decline = true WHERE pending = 'decline'")
    op.drop_index("ix_ticket_pending", table_name="ticket")
    op.drop_column("ticket", "pending")
    op.drop_column("ticket", "rectify_mode")
    op.drop_column("ticket", "confidential")
    op.alter_column("evaluation", "solved", existing_type=sa.TEXT(), nullable=False)
    for table in ("category_revision", "category"):
        op.drop_column(table, "revisit_percent")
        op.drop_column(table, "self_handled")
    op.drop_index("ix_ticket_suspension_ticket_id", table_name="ticket_suspension")
    op.drop_index(
        "ix_ticket_suspension_review_at",
        table_name="ticket_suspension",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("ticket_suspension")
    op.drop_index("ix_ticket_supervision_ticket_id", table_name="ticket_supervision")
    op.drop_index(op.f("ix_ticket_supervision_org_id"), table_name="ticket_supervision")
    op.drop_table("ticket_supervision")
