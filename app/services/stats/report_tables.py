"""A report as tables: the same rows for the workbook and for the page, with values as people write them.

What has no value is a dash, what is withheld says so; shares are percentages with one decimal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core import clock
from app.models.enums.figure import Grain, Unit
from app.schemas.report import ReportRead
from app.schemas.stats_figures import (
    BreakdownRead,
    Figure,
    KpisRead,
    RankingRead,
    TrendRead,
    VisitFiguresRead,
)
from app.services.stats.kpis import KPIS

TITLES = {"area": "区域", "org": "承办单位", "category": "类别", "source": "来源", "worker": "人员"}
NOTHING, WITHHELD, UNPLACED = "–", "（数小不公布）", "不排名"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, headers and rows of texts; `answer` is what it was made of."""

    name: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    answer: object


def tables(report: ReportRead) -> Iterator[Table]:
    """The tables of a report in its order."""
    for answer in report.content.answers.values():
        if isinstance(answer, KpisRead):
            yield _kpis(answer)
        elif isinstance(answer, TrendRead):
            yield _trend(answer)
        elif isinstance(answer, BreakdownRead):
            yield _breakdown(answer)
        elif isinstance(answer, RankingRead):
            yield _ranking(answer)
        elif isinstance(answer, VisitFiguresRead):
            yield _visits(answer)


def head(report: ReportRead) -> str:
    """Whose report it is, of when, as of when it was counted and by which definitions."""
    whose = report.area or report.org
    as_of = report.as_of.astimezone(clock.BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")
    name = whose.name if whose else ""
    return (
        f"{name} · {report.first_on} 至 {report.last_on} · 数据截至 {as_of} · "
        f"指标定义第 {report.definition_version} 版 · 发布后不再改动"
    )


def said(figure: Figure, unit: Unit) -> str:
    """A value as people write it."""
    if figure.value is None:
        return WITHHELD if figure.numerator is None else NOTHING
    return f"{figure.value:.1%}" if unit is Unit.SHARE else f"{figure.value:g}"


def _kpis(answer: KpisRead) -> Table:
    rows = [
        (
            item.name,
            said(item, item.unit),
            _whole(item.numerator),
            _whole(item.denominator),
            _past(item.previous, item.unit),
            _change(item.change, item.unit),
            _past(item.year_before, item.unit),
            _change(item.change_on_year, item.unit),
        )
        for item in answer.items
    ]
    return Table("指标", ("指标", "本期", "分子", "分母", "上期", "环比", "上年同期", "同比"), rows, answer)


def _past(figure: Figure, unit: Unit) -> str:
    """A value of another period; nothing where there is nothing to compare with."""
    return NOTHING if figure.value is None else said(figure, unit)


def _trend(answer: TrendRead) -> Table:
    steps = zip(*(line.points for line in answer.lines), strict=True)
    rows = [
        (step(points[0].start, answer.grain), *map(said, points, (line.unit for line in answer.lines)))
        for points in steps
    ]
    return Table("趋势", ("时间", *(line.name for line in answer.lines)), rows, answer)


def step(start: datetime, grain: Grain) -> str:
    """A step of a trend as people write it: a month, or a day."""
    day = start.astimezone(clock.BUSINESS_ZONE)
    return day.strftime("%Y-%m" if grain is Grain.MONTH else "%m-%d")


def _breakdown(answer: BreakdownRead) -> Table:
    rows = [
        (row.name, *(said(figure, kpi.unit) for figure, kpi in zip(row.figures, answer.kpis, strict=True)))
        for row in answer.rows
    ]
    name = TITLES[answer.by]
    return Table(f"按{name}", (name, *(kpi.name_zh for kpi in answer.kpis)), rows, answer)


def _ranking(answer: RankingRead) -> Table:
    rows = [
        (
            str(row.rank) if row.rank is not None else UNPLACED,
            row.name,
            said(row, answer.kpi.unit),
            _whole(row.numerator),
            _whole(row.denominator),
        )
        for row in answer.rows
    ]
    name = TITLES[answer.by]
    title = f"{name}排名 {answer.kpi.name_zh}"
    return Table(title, ("名次", name, answer.kpi.name_zh, "分子", "分母"), rows, answer)


def _visits(answer: VisitFiguresRead) -> Table:
    hundred = KPIS["issue_per_100_visits"]
    shares = (
        ("有效走访率", answer.effective),
        ("走访覆盖率", answer.covered),
        ("关爱对象按期走访率", answer.care),
    )
    rows = [
        ("走访量", str(answer.visits), "", ""),
        *(
            (
                name,
                NOTHING if share.rate is None else f"{share.rate:.1%}",
                str(share.numerator),
                str(share.denominator),
            )
            for name, share in shares
        ),
        ("意见和问题", str(answer.opinions), "", ""),
        (hundred.name_zh, said(answer.issues_per_100_visits, hundred.unit), "", ""),
    ]
    return Table("走访", ("指标", "本期", "分子", "分母"), rows, answer)


def _whole(number: int | None) -> str:
    return "" if number is None else str(number)


def _change(change: float | None, unit: Unit) -> str:
    if change is None:
        return NOTHING
    return f"{change * 100:+.1f} 个百分点" if unit is Unit.SHARE else f"{change:+g}"
