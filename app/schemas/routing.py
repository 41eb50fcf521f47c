"""Wire shapes of routing: rules and their administration, and the dry run that says why one won."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import model_validator

from app.models.enums import AreaLevel, EventSource, Urgency
from app.schemas.patch import Patch, untouched
from app.schemas.types import CategoryCode, Input, LeafCategory, Output, Ref, ShortText


class Why(StrEnum):
    """What became of a rule: it won, a more specific one did, or the reason why it does not catch."""

    WON = "won"
    OUTRANKED = "outranked"
    CATEGORY = "category"
    AREA = "area"
    SOURCE = "source"
    URGENCY = "urgency"
    ORG_ENDED = "org_ended"
    ORG_ELSEWHERE = "org_elsewhere"
    MEMBER_GONE = "member_gone"


class RoutingRuleCreate(Input):
    """A new rule; a criterion that is left out is met by every ticket, a class by all its categories."""

    category_code: CategoryCode | None = None
    area_id: UUID | None = None
    source: EventSource | None = None
    urgency: Urgency | None = None
    org_id: UUID
    member_id: UUID | None = None
    note: ShortText | None = None


class RoutingRulePatch(Patch):
    """What may change of a rule; another organisation needs another person, or `null` for none."""

    category_code: CategoryCode | None = None
    area_id: UUID | None = None
    source: EventSource | None = None
    urgency: Urgency | None = None
    org_id: UUID = untouched()
    member_id: UUID | None = None
    note: ShortText | None = None


class RoutingRuleRead(Output):
    """A rule with the names that people read; `ended_at` is set once it does not count any more.

    `fault` says why it can catch no ticket at present: its organisation ended, its person has gone.
    """

    id: UUID
    category_code: str | None
    category_label: str | None
    area: Ref | None
    source: EventSource | None
    urgency: Urgency | None
    org: Ref
    member: Ref | None
    note: str | None
    fault: Why | None
    ended_at: datetime | None
    version: int
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None


class RoutingPreviewAsk(Input):
    """Where a ticket would go: an existing one, or one like this; what is given wins over the ticket's."""

    ticket_id: UUID | None = None
    category_code: LeafCategory | None = None
    area_id: UUID | None = None
    source: EventSource | None = None
    urgency: Urgency | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.ticket_id is None and None in (self.category_code, self.area_id, self.source, self.urgency):
            raise ValueError(
                "没有工单编号时，须填写类别、区域、来源和紧急程度"
                " | without a ticket_id, category_code, area_id, source and urgency are needed"
            )
        return self


class RoutingFacts(Output):
    """What the rules look at."""

    category_code: str
    area: Ref
    source: EventSource
    urgency: Urgency


class TriedRule(Output):
    """A rule that was tried, whether it matches the facts, and what became of it."""

    rule: RoutingRuleRead
    matched: bool
    why: Why
    text: str


class DeskRead(Output):
    """Who routes a ticket that no rule catches: the dispatchers of its town, or the next level that has any.

    Where no level has any, the administrators stand here, who can appoint one.
    """

    area: Ref | None
    level: AreaLevel | None
    dispatchers: list[Ref]
    centres: list[Ref]
    administrators: list[Ref]


class RoutingPreviewRead(Output):
    """Where the ticket would go and why: `rule` won, or else `desk` routes it by hand.

    `tried` has the rules in the order in which they are tried, the most specific first; `left_off` of
    those that do not match are not listed. `automatic`: it would be dispatched right after acceptance.
    """

    facts: RoutingFacts
    rule: RoutingRuleRead | None
    desk: DeskRead | None
    automatic: bool
    text: str
    tried: list[TriedRule]
    left_off: int
