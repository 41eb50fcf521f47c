"""What the KPIs say of tickets whose story is known: who counts, where, when, and against whom."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.errors import Invalid, NotFound
from app.models.area import Area
from app.models.enums import Stage
from app.models.enums.figure import Breakdown, Grain, PeriodName
from app.models.staff import Org
from app.schemas.stats_figures import Figure, KpiRead
from app.services.stats import board, breakdowns
from app.services.stats.asked import Asked
from app.services.stats.kpis import KPIS
from tests.support.sweeping import Story, at

YEAR = Asked(period=PeriodName.YEAR)
ON = date(2026, 3, 1)
URBAN, FIRE = "urban", "fire"
SATISFIED = {"method": "phone", "reached": True, "solved": "solved", "satisfaction": "basically"}


async def kpis(story: Story, who: str = "dispatcher", asked: Asked = YEAR) -> dict[str, KpiRead]:
    """All KPIs of somebody's scope by their codes."""
    async with story.sessions() as session:
        read = await board.kpis(session, actor=story.cast[who], asked=asked)
    return {item.code: item for item in read.items}


async def by(story: Story, what: Breakdown, code: str, who: str = "dispatcher") -> dict[str, Any]:
    """One KPI divided by something: value, numerator and denominator by the names of who has any."""
    async with story.sessions() as session:
        read = await breakdowns.breakdown(
            session, actor=story.cast[who], asked=YEAR, by=what, codes=[code], limit=50
        )
    found = {row.name: row.figures[0] for row in read.rows}
    return {name: share(figure) for name, figure in found.items() if figure.numerator or figure.denominator}


def share(figure: Figure) -> tuple[float | None, int | None, int | None]:
    return figure.value, figure.numerator, figure.denominator


async def close(story: Story, **answers: Any) -> None:
    """From dispatched to closed, by the department that has it."""
    await story.act("dept_handler", "sign")
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")
    await story.act("revisit_agent", "revisit", **{**SATISFIED, **answers})
    await story.act(
        "revisit_agent", "evaluate", evaluated_by="reporter", satisfaction="basically", solved="solved"
    )
    await story.act("dispatcher", "close")


async def test_trap_15_a_kpi_without_anything_to_divide_by_has_no_value(story: Story) -> None:
    shares = {code: kpi for code, kpi in (await kpis(story)).items() if kpi.denominator is not None}
    assert len(shares) > 25
    assert {(kpi.value, kpi.numerator, kpi.denominator) for kpi in shares.values()} == {(None, 0, 0)}
    assert {kpi.change for kpi in shares.values()} == {None}


async def test_trap_15_an_area_with_one_ticket_has_a_figure_and_no_place_in_the_ranking(story: Story) -> None:
    await story.to("evaluating")
    async with story.sessions() as session:
        ranking = await breakdowns.ranking(
            session, actor=story.cast["dispatcher"], asked=YEAR, by=Breakdown.AREA, code="solved_rate"
        )
    rows = {row.name: (row.rank, *share(row)) for row in ranking.rows}
    villages = {name: story.world.places[name].name for name in ("village_a", "village_b")}
    assert rows == {villages["village_a"]: (None, 1.0, 1, 1), villages["village_b"]: (None, None, 0, 0)}


async def test_trap_15_an_area_with_one_ticket_has_a_score_and_no_place(story: Story) -> None:
    await story.to("dispatched")
    await close(story)
    story.now += timedelta(days=20)
    async with story.sessions() as session:
        ranking = await breakdowns.ranking(
            session, actor=story.cast["dispatcher"], asked=YEAR, by=Breakdown.AREA, code="composite"
        )
    assert [row.value is None for row in ranking.rows] == [False, True]
    assert [row.rank for row in ranking.rows] == [None, None]


@pytest.mark.parametrize("what", [Breakdown.AREA, Breakdown.ORG])
async def test_who_has_nothing_to_show_is_listed_and_who_has_ended_is_not(
    story: Story, what: Breakdown
) -> None:
    world, actor = story.world, story.cast["dispatcher"]
    async with story.sessions() as session:
        await session.execute(update(Area).where(Area.id == world.places["village_b"].id).values(valid_to=ON))
        await session.execute(update(Org).where(Org.id == world.orgs[FIRE].id).values(ended_at=at(str(ON))))
        ranking = await breakdowns.ranking(session, actor=actor, asked=YEAR, by=what, code="on_time_rate")
        parts = await breakdowns.breakdown(
            session, actor=actor, asked=YEAR, by=what, codes=["on_time_rate"], limit=50
        )
    of_area = what is Breakdown.AREA
    there = (world.places["village_a"] if of_area else world.orgs[URBAN]).name
    gone = (world.places["village_b"] if of_area else world.orgs[FIRE]).name
    for names in ({row.name for row in ranking.rows}, {row.name for row in parts.rows}):
        assert there in names
        assert gone not in names
    assert {(row.rank, *share(row)) for row in ranking.rows} == {(None, None, 0, 0)}


async def test_trap_15_equals_share_a_place_and_the_next_comes_as_many_later() -> None:
    figures = {
        name: Figure(value=value, numerator=None, denominator=count)
        for name, value, count in (("a", 0.8, 5), ("b", 0.9, 9), ("c", 0.9, 5), ("d", 1.0, 4), ("e", None, 0))
    }
    placed = breakdowns.placed(KPIS["on_time_rate"], figures, {"d", "e"})
    assert placed == {"b": 1, "c": 1, "a": 3, "d": None, "e": None}
    least = breakdowns.placed(KPIS["rework_rate"], figures, {"d", "e"})
    assert least == {"a": 1, "b": 2, "c": 2, "d": None, "e": None}


async def test_a_whole_life_counts_in_every_step(story: Story) -> None:
    await story.to("dispatched")
    await close(story)
    found = await kpis(story)
    assert {code: found[code].value for code in ("reports", "closed", "results", "open")} == {
        "reports": 1, "closed": 1, "results": 1, "open": 0,
    }  # fmt: skip
    shares = ("valid_report_rate", "revisit_rate", "effective_revisit_rate", "solved_rate", "first_time_fix")
    assert {share(found[code]) for code in shares} == {(1.0, 1, 1)}
    assert share(found["satisfaction_rate"]) == (1.0, 1, 1)
    assert share(found["satisfaction_strict"]) == (0.0, 0, 1)
    assert share(found["rework_rate"]) == (0.0, 0, 1)


@pytest.mark.parametrize("undone", ["void", "merge"])
async def test_what_is_voided_or_merged_takes_its_part_out_of_the_past(story: Story, undone: str) -> None:
    await story.to("processing")
    first = story.id
    await story.to("accepted")
    before, other = await kpis(story), story.id
    story.id, story.now = first, story.now + timedelta(days=40)
    if undone == "void":
        await story.act("supervisor", "void", reason="false_data", opinion="查无此事")
    else:
        await story.act("dispatcher", "merge", master_id=other)
    after = await kpis(story)
    assert (before["reports"].value, after["reports"].value) == (2, 1)
    assert share(before["sign_on_time"]) == (None, 0, 0)
    assert share(after["valid_report_rate"]) == ((0.5, 1, 2) if undone == "void" else (1.0, 1, 1))
    assert share(after["handle_time_p50"]) == (None, 0, 0)


async def test_who_held_the_clock_when_it_ran_out_is_charged(story: Story) -> None:
    await story.to("processing")
    story.now += timedelta(days=20)
    await story.act("dispatcher", "reroute", org_id=story.world.orgs[FIRE].id, opinion="改由消防处理")
    await story.act("dept_handler_fire", "sign")
    await story.act("dept_handler_fire", "resolve", resolution_type="solved", measures="已处理")
    story.now += timedelta(days=20)
    found = await by(story, Breakdown.ORG, "on_time_rate")
    urban, fire = (story.world.orgs[key].name for key in (URBAN, FIRE))
    assert found == {urban: (0.0, 0, 1), fire: (1.0, 1, 1)}
    assert (await by(story, Breakdown.ORG, "dispatch_accuracy"))[urban] == (0.0, 0, 1)
    assert share((await kpis(story, "dept_handler"))["on_time_rate"]) == (0.0, 0, 1)
    assert share((await kpis(story, "dept_handler_fire"))["on_time_rate"]) == (1.0, 1, 1)


async def test_a_clock_that_was_taken_away_in_time_counts_for_nobody(story: Story) -> None:
    await story.to("processing")
    await story.act("dispatcher", "reroute", org_id=story.world.orgs[FIRE].id, opinion="改由消防处理")
    story.now += timedelta(days=20)
    assert await by(story, Breakdown.ORG, "on_time_rate") == {story.world.orgs[FIRE].name: (0.0, 0, 1)}


async def test_an_open_ticket_is_overdue_from_its_minute_on_and_ages_by_days(story: Story) -> None:
    await story.to("dispatched")
    due = (await story.clock("sign"))["due_at"]
    story.now = due
    assert (await kpis(story))["overdue_open"].value == 0
    story.now = due + timedelta(minutes=1)
    found = await kpis(story)
    assert (found["overdue_open"].value, share(found["sign_on_time"])) == (1, (0.0, 0, 1))
    story.now = due + timedelta(days=4)
    async with story.sessions() as session:
        late = await board.overdue(session, actor=story.cast["dispatcher"], asked=YEAR)
    assert [(bucket.from_days, bucket.to_days, bucket.count) for bucket in late.overdue_by] == [
        (0, 1, 0), (1, 3, 0), (3, 7, 1), (7, None, 0),
    ]  # fmt: skip
    assert [bucket.count for bucket in late.ages] == [0, 0, 1, 0, 0, 0]
    assert [(row.name, row.figures[0].value) for row in late.orgs] == [(story.world.orgs[URBAN].name, 1)]
    async with story.sessions() as session:
        flow = await board.flow(session, actor=story.cast["dispatcher"], asked=YEAR)
    assert {stage.stage: (stage.open, stage.overdue) for stage in flow.stages}[Stage.ROUTE] == (1, 1)


async def test_what_is_so_now_is_compared_with_no_past_and_has_no_course(story: Story) -> None:
    await story.to("dispatched")
    story.now += timedelta(days=40)
    found = await kpis(story)
    for code in ("open", "overdue_open"):
        kpi = found[code]
        assert kpi.value == 1
        assert {share(kpi.previous), share(kpi.year_before)} == {(None, None, None)}
        assert (kpi.change, kpi.change_on_year) == (None, None)
        async with story.sessions() as session:
            with pytest.raises(Invalid):
                await board.trend(
                    session, actor=story.cast["dispatcher"], asked=YEAR, codes=[code], grain=Grain.MONTH
                )
    assert share(found["reports"].previous) == (0.0, 0, None)


async def test_handling_time_is_working_time_without_what_it_stood_still(story: Story) -> None:
    story.now = at("2026-03-04", 10)
    await story.to("processing")
    await story.suspend(at("2026-03-20").date())
    story.now = at("2026-03-09", 10)
    await story.act("dept_handler", "resume")
    story.now = at("2026-03-09", 15)
    await story.act("dept_handler", "resolve", resolution_type="solved", measures="已清运")
    found = await kpis(story)
    assert share(found["avg_handle_time"]) == (180.0, 180, 1)
    assert share(found["avg_handle_wall"]) == (300.0, 300, 1)
    assert (found["handle_time_p50"].value, found["handle_time_p90"].value) == (240, 240)


async def test_what_a_review_lets_off_counts_no_more(story: Story) -> None:
    await story.to("dispatched")
    await close(story)
    await story.act("dept_head", "request_review", opinion="非我单位责任")
    await story.act("dispatcher_2", "approve_review")
    found = await kpis(story)
    assert (found["reports"].value, found["closed"].value) == (0, 0)


async def test_figures_end_where_the_scope_ends(story: Story) -> None:
    await story.to("accepted")
    grid = story.world.places["grid_a1"].id
    other, before = story.world.places["grid_a2"].id, PeriodName.LAST_MONTH
    assert (await kpis(story, asked=Asked(area_id=grid)))["reports"].value == 1
    assert (await kpis(story, asked=Asked(area_id=grid, period=before)))["reports"].value == 0
    assert (await kpis(story, asked=Asked(area_id=other)))["reports"].value == 0
    assert (await kpis(story, "dept_handler"))["open"].value == 0
    with pytest.raises(NotFound):
        await kpis(story, asked=Asked(area_id=story.world.places["village_c"].id))
    with pytest.raises(NotFound):
        await kpis(story, "dept_handler", Asked(org_id=story.world.orgs[FIRE].id))


async def test_figures_divide_by_area_category_source_and_worker(story: Story) -> None:
    await story.to("dispatched")
    assert await by(story, Breakdown.AREA, "reports") == {
        story.world.places["village_a"].name: (1.0, 1, None)
    }
    assert list((await by(story, Breakdown.CATEGORY, "reports")).values()) == [(1.0, 1, None)]
    assert await by(story, Breakdown.SOURCE, "reports") == {"网格巡查": (1.0, 1, None)}
    assert await by(story, Breakdown.WORKER, "reports") == {story.world["grid_worker"].name: (1.0, 1, None)}
