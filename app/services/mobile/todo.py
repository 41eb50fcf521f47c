"""The badges: how many of each task and of unread messages, in one statement; and the tickets of a task.

Counting stops at 100, so a badge costs the same for a grid and for a city, and says `more` where it stopped.
The mark of an answer is made of the answer: polled every half minute, it is mostly 304.
"""

import hashlib
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.paging import Page
from app.models.enums.message import MessageCategory, Task
from app.models.message import Notification
from app.schemas.message import Badge, TodoRead
from app.services.mobile import tasks
from app.services.platform.actor import Actor
from app.services.tickets import reads
from app.services.tickets.reads import TicketSort

CAP = 99
_MOST: ColumnElement[int] = literal_column(str(CAP + 1))
MESSAGES = "/v1/notifications?unread=true"


async def counts(session: AsyncSession, *, actor: Actor) -> TodoRead:
    """All badges of the caller, in one statement."""
    mine = list(tasks.of(actor))
    parts = [_tasks(task, kind, branches) for task, kind, branches in mine]
    parts += [_unread(actor, category) for category in MessageCategory]
    found = {row.name: row.number for row in await session.execute(union_all(*parts))}
    unread = {category: found[f"unread.{category.value}"] for category in MessageCategory}
    return TodoRead(
        tasks={task: _badge(found[task.value], kind.list) for task, kind, _branches in mine},
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


def _tasks(task: Task, kind: tasks.Kind, branches: tasks.Branches) -> Select[Any, Any]:
    pages = [select(kind.table.c.id).where(branch).limit(_MOST) for branch in branches]
    found = (union(*pages) if len(pages) > 1 else pages[0]).subquery()
    return _number(task.value, found)


def _unread(actor: Actor, category: MessageCategory) -> Select[Any, Any]:
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
    return _number(f"unread.{category.value}", found)


def _number(name: str, found: Any) -> Select[Any, Any]:
    return select(literal_column(f"'{name}'").label("name"), func.count().label("number")).select_from(found)


def _badge(number: int, address: str) -> Badge:
    return Badge(count=min(number, CAP), more=number > CAP, list=address)
