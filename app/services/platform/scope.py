"""Data scope as SQL: the one place where a caller's grants become a predicate.

`branches` gives one condition a grant, each of which a single index can serve in order; `visible` is their
disjunction, and `beside` what is seen by other than areas and organisations. Lists page through the branches
(UNION ALL of short index scans), everything else uses `visible`. A caller without a grant sees nothing.
Area codes play no part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from app.models.area import Area
from app.models.enums import AreaLevel
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind

Predicate = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class ScopeColumns:
    """The columns of a table that scope looks at; `own` and `org` where the table has them."""

    area: Any
    town: Any = None
    village: Any = None
    grid: Any = None
    org: Any = None
    own: Any = None
    helping: Callable[[UUID], Predicate] | None = None

    def of_area(self, area_id: UUID, level: AreaLevel) -> Predicate:
        """The rows in an area's subtree, by the copied column of its level where there is one."""
        column = {
            AreaLevel.TOWN: self.town,
            AreaLevel.VILLAGE: self.village,
            AreaLevel.GRID: self.grid,
            AreaLevel.MICRO_GRID: self.area,
        }.get(level)
        if column is not None:
            return _is_true(column == area_id)
        return _is_true(self.area.in_(select(Area.id).where(Area.path.contains([area_id]))))


def branches(actor: Actor, dataset: Dataset, columns: ScopeColumns) -> Sequence[Predicate]:
    """One predicate a grant, without repeats; `[true()]` for the whole deployment, `[]` for nothing."""
    if any(grant.kind is ScopeKind.ALL for grant in actor.grants_of(dataset)):
        return [true()]
    return [*_granted(actor, dataset, columns), *_personal(actor, dataset, columns)]


def visible(actor: Actor, dataset: Dataset, columns: ScopeColumns) -> Predicate:
    """The rows that the caller may see, as one predicate."""
    found = branches(actor, dataset, columns)
    return or_(*found) if found else false()


def granted(actor: Actor, dataset: Dataset, columns: ScopeColumns) -> Predicate:
    """The rows in the caller's areas and of their organisations, as one predicate."""
    if any(grant.kind is ScopeKind.ALL for grant in actor.grants_of(dataset)):
        return true()
    return or_(false(), *_granted(actor, dataset, columns))


def beside(actor: Actor, dataset: Dataset, columns: ScopeColumns) -> Sequence[Predicate]:
    """What is visible and not granted: helped with, or the caller's own; a row satisfies at most one."""
    if any(grant.kind is ScopeKind.ALL for grant in actor.grants_of(dataset)):
        return []
    inside, found = granted(actor, dataset, columns), _personal(actor, dataset, columns)
    # IS NOT TRUE, because NOT would also leave out the rows whose column is null.
    return [
        and_(branch, *(other.is_not(true()) for other in (inside, *found[:number])))
        for number, branch in enumerate(found)
    ]


def _granted(actor: Actor, dataset: Dataset, columns: ScopeColumns) -> Sequence[Predicate]:
    found: dict[object, Predicate] = {}
    for grant in actor.grants_of(dataset):
        predicate = _of_grant(grant, columns)
        if predicate is not None:
            found[(grant.area_id, grant.org_id)] = predicate
    return list(found.values())


def _personal(actor: Actor, dataset: Dataset, columns: ScopeColumns) -> Sequence[Predicate]:
    grants = actor.grants_of(dataset)
    orgs = {grant.org_id for grant in grants if grant.kind is ScopeKind.ORG and grant.org_id is not None}
    found = [columns.helping(org_id) for org_id in sorted(orgs)] if columns.helping is not None else []
    if columns.own is not None and actor.member_id is not None and grants:
        found.append(_is_true(columns.own == actor.member_id))
    return found


def _of_grant(grant: Grant, columns: ScopeColumns) -> Predicate | None:
    if grant.kind is ScopeKind.ORG and columns.org is not None:
        return _is_true(columns.org == grant.org_id)
    if grant.area_id is None or grant.level is None:
        return None
    return columns.of_area(grant.area_id, grant.level)


def _is_true(condition: Any) -> Predicate:
    predicate: Predicate = condition
    return predicate
