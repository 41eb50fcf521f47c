"""The badges: how many of each task and of unread messages, in one statement; and the tickets of a task.

Counting stops at 100, so a badge costs the same for a grid and for a city, and says `more` where it stopped.
The mark of an answer is made of the answer: polled every half minute, it is mostly 304.
"""

import hashlib
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select, union
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import fetch_one
from app.core.paging import Page
from app.models.enums.message import MessageCategory, Task
from app.models.message import Notification
from app.schemas.message import Badge, TodoRead
from app.services.mobile import tasks
from app.services.platform.actor import Actor, Grant
from app.services.tickets import reads
from app.services.tickets.reads import TicketSort

CAP, KEPT = 99, 2048
_MOST: ColumnElement[int] = literal_column(str(CAP + 1))
MESSAGES = "/v1/notifications?unread=true"
_DIALECT = dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The statement of a caller in the driver's words, with its values; those that are called are times."""

    sql: str
    values: tuple[Any, ...]
    tasks: tuple[Task, ...]


async def counts(session: AsyncSession, *, actor: Actor) -> TodoRead:
    """All badges of the caller, in one statement."""
    asked = _asked(actor.grants, actor.id, actor.member_id)
    values = [value() if callable(value) else value for value in asked.values]
    found = await fetch_one(session, asked.sql, *values)
    assert found is not None  # noqa: S101 - a row of subqueries is always there
    unread = {category: found[f"unread_{category.value}"] for category in MessageCategory}
    return TodoRead(
        tasks={task: _badge(found[task.value], _list_of(task, actor)) for task in asked.tasks},
        unread={
            category: _badge(number, f"{MESSAGES}&category={category.value}")
            for category, number in unread.items()
        },
        unread_total=_badge(sum(unread.values()), MESSAGES),
    )


def etag(answer: TodoRead) -> str:
    """The mark of an answer."""
    return f'"{hashlib.sha256(answer.model_dump_json().encode()).hexdigest()[:32]}"'


async def page(
    session: AsyncSession, *, actor: Actor, task: Task | None, cursor: str | None, limit: int
) -> Page[Any]:
    """One page of the tickets of a task, or of all, the oldest first; overdue ones by their deadline."""
    sort = TicketSort.DUE if task is Task.OVERDUE else TicketSort.OLDEST
    branches = tasks.branches(task, actor)
    return await reads.page_of_branches(session, branches=branches, sort=sort, cursor=cursor, limit=limit)


@lru_cache(maxsize=KEPT)
def _asked(grants: tuple[Grant, ...], actor_id: UUID, member_id: UUID | None) -> _Asked:
    """The caller's statement, made once as long as their posts are the same: to make it takes longer."""
    actor = Actor(id=actor_id, grants=grants, member_id=member_id)
    mine = list(tasks.of(actor))
    parts = [_tasks(kind, branches).label(task.value) for task, kind, branches in mine]
    parts += [_unread(actor, category).label(f"unread_{category.value}") for category in MessageCategory]
    made: Any = select(*parts).compile(dialect=_DIALECT)
    values = (made.binds[name] for name in made.positiontup)
    # People of one kind share one text, and PostgreSQL one plan.
    sql = sys.intern(made.string)
    return _Asked(
        sql, tuple(bind.callable or bind.value for bind in values), tuple(task for task, *_rest in mine)
    )


def _tasks(kind: tasks.Kind, branches: tasks.Branches) -> Any:
    pages = [select(kind.table.c.id).where(branch).limit(_MOST) for branch in branches]
    found = (union(*pages) if len(pages) > 1 else pages[0]).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


def _unread(actor: Actor, category: MessageCategory) -> Any:
    found = (
        select(Notification.id)
        .where(
            Notification.member_id == actor.member_id,
            Notification.category == literal_column(f"'{category.value}'"),
            Notification.read_at.is_(None),
        )
        .limit(_MOST)
        .subquery()
    )
    return select(func.count()).select_from(found).scalar_subquery()


def _list_of(task: Task, actor: Actor) -> str:
    return tasks.KINDS[task].list.format(today=clock.today(), member=actor.member_id)


def _badge(number: int, address: str) -> Badge:
    return Badge(count=min(number, CAP), more=number > CAP, list=address)
