"""Which limit applies: rules by category, urgency, area and organisation level; the most specific wins.

A rule applies when each of its criteria that is set is met; null is met by everything. Of the rules that
apply, the first difference in this order decides: category (sub-class, class, none), area (deeper in the
tree, none), level of the organisation that holds the clock (set, none), urgency (set, none), and last the
newer rule. So a ticket's subject outweighs its place, and its place who handles it and how urgent it is.
Where no rule applies, the default table does. Pure but for reading and seeding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.models.sla import SlaPolicy
from app.services.tickets.limits import LIMITS, Limit

ORG_LEVELS = (AreaLevel.VILLAGE, AreaLevel.TOWN, AreaLevel.CITY)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Criterion(StrEnum):
    """What a rule may ask for, the weightiest first."""

    CATEGORY = "category"
    AREA = "area"
    ORG_LEVEL = "org_level"
    URGENCY = "urgency"


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule: what it asks for, and the limit that it sets."""

    id: UUID
    clock: ClockKind
    limit: Limit
    category: str | None = None
    urgency: Urgency | None = None
    area_id: UUID | None = None
    org_level: AreaLevel | None = None
    created_at: datetime = _BEGINNING


@dataclass(frozen=True, slots=True)
class Resolution:
    """The limit, the rule that won (None: the default table), and the rules that applied, best first."""

    limit: Limit
    policy: Policy | None
    tried: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What a limit depends on; `area_path` is the ticket's area and all above it, top first."""

    category: str | None
    urgency: Urgency
    area_path: Sequence[UUID] = ()
    org_level: AreaLevel | None = None


def resolve(
    policies: Iterable[Policy],
    *,
    clock: ClockKind,
    category: str | None,
    urgency: Urgency,
    area_path: Sequence[UUID] = (),
    org_level: AreaLevel | None = None,
) -> Resolution:
    """Find the limit of a clock; the order of the policies does not matter.

    Raises LookupError for a clock that neither a rule nor the default table knows (the overall one).
    """
    case = Case(category, urgency, area_path, org_level)
    found = [policy for policy in policies if policy.clock is clock and unmet(policy, case) is None]
    found.sort(key=lambda policy: specificity(policy, area_path), reverse=True)
    if found:
        return Resolution(found[0].limit, found[0], tuple(found))
    limit = LIMITS.get((clock, urgency))
    if limit is None:
        message = f"no limit of {clock} for {urgency}"
        raise LookupError(message)
    return Resolution(limit, None, ())


def unmet(policy: Policy, case: Case) -> Criterion | None:
    """The first criterion of a rule that a case does not meet; a class is met by its sub-classes."""
    if policy.category is not None and not (case.category or "").startswith(policy.category):
        return Criterion.CATEGORY
    if policy.area_id is not None and policy.area_id not in case.area_path:
        return Criterion.AREA
    if policy.org_level not in {None, case.org_level}:
        return Criterion.ORG_LEVEL
    return None if policy.urgency in {None, case.urgency} else Criterion.URGENCY


def specificity(policy: Policy, area_path: Sequence[UUID]) -> tuple[int, int, bool, bool, datetime, UUID]:
    """What rules that apply are ordered by; greater is more specific, and no two rules are equal."""
    return (
        len(policy.category or ""),
        area_path.index(policy.area_id) + 1 if policy.area_id else 0,
        policy.org_level is not None,
        policy.urgency is not None,
        policy.created_at,
        policy.id,
    )


def org_level(area_level: AreaLevel) -> AreaLevel:
    """The level of an organisation, by that of its area: village and below, town, or all above (city)."""
    if area_level in {AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.COUNTY}:
        return AreaLevel.CITY
    return AreaLevel.TOWN if area_level is AreaLevel.TOWN else AreaLevel.VILLAGE


async def load_policies(session: AsyncSession) -> Sequence[Policy]:
    """The rules that have not ended (one statement)."""
    statement = select(SlaPolicy).where(SlaPolicy.ended_at.is_(None)).order_by(SlaPolicy.id)
    return [of_row(row) for row in await session.scalars(statement)]


def of_row(row: SlaPolicy) -> Policy:
    """A rule as read."""
    return Policy(
        id=row.id,
        clock=ClockKind(row.clock),
        limit=Limit(SlaUnit(row.unit), row.amount),
        category=row.category_code,
        urgency=Urgency(row.urgency) if row.urgency else None,
        area_id=row.area_id,
        org_level=AreaLevel(row.org_level) if row.org_level else None,
        created_at=row.created_at,
    )


async def seed(session: AsyncSession) -> None:
    """Add the default table's rules that were never there; what was changed or ended stays so."""
    general = (SlaPolicy.category_code, SlaPolicy.area_id, SlaPolicy.org_level)
    there = select(SlaPolicy.clock, SlaPolicy.urgency).where(*(column.is_(None) for column in general))
    known = {(row.clock, row.urgency) for row in await session.execute(there)}
    missing = [row for row in seed_rows() if (row["clock"], row["urgency"]) not in known]
    if missing:
        await session.execute(insert(SlaPolicy), missing)


def seed_rows() -> Sequence[Mapping[str, Any]]:
    """The default table as rows of the rules' table."""
    return [
        {
            "id": uuid7(),
            "clock": clock.value,
            "urgency": urgency.value,
            "unit": limit.unit.value,
            "amount": limit.amount,
        }
        for (clock, urgency), limit in LIMITS.items()
    ]
