"""What changed for a phone since its cursor: a page of records to store and ids to forget.

The first sync goes through all that the caller sees; then the outbox says what to look at again, and what
the records are is read as it is now. A record that left the caller's sight is forgotten. What lay in a post
that has ended is gone through once more: it is forgotten, or told as the other posts show it. Where that
cannot be told (other posts came, borders moved, the cursor is old), the phone begins anew.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.schemas.feed import PostItem, PullRead
from app.services.access import former_posts
from app.services.access.roles import ROLES
from app.services.mobile import codes, cursors, first, items, leaving, news
from app.services.mobile.cursors import CHANGES, FAREWELL, FIRST, Cursor, CursorStale, Heard
from app.services.mobile.news import Window
from app.services.platform.actor import Actor
from app.services.platform.outbox import OutboxCursor
from app.services.tickets.deadlines import Deadlines

# Rows of news looked at in one go, and how often for one page.
WINDOW, QUIET = 1000, 10


async def pull(
    session: AsyncSession, *, actor: Actor, deadlines: Deadlines, cursor: str | None, limit: int
) -> PullRead:
    """The next page; `CursorStale` when the phone must begin anew, without a cursor."""
    scope = cursors.scope_of(actor)
    if cursor is None:
        start = await _start(session, actor, scope)
        return await _first_page(session, actor, deadlines, start, limit)
    held = cursors.unpacked(cursor)
    if held.scope != scope:
        held = await _parting(session, actor, held, scope)
    if held.mode == FIRST:
        return await _first_page(session, actor, deadlines, held, limit)
    if held.mode == FAREWELL:
        return await _farewell_page(session, actor, deadlines, held, limit)
    return await _changes_page(session, actor, deadlines, held)


async def _start(session: AsyncSession, actor: Actor, scope: str) -> Cursor:
    """Where the outbox is before anything is read: all that has not ended by now comes as a change."""
    window = await news.after(session, member_id=actor.id, at=OutboxCursor(), heard=Heard(0), limit=0)
    at, heard = OutboxCursor(window.horizon, 0), Heard(window.horizon)
    return Cursor(FIRST, at, heard, scope, clock.now(), categories=window.categories, codes=codes.versions())


async def _first_page(
    session: AsyncSession, actor: Actor, deadlines: Deadlines, held: Cursor, limit: int
) -> PullRead:
    told: dict[str, Any] = {}
    if held.step == 0 and held.after is None:
        told = {
            "categories": await codes.categories(session, since=None),
            "codes": codes.newer({}),
            "posts": _posts(actor),
        }
    told, further = await _walk(session, actor, deadlines, held, limit, through=actor, told=told)
    return _page(further, more=further.mode == FIRST, first=True, **told)


async def _walk(
    session: AsyncSession,
    actor: Actor,
    deadlines: Deadlines,
    held: Cursor,
    limit: int,
    *,
    through: Actor,
    told: dict[str, Any],
) -> tuple[dict[str, Any], Cursor]:
    """The next records that the posts of `through` open, as the caller sees them; gone: what they do not."""
    kinds = first.KINDS if held.mode == FIRST else first.OF_POSTS
    left, step, after = limit, held.step, held.after
    while left > 0 and step < len(kinds):
        kind = kinds[step]
        ids = await first.ids_after(session, actor=through, kind=kind, after=after, limit=left)
        seen = await items.of(session, actor=actor, deadlines=deadlines, kind=kind, ids=ids)
        gone = () if held.mode == FIRST else set(ids) - {item.id for item in seen}
        told[kind] = {"items": seen, "gone": sorted(gone)}
        full, left = len(ids) == left, left - len(ids)
        step, after = (step, ids[-1]) if full else (step + 1, None)
    if step < len(kinds):
        return told, held.on(step=step, after=after)
    return told, held.on(mode=CHANGES, step=0, after=None)


async def _parting(session: AsyncSession, actor: Actor, held: Cursor, scope: str) -> Cursor:
    """Say farewell to posts that ended; `CursorStale` unless that is all that happened."""
    if held.mode != CHANGES:
        raise CursorStale
    before = await _before(session, actor, held)
    if cursors.scope_of(before) != held.scope or not set(actor.grants) <= set(before.grants):
        raise CursorStale
    return held.on(mode=FAREWELL, step=0, after=None, scope=scope)


async def _before(session: AsyncSession, actor: Actor, held: Cursor) -> Actor:
    grants = await former_posts.grants_at(session, member_id=actor.id, moment=held.since)
    return replace(actor, grants=grants)


async def _farewell_page(
    session: AsyncSession, actor: Actor, deadlines: Deadlines, held: Cursor, limit: int
) -> PullRead:
    """What the former posts opened: to forget, or as the other posts show it now.

    The cursor keeps the time of the former posts until all is told, so categories are looked at from then on.
    """
    before = await _before(session, actor, held)
    lost = replace(before, grants=tuple(grant for grant in before.grants if grant not in actor.grants))
    told: dict[str, Any] = {"posts": _posts(actor)}
    told, further = await _walk(session, actor, deadlines, held, limit, through=lost, told=told)
    return _page(further, more=True, **told)


async def _changes_page(session: AsyncSession, actor: Actor, deadlines: Deadlines, held: Cursor) -> PullRead:
    """What changed; a phone that was away for days in a busy city is spared pages that tell it nothing."""
    for _quiet in range(QUIET):
        held, more, told = await _changes(session, actor, deadlines, held)
        if told or not more:
            break
    return _page(held, more=more, **told)


async def _changes(
    session: AsyncSession, actor: Actor, deadlines: Deadlines, held: Cursor
) -> tuple[Cursor, bool, dict[str, Any]]:
    """One window of news: the cursor behind it, whether there may be more, what to tell."""
    now = clock.now()
    window = await news.after(session, member_id=actor.id, at=held.at, heard=held.heard, limit=WINDOW)
    if window.pruned or held.at.txid > window.next:
        raise CursorStale
    told: dict[str, Any] = {}
    if window.categories != held.categories:
        since = held.since if held.categories >= 0 else None
        told["categories"] = await codes.categories(session, since=since)
    if window.news or window.messages or told:
        codes_changed = [category.code for category in told.get("categories", ())]
        told |= await _look(session, actor, deadlines, window, codes_changed)
    lists = codes.newer(held.codes)
    if lists is not None:
        told["codes"] = lists
    further = held.on(since=now, categories=window.categories, codes=codes.versions())
    if window.news:
        further = further.on(at=window.news[-1].at)
    if window.messages:
        further = further.on(heard=window.messages[-1])
    return further, WINDOW in {len(window.news), len(window.messages)}, told


async def _look(
    session: AsyncSession, actor: Actor, deadlines: Deadlines, window: Window, categories: Collection[str]
) -> dict[str, Any]:
    """The records that the news are about, as they are now; and which of them to forget."""
    found = window.news
    moved = {one for each in found if each.moves_borders for one in each.ids()}
    if moved and await news.touched(session, actor=actor, areas=moved):
        raise CursorStale
    retold = await news.retold(session, found, actor=actor, categories=categories)
    if retold is None:
        raise CursorStale
    wanted = await _wanted(session, actor, window) | {"tickets": news.tickets(found) | retold}
    once = await _once(session, actor)
    known = await leaving.known(session, actor=once, found=found, wanted=wanted)
    told: dict[str, Any] = {}
    for kind, ids in wanted.items():
        seen = await items.of(session, actor=actor, deadlines=deadlines, kind=kind, ids=ids)
        gone = sorted((ids & known.get(kind, set())) - {item.id for item in seen})
        if seen or gone:
            told[kind] = {"items": seen, "gone": gone}
    return told


async def _once(session: AsyncSession, actor: Actor) -> Actor:
    """The caller with the posts, too, that ended since the oldest cursor that may go on.

    What left such a post's area before it ended, but is told only now, is forgotten as it would have been.
    """
    since = clock.now() - cursors.KEPT_FOR
    former = await former_posts.ended_since(session, member_id=actor.id, since=since)
    return replace(actor, grants=(*actor.grants, *(post.grant for post in former)))


async def _wanted(session: AsyncSession, actor: Actor, window: Window) -> dict[str, set[UUID]]:
    """The records besides tickets that the news are about, by kind."""
    found = window.news
    homes = await news.homes(session, found)
    return {
        "areas": news.of(found, "area"),
        "households": homes,
        "care": await news.care(session, found, homes, actor=actor),
        "transfers": await news.transfers(session, found, homes),
        "visits": news.of(found, "visit"),
        "notifications": {one.id for one in window.messages} | news.forgotten(found),
    }


def _posts(actor: Actor) -> list[PostItem]:
    return [
        PostItem(
            role=grant.role, role_name=ROLES[grant.role].label_zh, area_id=grant.area_id, org_id=grant.org_id
        )
        for grant in actor.grants
    ]


def _page(cursor: Cursor, *, more: bool, first: bool = False, **told: Any) -> PullRead:
    return PullRead(cursor=cursors.packed(cursor), more=more, first=first, **told)
