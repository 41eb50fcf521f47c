"""Audiences as people: who is meant by a line of the table of tells, from the posts that hold now.

Dispatchers are a ticket's desk as the tickets wing knows it: those of the town, else the nearest level up,
else down. Where a ticket has no lead yet, its desk stands in for the lead. Pure: it asks what was read.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.models.enums import AreaLevel, RevisitState, Role
from app.models.platform import Outbox
from app.services.mobile.facts import Facts
from app.services.mobile.tells import Audience

ABOUT_OTHERS = frozenset({Audience.TAKERS, Audience.MAKER, Audience.ASSIGNEES, Audience.ADMINISTRATORS})
HANDLERS = frozenset({Role.DEPT_HANDLER, Role.DEPT_HEAD})
OVERSEERS = frozenset({Role.SUPERVISOR, Role.LEADER_VIEWER})
_LEVELS = tuple(AreaLevel)
_TOWN = _LEVELS.index(AreaLevel.TOWN)
# Named when it happened; the ticket may have gone to others since.
_BY_NAME = frozenset({Audience.NAMED, Audience.PRESSER})
Find = Callable[[Outbox, Facts], Iterable[UUID | None]]


def of(audience: Audience, row: Outbox, facts: Facts) -> list[UUID]:
    """The members meant, each once; none where what the news is about is gone."""
    if audience not in ABOUT_OTHERS and row.entity_id not in facts.tickets:
        return []
    found = FINDERS[audience](row, facts)
    if audience in _BY_NAME:
        found = _still_there(found, row, facts)
    return [member for member in dict.fromkeys(found) if member is not None]


def _still_there(found: Iterable[UUID | None], row: Outbox, facts: Facts) -> list[UUID | None]:
    """Those who hold a post in the ticket's areas or its lead: others may not see it any more."""
    ticket = _ticket(row, facts)
    there = {
        post.member_id for place in (*ticket.path, ticket.lead_org_id) for post in facts.posts.get(place, ())
    }
    return [member for member in found if member in there]


def _ticket(row: Outbox, facts: Facts) -> Row[Any]:
    return facts.tickets[row.entity_id]


def _of_area(facts: Facts, path: Iterable[UUID], roles: frozenset[Role]) -> list[UUID]:
    return [post.member_id for area in path for post in facts.posts.get(area, ()) if post.role in roles]


def _of_org(facts: Facts, org_id: UUID) -> list[UUID]:
    return [post.member_id for post in facts.posts.get(org_id, ()) if post.role in HANDLERS]


def _desk(row: Outbox, facts: Facts) -> list[UUID]:
    posts = [
        post
        for area in _ticket(row, facts).path
        for post in facts.posts.get(area, ())
        if post.role == Role.DISPATCHER
    ]
    if not posts:
        return []
    nearest = min(map(_turn, posts))
    return [post.member_id for post in posts if _turn(post) == nearest]


def _turn(post: Row[Any]) -> tuple[bool, int]:
    """The town first, then up, then down from the town."""
    level = _LEVELS.index(AreaLevel(post.level))
    return level > _TOWN, abs(level - _TOWN)


def _lead(row: Outbox, facts: Facts) -> list[UUID]:
    ticket = _ticket(row, facts)
    if ticket.lead_org_id is None:
        return _desk(row, facts)
    return [ticket.handler_id] if ticket.handler_id else _of_org(facts, ticket.lead_org_id)


def _helpers(row: Outbox, facts: Facts) -> list[UUID]:
    step = facts.step(row)
    orgs = (UUID(org_id) for org_id in (step.helpers or ())) if step else ()
    return [member for org_id in orgs for member in _of_org(facts, org_id)]


def _approvers(row: Outbox, facts: Facts) -> list[UUID]:
    ticket = _ticket(row, facts)
    second = row.topic == "ticket.request_extension" and ticket.extension_count
    return _of_area(facts, ticket.path, OVERSEERS) if second else _desk(row, facts)


def _deciders(row: Outbox, facts: Facts) -> list[UUID]:
    supervisors = _of_area(facts, _ticket(row, facts).path, frozenset({Role.SUPERVISOR}))
    return [*_desk(row, facts), *supervisors]


def _revisiters(row: Outbox, facts: Facts) -> list[UUID]:
    ticket = _ticket(row, facts)
    if ticket.revisit_state != RevisitState.NEEDED:
        return []
    return _of_area(facts, ticket.path, frozenset({Role.REVISIT_AGENT}))


def _named(row: Outbox, facts: Facts) -> list[UUID]:
    """Whom a notice of the sweep names: a member, or those who hold a role here."""
    if row.data.get("member_id"):
        return [UUID(row.data["member_id"])]
    role = Role(row.data["role"])
    if role is Role.DISPATCHER:
        return _desk(row, facts)
    if role is Role.DEPT_HANDLER:
        return _lead(row, facts)
    return _of_area(facts, _ticket(row, facts).path, frozenset({role}))


def _takers(row: Outbox, facts: Facts) -> list[UUID]:
    path = facts.paths.get(UUID(row.data["to_area_id"]), ())
    return _of_area(facts, path, frozenset({Role.VILLAGE_ADMIN}))


FINDERS: Mapping[Audience, Find] = MappingProxyType(
    {
        Audience.DESK: _desk,
        Audience.LEAD: _lead,
        Audience.HELPERS: _helpers,
        Audience.APPROVERS: _approvers,
        Audience.DECIDERS: _deciders,
        Audience.REVISITERS: _revisiters,
        Audience.LEADERS: lambda row, facts: _of_area(facts, _ticket(row, facts).path, OVERSEERS),
        Audience.REPORTER: lambda row, facts: [_ticket(row, facts).reporter_id],
        Audience.ASKER: lambda row, facts: [_ticket(row, facts).asked_by],
        Audience.PRESSER: lambda row, facts: [_ticket(row, facts).pressed_by],
        Audience.NAMED: _named,
        Audience.TAKERS: _takers,
        Audience.MAKER: lambda row, facts: [facts.makers.get(row.entity_id)],
        Audience.ADMINISTRATORS: lambda _row, facts: facts.administrators,
        Audience.ASSIGNEES: lambda row, facts: facts.assignees.get(row.entity_id, ()),
    }
)
