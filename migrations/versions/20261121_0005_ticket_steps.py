"""Timeline, notes, clocks, assignments, requests, revisits, evaluations, outcomes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_0005"
down_revision = "20261121_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluation",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("by_member_id", sa.Uuid(), nullable=True),
        sa.Column("evaluated_by", sa.Text(), nullable=False),
        sa.Column("satisfaction", sa.Text(), nullable=False),
        sa.Column("solved", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "evaluated_by IN ('resident', 'reporter', 'superior', 'third_party')",
            name=op.f("ck_evaluation_evaluated_by"),
        ),
        sa.CheckConstraint(
            "satisfaction IN ("
            "'very', 'satisfied', 'basically', 'dissatisfied', 'very_dis', 'unevaluated', "
            "'unreachable'"
            ")",
            name=op.f("ck_evaluation_satisfaction"),
        ),
        sa.CheckConstraint(
            "solved IN ('solved', 'basically', 'unsolved')", name=op.f("ck_evaluation_solved")
        ),
        sa.ForeignKeyConstraint(["by_member_id"], ["member.id"], name=op.f("fk_evaluation_by_member_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_evaluation_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
    )
    op.create_index(op.f("ix_evaluation_by_member_id"), "evaluation", ["by_member_id"], unique=False)
    op.create_index("ix_evaluation_ticket_id", "evaluation", ["ticket_id"], unique=False)
    op.create_table(
        "revisit",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("solved", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("method IN ('phone', 'in_person', 'link')", name=op.f("ck_revisit_method")),
        sa.CheckConstraint(
            "satisfaction IN ("
            "'very', 'satisfied', 'basically', 'dissatisfied', 'very_dis', 'unevaluated', "
            "'unreachable'"
            ")",
            name=op.f("ck_revisit_satisfaction"),
        ),
        sa.CheckConstraint("solved IN ('solved', 'basically', 'unsolved')", name=op.f("ck_revisit_solved")),
        sa.ForeignKeyConstraint(["agent_id"], ["member.id"], name=op.f("fk_revisit_agent_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_revisit_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisit")),
    )
    op.create_index(op.f("ix_revisit_agent_id"), "revisit", ["agent_id"], unique=False)
    op.create_index("ix_revisit_ticket_id", "revisit", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_assignment",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("handler_id", sa.Uuid(), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["handler_id"], ["member.id"], name=op.f("fk_ticket_assignment_handler_id")),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_ticket_assignment_org_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_assignment_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_assignment")),
        sa.UniqueConstraint("ticket_id", "round", name=op.f("uq_ticket_assignment_ticket_id_round")),
    )
    op.create_index(
        op.f("ix_ticket_assignment_handler_id"), "ticket_assignment", ["handler_id"], unique=False
    )
    op.create_index(
        "ix_ticket_assignment_org_id_dispatched_at",
        "ticket_assignment",
        ["org_id", "dispatched_at"],
        unique=False,
    )
    op.create_table(
        "ticket_clock",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accept', 'dispatch', 'sign', 'handle', 'revisit', 'close')",
            name=op.f("ck_ticket_clock_kind"),
        ),
        sa.CheckConstraint(
            "unit IN ('wall_minutes', 'work_minutes', 'work_days')", name=op.f("ck_ticket_clock_unit")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_ticket_clock_org_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_clock_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_clock")),
    )
    op.create_index(op.f("ix_ticket_clock_org_id"), "ticket_clock", ["org_id"], unique=False)
    op.create_index("ix_ticket_clock_ticket_id", "ticket_clock", ["ticket_id"], unique=False)
    op.create_index(
        "uq_ticket_clock_running",
        "ticket_clock",
        ["ticket_id", "kind"],
        unique=True,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_table(
        "ticket_event",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "action IN ("
            "'report', 'submit', 'withdraw', 'accept', 'return_for_info', 'reject', "
            "'dispatch', 'sign', 'decline', 'approve_decline', 'deny_decline', 'reroute', "
            "'resolve', 'revisit', 'rework', 'evaluate', 'close', 'void'"
            ")",
            name=op.f("ck_ticket_event_action"),
        ),
        sa.CheckConstraint(
            "to_status IN ("
            "'reported', 'returned', 'accepted', 'dispatched', 'processing', 'resolved', "
            "'evaluating', 'closed', 'not_accepted', 'withdrawn', 'voided'"
            ")",
            name=op.f("ck_ticket_event_to_status"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_event_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_event")),
        sa.UniqueConstraint("ticket_id", "seq", name=op.f("uq_ticket_event_ticket_id_seq")),
    )
    op.create_index("ix_ticket_event_at_id", "ticket_event", ["at", "id"], unique=False)
    op.create_table(
        "ticket_outcome",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("resolution_type", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("public_reply", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "resolution_type IN ("
            "'solved', 'partly', 'explained', 'planned', 'out_of_scope', 'duplicate', "
            "'untrue', 'unreachable', 'self_withdrawn'"
            ")",
            name=op.f("ck_ticket_outcome_resolution_type"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_outcome_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "round", name=op.f("pk_ticket_outcome")),
    )
    op.create_table(
        "ticket_request",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("proposed_org_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'denied', 'cancelled')", name=op.f("ck_ticket_request_state")
        ),
        sa.CheckConstraint(
            "decided_by IS DISTINCT FROM asked_by OR decided_by IS NULL",
            name=op.f("ck_ticket_request_duties"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_org_id"], ["org.id"], name=op.f("fk_ticket_request_proposed_org_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_request_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_request")),
    )
    op.create_index(
        op.f("ix_ticket_request_proposed_org_id"), "ticket_request", ["proposed_org_id"], unique=False
    )
    op.create_index("ix_ticket_request_ticket_id", "ticket_request", ["ticket_id"], unique=False)
    op.create_index(
        "uq_ticket_request_pending",
        "ticket_request",
        ["ticket_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "ticket_note",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["ticket_event.id"], name=op.f("fk_ticket_note_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ticket_note")),
    )


def downgrade() -> None:
    op.drop_table("ticket_note")
    op.drop_index(
        "uq_ticket_request_pending",
        table_name="ticket_request",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index("ix_ticket_request_ticket_id", table_name="ticket_request")
    op.drop_index(op.f("ix_ticket_request_proposed_org_id"), table_name="ticket_request")
    op.drop_table("ticket_request")
    op.drop_table("ticket_outcome")
    op.drop_index("ix_ticket_event_at_id", table_name="ticket_event")
    op.drop_table("ticket_event")
    op.drop_index(
        "uq_ticket_clock_running", table_name="ticket_clock", postgresql_where=sa.text("stopped_at IS NULL")
    )
    op.drop_index("ix_ticket_clock_ticket_id", table_name="ticket_clock")
    op.drop_index(op.f("ix_ticket_clock_org_id"), table_name="ticket_clock")
    op.drop_table("ticket_clock")
    op.drop_index("ix_ticket_assignment_org_id_dispatched_at", table_name="ticket_assignment")
    op.drop_index(op.f("ix_ticket_assignment_handler_id"), table_name="ticket_assignment")
    op.drop_table("ticket_assignment")
    op.drop_index("ix_revisit_ticket_id", table_name="revisit")
    op.drop_index(op.f("ix_revisit_agent_id"), table_name="revisit")
    op.drop_table("revisit")
    op.drop_index("ix_evaluation_ticket_id", table_name="evaluation")
    op.drop_index(op.f("ix_evaluation_by_member_id"), table_name="evaluation")
    op.drop_table("evaluation")
