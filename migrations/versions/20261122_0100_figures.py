"""Figures: what was folded of each record, the rollups, the state of the fold, and working time in SQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0100"
down_revision = "20261122_0090"
branch_labels = None
depends_on = None

CELL = ("generation", "area_id", "org_id", "divided", "grain", "start", "key", "part")
LONG = ("work_minutes", "wall_minutes")
MEASURES = """
    reported judged valid self_resolved accepted supervised accept_due accept_met dispatch_due dispatch_met
    sign_due sign_met contact_due contact_met handle_due handle_met revisit_due revisit_met close_due
    close_met overall_due overall_closed dispatched misrouted declined results revisit_needed revisited
    resolved reworked reworks handled work_minutes wall_minutes within_1h within_2h within_4h within_1d
    within_2d within_3d within_5d within_10d within_20d attempts reached said_solved closed first_time
    at_village at_town answered content satisfied disputes disputes_solved supervisions yellow_cards
    red_cards open_report open_route open_handle open_revisit open_close suspended overdue overdue_report
    overdue_route overdue_handle overdue_revisit overdue_close overdue_1d overdue_3d overdue_7d aged_1d
    aged_3d aged_7d aged_15d aged_30d visits effective_visits opinions
"""
# As `services.platform.worktime` reckons: a season's hours replace the calendar's, a day that is not
# published is guessed, and a calendar without hours of its own is the default one.
WORK_SECONDS = """
CREATE FUNCTION work_seconds(calendar uuid, starts timestamptz, ends timestamptz) RETURNS numeric
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (WITH office AS (
        SELECT base.id AS default_id, coalesce((SELECT own.calendar_id FROM work_calendar_segment own
                 WHERE own.calendar_id = calendar LIMIT 1), base.id) AS id
          FROM work_calendar base WHERE base.is_default),
    worked AS (
        SELECT office.id, day.day
          FROM office
         CROSS JOIN (SELECT (starts AT TIME ZONE 'Asia/Shanghai')::date + n AS day
               FROM generate_series(0, (ends AT TIME ZONE 'Asia/Shanghai')::date
                                       - (starts AT TIME ZONE 'Asia/Shanghai')::date) AS n) AS day
          LEFT JOIN work_calendar_day own ON own.calendar_id = office.id AND own.day = day.day
          LEFT JOIN work_calendar_day base ON base.calendar_id = office.default_id AND base.day = day.day
         WHERE coalesce(coalesce(own.kind, base.kind) IN ('workday', 'makeup_workday'),
                        extract(isodow FROM day.day) < 6 AND to_char(day.day, 'MM-DD')
                        NOT IN ('01-01', '05-01', '05-02', '10-01', '10-02', '10-03'))),
    season AS (
        SELECT worked.day, season.id
          FROM worked JOIN work_calendar_season season ON season.calendar_id = worked.id
           AND CASE WHEN season.first_day <= season.last_day
                    THEN to_char(worked.day, 'MM-DD') BETWEEN season.first_day AND season.last_day
                    ELSE to_char(worked.day, 'MM-DD') >= season.first_day
                      OR to_char(worked.day, 'MM-DD') <= season.last_day END),
    hours AS (
        SELECT season.day, segment.starts, segment.ends
          FROM season JOIN work_calendar_season_segment segment ON segment.season_id = season.id
         UNION ALL
        SELECT worked.day, segment.starts, segment.ends
          FROM worked JOIN work_calendar_segment segment ON segment.calendar_id = worked.id
         WHERE NOT EXISTS (SELECT FROM season WHERE season.day = worked.day))
    SELECT coalesce(sum(greatest(0, extract(epoch FROM
               least($3, (hours.day + hours.ends) AT TIME ZONE 'Asia/Shanghai')
               - greatest($2, (hours.day + hours.starts) AT TIME ZONE 'Asia/Shanghai')))), 0)
      FROM hours);
END $$
"""


def measures() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger() if name in LONG else sa.Integer()) for name in MEASURES.split()]


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "stat_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("txid", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("matured_at", moment, nullable=False),
        sa.Column("folded_at", moment, nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_ok", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stat_state")),
    )
    op.create_table(
        "stat_build",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("txid", sa.BigInteger(), nullable=False),
        sa.Column("matured_at", moment, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("built_to", sa.Uuid(), nullable=False),
        sa.Column("cells_to", moment, nullable=True),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_stat_build")),
    )
    op.create_table(
        "stat_record",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.PrimaryKeyConstraint("generation", "id", name=op.f("pk_stat_record")),
    )
    op.create_table(
        "stat_fact",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("village_id", sa.Uuid()),
        sa.Column("grid_id", sa.Uuid()),
        sa.Column("hour", moment, nullable=False),
        sa.Column("counts_from", moment),
        sa.Column("org_id", sa.Uuid()),
        sa.Column("member_id", sa.Uuid()),
        *measures(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stat_fact")),
    )
    op.create_index("ix_stat_fact_record_id", "stat_fact", ["record_id"])
    op.create_index("ix_stat_fact_hour", "stat_fact", ["hour", "record_id"])
    op.create_index("ix_stat_fact_village_id_hour", "stat_fact", ["village_id", "hour", "record_id"])
    op.create_index("ix_stat_fact_grid_id_hour", "stat_fact", ["grid_id", "hour", "record_id"])
    op.create_index("ix_stat_fact_org_id_hour", "stat_fact", ["org_id", "hour", "record_id"])
    op.create_index(
        "ix_stat_fact_counts_from",
        "stat_fact",
        ["counts_from"],
        postgresql_where=sa.text("counts_from IS NOT NULL"),
    )
    op.create_table(
        "stat_cell",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("divided", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("start", moment, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        *measures(),
        sa.PrimaryKeyConstraint(*CELL, name=op.f("pk_stat_cell")),
        postgresql_with={"fillfactor": "80"},
    )
    op.execute(WORK_SECONDS)


def downgrade() -> None:
    op.execute("DROP FUNCTION work_seconds(uuid, timestamptz, timestamptz)")
    for table in ("stat_cell", "stat_fact", "stat_record", "stat_build", "stat_state"):
        op.drop_table(table)
