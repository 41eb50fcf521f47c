"""How closely a caller may look at figures: who may see the tickets is told all, others less.

A statistician, a third party with figures alone, and a screen on a wall see no ticket: they are not told
what a small cell would tell of one, nor what a single ticket is about. By category they have the one table of
all that they reach: a part's could be taken off it. Whoever is no person is told nothing of single workers.
"""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Forbidden
from app.models.enums.figure import Breakdown, Unit
from app.schemas.stats_figures import BreakdownRead, BreakdownRow, Figure, KpiDefinition
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.stats import suppression
from app.services.stats.suppression import LEAST

WITHHELD = Figure(value=None, numerator=None, denominator=None)


def closely(actor: Actor) -> bool:
    """Whether the caller may see the tickets that their figures count: decided by their reach alone."""
    seen = {_scope(grant) for grant in actor.grants_of(Dataset.TICKETS)}
    return all(_scope(grant) in seen for grant in actor.grants_of(Dataset.STATS))


def whole(actor: Actor, area_id: UUID | None, org_id: UUID | None) -> bool:
    """Whether figures are of all that the caller's reach: tables of parts could be taken off each other."""
    asked = {area_id, org_id} - {None}
    return not asked or asked == {grant.area_id or grant.org_id for grant in actor.grants_of(Dataset.STATS)}


def require(actor: Actor, by: Breakdown | None) -> None:
    """Raise `Forbidden` where a caller who is no person asks for single workers."""
    if by is Breakdown.WORKER and actor.member_id is None:
        raise Forbidden("大屏和第三方不能查看个人", "Screens and third parties see no single workers")


def withheld(found: BreakdownRead, limit: int) -> BreakdownRead:
    """The answer without small cells and what gives them away, the withheld ones last, `limit` rows of it."""
    kept = [_column(found.rows, place, kpi) for place, kpi in enumerate(found.kpis)]
    rows = [
        row.model_copy(
            update={
                "figures": [
                    figure if row.key in kept[place] else WITHHELD for place, figure in enumerate(row.figures)
                ]
            }
        )
        for row in found.rows
    ]
    last = sorted((row for row in rows if row.figures[0] is WITHHELD), key=lambda row: row.key)
    told = [row for row in rows if row.figures[0] is not WITHHELD]
    return found.model_copy(update={"rows": [*told, *last][:limit]})


def _column(rows: Sequence[BreakdownRow], place: int, kpi: KpiDefinition) -> frozenset[str]:
    """The keys whose figures of a KPI may be told."""
    figures = {row.key: row.figures[place] for row in sorted(rows, key=lambda row: row.key)}
    wholes = {
        key: (figure.numerator if kpi.unit is Unit.COUNT else figure.denominator) or 0
        for key, figure in figures.items()
    }
    told = suppression.told(wholes).parts
    return frozenset(
        key
        for key, figure in figures.items()
        if told[key] is not None and (kpi.unit is not Unit.SHARE or not _few(figure))
    )


def _scope(grant: Grant) -> tuple[ScopeKind, UUID | None, UUID | None]:
    return grant.kind, grant.area_id, grant.org_id


def _few(figure: Figure) -> bool:
    """Whether a share tells of few: on its one side or on the other."""
    above, below = figure.numerator or 0, figure.denominator or 0
    return 0 < above < LEAST or 0 < below - above < LEAST
