"""Figures: what was folded of each record, the rollups, the state of the fold, and working time in SQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0100"
down_revision = "20261122_0090"
branch_labels = None
depends_on = None

CELL = ("generation", "area_id", "org_id", "divided", "grain", "start", "key")
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
    aged_3d aged_7d aged_15d aged_30d listed listed_closed listed_answered listed_content visits
    effective_visits opinions
"""
# As `services.platform.worktime` reckons: a season's hours replace the calendar's, a day that is not
# published is guessed, and a calendar without hours of its own is the default one. `before` is the seconds of
# work of the days before, so that what lies between two instants is a difference and no count of days.
WORKING_DAYS = """
CREATE FUNCTION working_days(first date, last date)
RETURNS TABLE (calendar_id uuid, day date, hours tstzrange[], before numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH office AS MATERIALIZED (
        SELECT calendar.id AS calendar_id, base.id AS default_id,
               coalesce((SELECT own.calendar_id FROM work_calendar_segment own
                          WHERE own.calendar_id = calendar.id LIMIT 1), base.id) AS id
          FROM work_calendar calendar JOIN work_calendar base ON base.is_default),
    dated AS MATERIALIZED (
        SELECT office.calendar_id, office.id, first + n AS day, to_char(first + n, 'MM-DD') AS of_year,
               coalesce((SELECT kind FROM work_calendar_day own
                          WHERE own.calendar_id = office.id AND own.day = first + n),
                        (SELECT kind FROM work_calendar_day base
                          WHERE base.calendar_id = office.default_id AND base.day = first + n)) AS kind
          FROM office CROSS JOIN generate_series(0, last - first) AS n),
    worked AS MATERIALIZED (
        SELECT dated.*,
               coalesce(kind IN ('workday', 'makeup_workday'), extract(isodow FROM dated.day) < 6
                        AND of_year NOT IN ('01-01', '05-01', '05-02', '10-01', '10-02', '10-03')) AS open,
               ARRAY(SELECT season.id FROM work_calendar_season season
                      WHERE season.calendar_id = dated.id
                        AND CASE WHEN season.first_day <= season.last_day
                                 THEN of_year BETWEEN season.first_day AND season.last_day
                                 ELSE of_year >= season.first_day OR of_year <= season.last_day
                             END) AS seasons
          FROM dated),
    timed AS MATERIALIZED (
        SELECT worked.calendar_id, worked.day,
               ARRAY(SELECT tstzrange((worked.day + segment.starts) AT TIME ZONE 'Asia/Shanghai',
                                      (worked.day + segment.ends) AT TIME ZONE 'Asia/Shanghai')
                       FROM (SELECT starts, ends FROM work_calendar_season_segment
                              WHERE season_id = ANY(worked.seasons)
                              UNION ALL
                             SELECT starts, ends FROM work_calendar_segment
                              WHERE calendar_id = worked.id AND worked.seasons = '{}') AS segment
                      WHERE worked.open) AS hours
          FROM worked)
    SELECT timed.calendar_id, timed.day, timed.hours, coalesce(sum(
               (SELECT sum(extract(epoch FROM upper(one) - lower(one))) FROM unnest(timed.hours) AS one))
               OVER (PARTITION BY timed.calendar_id ORDER BY timed.day
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
      FROM timed
$$
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
    op.create_index("ix_stat_fact_hour", "stat_fact", ["hour"])
    op.create_index("ix_stat_fact_village_id_hour", "stat_fact", ["village_id", "hour"])
    op.create_index("ix_stat_fact_grid_id_hour", "stat_fact", ["grid_id", "hour"])
    op.create_index("ix_stat_fact_org_id_hour", "stat_fact", ["org_id", "hour"])
    for columns in (["record_id"], ["village_id", "record_id"], ["org_id", "record_id"]):
        op.create_index(
            f"ix_stat_fact_now_{'_'.join(columns)}",
            "stat_fact",
            columns,
            postgresql_where=sa.text("hour = '-infinity'"),
        )
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
        *measures(),
        sa.PrimaryKeyConstraint(*CELL, name=op.f("pk_stat_cell")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_ticket_town_id_updated_at", "ticket", ["town_id", "updated_at"])
    op.create_index(
        "ix_household_coverage",
        "household",
        ["town_id", "last_visit_on"],
        postgresql_where=sa.text("ended_on IS NULL AND household_type <> 'vacant'"),
    )
    op.execute(WORKING_DAYS)


def downgrade() -> None:
    op.execute("DROP FUNCTION working_days(date, date)")
    op.drop_index("ix_household_coverage", "household")
    op.drop_index("ix_ticket_town_id_updated_at", "ticket")
    for table in ("stat_cell", "stat_fact", "stat_record", "stat_build", "stat_state"):
        op.drop_table(table)
