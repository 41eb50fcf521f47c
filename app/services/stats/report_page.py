"""A report as one HTML page that needs nothing else: style, tables and charts stand in it; it has no script.

Made from the frozen rows alone. Everything that somebody named is escaped.
"""

from html import escape

from app.schemas.report import ReportRead
from app.schemas.stats_figures import BreakdownRead, TrendRead
from app.services.stats import report_charts, report_tables
from app.services.stats.report_tables import Table

_MOST_BARS = 15
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #fff; --rule: #cfd8e3;
  --a: #1f6fb2; --b: #b4541a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf5; --paper: #111821; --rule: #33414f; --a: #6db3f2; --b: #f0a36b; }
}
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; color: var(--ink);
  background: var(--paper); max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p.head { color: var(--ink); opacity: .8; margin-top: .25rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: .3rem .5rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; margin: .5rem 0; font-size: 12px; }
svg text { fill: var(--ink); } svg .name { text-anchor: end; } svg .step { text-anchor: middle; }
svg .bar { fill: var(--a); } svg .axis { stroke: var(--rule); }
svg polyline.line { fill: none; stroke: var(--a); stroke-width: 2; } svg polyline.line1 { stroke: var(--b); }
svg text.line0 { fill: var(--a); } svg text.line1 { fill: var(--b); }
@media print { h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""


def page(report: ReportRead) -> str:
    """The whole page."""
    parts = "".join(_section(table) for table in report_tables.tables(report))
    title = escape(report.title)
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
        f'<p class="head">{escape(report_tables.head(report))}</p>{parts}</main></body></html>'
    )


def _section(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(header)}</th>' for header in table.headers)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    body = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    return (
        f"<section><h2>{escape(table.name)}</h2>{_chart(table)}"
        f'<div class="wide"><table>{body}</table></div></section>'
    )


def _chart(table: Table) -> str:
    answer = table.answer
    if isinstance(answer, TrendRead):
        points = answer.lines[0].points if answer.lines else []
        steps = [report_tables.step(point.start, answer.grain) for point in points]
        series = [(line.name, [point.value for point in line.points]) for line in answer.lines]
        return report_charts.lines(steps, series, title=table.name)
    if isinstance(answer, BreakdownRead):
        told = [(row.name, row.figures[0].value) for row in answer.rows[:_MOST_BARS]]
        shown = [(name, value) for name, value in told if value]
        return report_charts.bars(shown, title=f"{table.name}：{answer.kpis[0].name_zh}") if shown else ""
    return ""
