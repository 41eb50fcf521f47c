"""What a report asks: the same questions as a screen's, of a period that is over."""

from datetime import date
from typing import Any

from app.models.enums.report import ReportKind
from app.schemas.stats_screen import ScreenAsked

RANKED = ("composite", "on_time_rate", "solved_rate", "satisfaction_rate", "effective_visit_rate")
_EVERYBODY = {"kind": "ranking", "rows": 1000}
_OF_AREAS = ["reports", "closed", "on_time_rate", "satisfaction_rate"]
_OF_ORGS = ["results", "on_time_rate", "satisfaction_rate", "rework_rate"]


def asked(kind: ReportKind, first: date, last: date, *, of_org: bool) -> ScreenAsked:
    """The questions of a report; an organisation has no grids and no visits of its own."""
    parts = _round() if kind is ReportKind.ROUND else _period(kind, of_org=of_org)
    span = {"first": first, "last": last}
    return ScreenAsked.model_validate({"questions": [{**part, **span} for part in parts]})


def _round() -> list[dict[str, Any]]:
    return [
        *({"name": f"areas_{kpi}", **_EVERYBODY, "by": "area", "kpi": kpi} for kpi in RANKED),
        *({"name": f"orgs_{kpi}", **_EVERYBODY, "by": "org", "kpi": kpi} for kpi in RANKED[1:4]),
    ]


def _period(kind: ReportKind, *, of_org: bool) -> list[dict[str, Any]]:
    measured = _OF_ORGS if of_org else _OF_AREAS
    grain = "day" if kind is ReportKind.MONTHLY else "month"
    common: list[dict[str, Any]] = [
        {"name": "kpis", "kind": "kpis"},
        {"name": "trend", "kind": "trend", "kpis": measured[:2], "grain": grain},
        {"name": "categories", "kind": "breakdown", "by": "category", "kpis": measured, "limit": 100},
    ]
    if of_org:
        return [
            *common,
            {"name": "workers", "kind": "breakdown", "by": "worker", "kpis": measured, "limit": 100},
        ]
    return [
        *common,
        {"name": "areas", "kind": "breakdown", "by": "area", "kpis": measured, "limit": 100},
        {"name": "sources", "kind": "breakdown", "by": "source", "kpis": measured[:2], "limit": 100},
        {"name": "orgs", "kind": "breakdown", "by": "org", "kpis": _OF_ORGS, "limit": 100},
        {"name": "ranking", **_EVERYBODY, "by": "area"},
        {"name": "visits", "kind": "visits"},
    ]
