"""Attendance: going on duty and off, one point each, read by nobody but the worker.

The server's clock says when. Nobody is followed in between; a rule of retention forgets the points. News of
it says who and when, never where.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.core.writes import together
from app.models.team import Attendance
from app.schemas.team import AttendanceRead, PlaceRead
from app.schemas.types import Point
from app.services.platform import outbox
from app.services.platform.actor import Actor

LATE = timedelta(minutes=15)
_NEWEST = Sort.by_time(Attendance.started_at, Attendance.id, descending=True)


class OnDutyAlready(Conflict):
    """The worker has not checked out yet."""

    code = "on_duty_already"
    title_zh, title_en = "您已签到，请先签退", "You are on duty already"


class NotOnDuty(Conflict):
    """The worker has not checked in."""

    code = "not_on_duty"
    title_zh, title_en = "您还没有签到", "You are not on duty"


async def check_in(
    session: AsyncSession, *, actor: Actor, place: Point | None, device_at: datetime | None = None
) -> AttendanceRead:
    """Go on duty now; `OnDutyAlready` until the last time has been ended.

    `device_at`: when the phone says that it was, kept beside the server's time and marked if it is late.
    """
    now = clock.now()
    values = {"id": uuid7(), "member_id": _member(actor), "started_at": now} | _point("in", place)
    values |= {"in_device_at": device_at, "is_backfill": _late(device_at, now)}
    made = insert(Attendance).values(values).on_conflict_do_nothing().returning(Attendance)
    row = await session.scalar(made)
    if row is None:
        raise OnDutyAlready
    await _tell(session, "attendance.check_in", row)
    return _read(row)


async def check_out(
    session: AsyncSession, *, actor: Actor, place: Point | None, device_at: datetime | None = None
) -> AttendanceRead:
    """Go off duty now; `NotOnDuty` for who is not on; `device_at` as in `check_in`."""
    open_ = select(Attendance).where(Attendance.member_id == _member(actor), Attendance.ended_at.is_(None))
    row = await session.scalar(open_.with_for_update())
    if row is None:
        raise NotOnDuty
    row.ended_at, row.out_device_at = clock.now(), device_at
    row.is_backfill = row.is_backfill or _late(device_at, row.ended_at)
    for name, value in _point("out", place).items():
        setattr(row, name, value)
    await session.flush()
    await _tell(session, "attendance.check_out", row)
    return _read(row)


async def page(
    session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int
) -> Page[AttendanceRead]:
    """One page of the caller's own times on duty, the latest first."""
    statement = select(Attendance).where(Attendance.member_id == _member(actor)).order_by(*_NEWEST.order())
    if cursor:
        statement = statement.where(_NEWEST.after(cursor))
    rows = [_read(row) for row in await session.scalars(statement.limit(limit + 1))]
    return page_of(rows, limit, lambda one: (one.started_at, one.id))


async def detail(session: AsyncSession, *, actor: Actor, attendance_id: UUID) -> AttendanceRead:
    """One of the caller's own times on duty; `NotFound` for anybody else's."""
    mine = (Attendance.id == attendance_id) & (Attendance.member_id == _member(actor))
    row = await session.scalar(select(Attendance).where(mine))
    if row is None:
        raise NotFound
    return _read(row)


async def _tell(session: AsyncSession, topic: str, row: Attendance) -> None:
    await together(session, [outbox.append(topic, row.id, {"member_id": str(row.member_id)})])


def _member(actor: Actor) -> UUID:
    if actor.member_id is None:
        raise Forbidden
    return actor.member_id


def _late(device_at: datetime | None, now: datetime) -> bool:
    return device_at is not None and now - device_at > LATE


def _point(prefix: str, place: Point | None) -> dict[str, Any]:
    if place is None:
        return {}
    return {f"{prefix}_{name}": getattr(place, name) for name in ("lng", "lat", "coord_type")}


def _read(row: Attendance) -> AttendanceRead:
    seconds = (row.ended_at - row.started_at).total_seconds() if row.ended_at else None
    return AttendanceRead(
        id=row.id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        minutes=None if seconds is None else int(seconds) // 60,
        device_started_at=row.in_device_at,
        device_ended_at=row.out_device_at,
        is_backfill=row.is_backfill,
        started_where=_where(row, "in"),
        ended_where=_where(row, "out"),
    )


def _where(row: Attendance, prefix: str) -> PlaceRead | None:
    found = {name: getattr(row, f"{prefix}_{name}") for name in ("lng", "lat", "coord_type")}
    return PlaceRead(**found) if found["coord_type"] else None
