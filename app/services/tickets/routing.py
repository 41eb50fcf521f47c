"""Routing: which rule sends a ticket to which organisation, and who routes it when none does.

`decide` is pure: it tries the rules from the most specific to the least and says of each what became of
it. The order is total and does not depend on the ticket: a sub-class before a class before any category;
then the lower area before the higher before any; then a source before any; then an urgency before any;
then the older rule. So a rule that asks for more always comes before one that asks for less.

A target that ended, does not serve the ticket's area or lost its person makes its rule be passed over.
What no rule catches goes to a desk (`desks`), never nowhere. Writing rules is `routing_rules`' business.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.enums import EventSource, Urgency
from app.models.routing import RoutingRule
from app.models.staff import Member, Org
from app.schemas.routing import Why
from app.services.tickets import desks
from app.services.tickets.desks import Desk
from app.services.tickets.view import TicketView

CLASS_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at; `area_path` holds the ticket's area and all above it, top first."""

    category_code: str
    area_path: tuple[UUID, ...]
    source: EventSource
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with what is to be known of its target; `area_depth` counts the levels down to its area."""

    id: UUID
    org_id: UUID
    org_area_id: UUID
    org_ended: bool = False
    member_id: UUID | None = None
    member_gone: bool = False
    category_code: str | None = None
    area_id: UUID | None = None
    area_depth: int = 0
    source: EventSource | None = None
    urgency: Urgency | None = None

    @property
    def rank(self) -> tuple[int, int, int, int, UUID]:
        """Its place in the order: the lower, the earlier it is tried."""
        return (
            -len(self.category_code or ""),
            -self.area_depth,
            -int(self.source is not None),
            -int(self.urgency is not None),
            self.id,
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a rule; `matched` says whether its criteria hold, whatever its target."""

    rule: Rule
    matched: bool
    why: Why


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that won, or None; all that were tried, in order; the desk when no rule won."""

    rule: Rule | None
    tried: Sequence[Tried]
    desk: Desk | None = None


def decide(rules: Iterable[Rule], facts: Facts) -> Decision:
    """The first of the rules, most specific first, whose criteria hold and whose target can take it."""
    winner: Rule | None = None
    tried: list[Tried] = []
    for rule in sorted(rules, key=lambda rule: rule.rank):
        unmet = _unmet(rule, facts)
        why = unmet or (Why.OUTRANKED if winner else _fault(rule, facts)) or Why.WON
        winner = rule if why is Why.WON else winner
        tried.append(Tried(rule, unmet is None, why))
    return Decision(winner, tried)


def facts_of(ticket: TicketView) -> Facts:
    """The facts of a ticket as it was read."""
    row = ticket.row
    return Facts(
        row["category_code"], tuple(row["area_path"]), EventSource(row["source"]), Urgency(row["urgency"])
    )


async def route(session: AsyncSession, *, facts: Facts) -> Decision:
    """The decision for these facts among the running rules that they may meet; with a desk if none won.

    One statement; two without a rule, three where nobody dispatches at all.
    """
    decision = decide(await _candidates(session, facts), facts)
    if decision.rule is not None:
        return decision
    return replace(decision, desk=await desks.of(session, area_path=facts.area_path))


async def auto_dispatch(session: AsyncSession, *, ticket: TicketView) -> Rule | None:
    """The rule by which the system itself dispatches a ticket that was just accepted.

    None when no rule catches it (one statement), and without a statement when its category is not
    dispatched automatically or it was with an organisation before: that one is for a person to route.
    """
    if ticket.row["dispatch_count"] or not ticket.row["auto_dispatch"]:
        return None
    facts = facts_of(ticket)
    return decide(await _candidates(session, facts), facts).rule


def with_targets(*more: Any) -> Select[*tuple[Any, ...]]:
    """Rules with what `rule_of` needs to know of their targets, and further columns."""
    return (
        select(
            RoutingRule,
            Org.area_id.label("org_area_id"),
            Org.ended_at.is_not(None).label("org_ended"),
            _member_gone().label("member_gone"),
            func.coalesce(func.cardinality(Area.path), 0).label("area_depth"),
            *more,
        )
        .join(Org, Org.id == RoutingRule.org_id)
        .outerjoin(Area, Area.id == RoutingRule.area_id)
        .outerjoin(Member, Member.id == RoutingRule.member_id)
    )


def rule_of(row: Any) -> Rule:
    """The rule in a row of `with_targets`."""
    found: RoutingRule = row.RoutingRule
    return Rule(
        id=found.id,
        org_id=found.org_id,
        org_area_id=row.org_area_id,
        org_ended=row.org_ended,
        member_id=found.member_id,
        member_gone=row.member_gone,
        category_code=found.category_code,
        area_id=found.area_id,
        area_depth=row.area_depth,
        source=EventSource(found.source) if found.source else None,
        urgency=Urgency(found.urgency) if found.urgency else None,
    )


def lasting_fault(rule: Rule) -> Why | None:
    """Why the rule's target can take no ticket at all; None when it can."""
    if rule.org_ended:
        return Why.ORG_ENDED
    return Why.MEMBER_GONE if rule.member_gone else None


def _fault(rule: Rule, facts: Facts) -> Why | None:
    elsewhere = None if rule.org_area_id in facts.area_path else Why.ORG_ELSEWHERE
    return lasting_fault(rule) or elsewhere


def _unmet(rule: Rule, facts: Facts) -> Why | None:
    if rule.category_code and rule.category_code not in _category_and_class(facts):
        return Why.CATEGORY
    if rule.area_id and rule.area_id not in facts.area_path:
        return Why.AREA
    if rule.source and rule.source is not facts.source:
        return Why.SOURCE
    return Why.URGENCY if rule.urgency and rule.urgency is not facts.urgency else None


async def _candidates(session: AsyncSession, facts: Facts) -> list[Rule]:
    rules = RoutingRule
    statement = with_targets().where(
        rules.ended_at.is_(None),
        or_(rules.category_code.is_(None), rules.category_code.in_(_category_and_class(facts))),
        or_(rules.area_id.is_(None), rules.area_id.in_(facts.area_path)),
        or_(rules.source.is_(None), rules.source == facts.source),
        or_(rules.urgency.is_(None), rules.urgency == facts.urgency),
    )
    return [rule_of(row) for row in await session.execute(statement)]


def _category_and_class(facts: Facts) -> tuple[str, str]:
    return facts.category_code, facts.category_code[:CLASS_DIGITS]


def _member_gone() -> ColumnElement[bool]:
    """Whether the rule names a person who has left, or who works for another organisation by now."""
    left = and_(Member.ended_at.is_not(None), Member.ended_at <= clock.now())
    return and_(
        RoutingRule.member_id.is_not(None),
        or_(left, Member.org_id.is_distinct_from(RoutingRule.org_id)),
    )
