"""Years of work calendars: publishing one, reading it, and letting the open deadlines follow.

The default calendar has every day of a published year; days that the announcement does not name follow
the week. Another calendar has only the days that it names, the rest is the default's. Each publication
leaves a change with the kinds that the days had before, and a job in the same transaction; what that job
does to deadlines is not known here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import FieldError, Invalid, NotFound
from app.core.ids import uuid7
from app.models.enums import DayKind
from app.models.platform import WorkCalendar, WorkCalendarChange, WorkCalendarDay, WorkCalendarYear
from app.services.platform import audit, queue
from app.services.platform.actor import Actor
from app.services.platform.calendar_seed import SeedDay

JOB = "move_deadlines"
# By then every process has taken up the new days; what was begun with the old ones is settled then.
AGAIN_AFTER = timedelta(minutes=3)
SEEDED_FROM = "国务院办公厅关于部分节假日安排的通知"
_SATURDAY = 5
_ON_WEEKENDS = {DayKind.WEEKEND: True, DayKind.MAKEUP_WORKDAY: True, DayKind.WORKDAY: False}
_KIND_ZH = {DayKind.WEEKEND: "周末", DayKind.MAKEUP_WORKDAY: "补班日", DayKind.WORKDAY: "普通工作日"}


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A day of an announcement; `name` is the holiday that it belongs to or makes up for."""

    day: date
    kind: DayKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a calendar: its publication, if there was one, its days, and its changes, newest first."""

    calendar_id: UUID
    year: int
    published: WorkCalendarYear | None
    days: Sequence[WorkCalendarDay]
    changes: Sequence[WorkCalendarChange]


async def publish(
    session: AsyncSession,
    *,
    actor: Actor,
    calendar_id: UUID,
    year: int,
    source: str,
    named: Sequence[NamedDay],
) -> Year:
    """Publish a year, or correct it; the same again changes nothing.

    `NotFound` for an unknown calendar, `Invalid` with each day that is not of the year or does not fit.
    """
    calendar = await session.scalar(
        select(WorkCalendar).where(WorkCalendar.id == calendar_id).with_for_update()
    )
    if calendar is None:
        raise NotFound
    _check(year, named)
    days = _whole_year(year, named) if calendar.is_default else list(named)
    before = {
        row.day: NamedDay(row.day, DayKind(row.kind), row.name)
        for row in await _days(session, calendar_id, year)
    }
    if before != {day.day: day for day in days}:
        await session.execute(delete(WorkCalendarDay).where(*_of_year(calendar_id, year)))
        await _add_days(session, calendar_id, days)
        await _announce(session, calendar_id, year, before.values(), actor.id)
    await _mark_published(session, calendar_id, year, source, actor.id)
    await audit.record(
        session,
        action="calendar.publish",
        entity="work_calendar",
        entity_id=calendar_id,
        actor_id=actor.id,
        data={"year": year, "again": bool(before)},
    )
    return await read(session, calendar_id=calendar_id, year=year)


async def read(session: AsyncSession, *, calendar_id: UUID, year: int) -> Year:
    """A year of a calendar, published or not; `NotFound` for an unknown calendar."""
    row = (
        await session.execute(
            select(WorkCalendar.id, WorkCalendarYear)
            .outerjoin(
                WorkCalendarYear,
                (WorkCalendarYear.calendar_id == WorkCalendar.id) & (WorkCalendarYear.year == year),
            )
            .where(WorkCalendar.id == calendar_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    changes = await session.scalars(
        select(WorkCalendarChange)
        .where(WorkCalendarChange.calendar_id == calendar_id, WorkCalendarChange.year == year)
        .order_by(WorkCalendarChange.id.desc())
    )
    return Year(calendar_id, year, row[1], await _days(session, calendar_id, year), changes.all())


async def seed(session: AsyncSession, *, calendar_id: UUID, days: Sequence[SeedDay]) -> None:
    """Add days and years that are missing; a year that comes later than the first ones is announced."""
    known = set(
        await session.scalars(
            select(WorkCalendarYear.year).where(WorkCalendarYear.calendar_id == calendar_id)
        )
    )
    await _add_days(session, calendar_id, (NamedDay(row.day, row.kind, row.name or "") for row in days))
    for year in sorted({row.day.year for row in days} - known):
        await _mark_published(session, calendar_id, year, SEEDED_FROM, None)
        if known:
            await _announce(session, calendar_id, year, (), None)


def _check(year: int, named: Sequence[NamedDay]) -> None:
    errors: list[FieldError] = []
    seen: set[date] = set()
    for number, row in enumerate(named):
        fault = _fault(year, row, seen)
        if fault:
            where, zh, en = fault
            errors.append(FieldError(f"body.days.{number}.{where}", "invalid", zh, en))
        seen.add(row.day)
    if errors:
        raise Invalid(
            "；".join(error.message_zh for error in errors[:3]),
            "; ".join(error.message_en for error in errors[:3]),
            errors=tuple(errors),
        )


def _fault(year: int, row: NamedDay, seen: set[date]) -> tuple[str, str, str] | None:
    if row.day.year != year:
        return "day", f"{row.day} 不在 {year} 年", f"{row.day} is not in {year}"
    if row.day in seen:
        return "day", f"{row.day} 重复", f"{row.day} comes twice"
    on_weekend = row.day.weekday() >= _SATURDAY
    if _ON_WEEKENDS.get(row.kind, on_weekend) != on_weekend:
        name = "周末" if on_weekend else "周一至周五"
        return "kind", f"{row.day} 是{name}，不能是{_KIND_ZH[row.kind]}", f"{row.day} cannot be a {row.kind}"
    return None


def _whole_year(year: int, named: Sequence[NamedDay]) -> list[NamedDay]:
    by_day = {row.day: row for row in named}
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = map(date.fromordinal, range(first, last + 1))
    return [by_day.get(day) or NamedDay(day, _by_week(day)) for day in days]


def _by_week(day: date) -> DayKind:
    return DayKind.WORKDAY if day.weekday() < _SATURDAY else DayKind.WEEKEND


def _of_year(calendar_id: UUID, year: int) -> tuple[Any, Any]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return WorkCalendarDay.calendar_id == calendar_id, WorkCalendarDay.day.between(first, last)


async def _days(session: AsyncSession, calendar_id: UUID, year: int) -> Sequence[WorkCalendarDay]:
    statement = select(WorkCalendarDay).where(*_of_year(calendar_id, year)).order_by(WorkCalendarDay.day)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def _add_days(session: AsyncSession, calendar_id: UUID, days: Iterable[NamedDay]) -> None:
    rows = [
        {"calendar_id": calendar_id, "day": row.day, "kind": row.kind.value, "name": row.name} for row in days
    ]
    if rows:
        await session.execute(insert(WorkCalendarDay).on_conflict_do_nothing(), rows)


async def _mark_published(
    session: AsyncSession, calendar_id: UUID, year: int, source: str, actor_id: UUID | None
) -> None:
    added = insert(WorkCalendarYear).values(
        calendar_id=calendar_id, year=year, source=source, published_at=clock.now(), published_by=actor_id
    )
    await session.execute(
        added.on_conflict_do_update(
            index_elements=[WorkCalendarYear.calendar_id, WorkCalendarYear.year],
            set_={name: added.excluded[name] for name in ("source", "published_at", "published_by")},
        )
    )


async def _announce(
    session: AsyncSession, calendar_id: UUID, year: int, before: Iterable[NamedDay], actor_id: UUID | None
) -> None:
    """Note a change, and have the deadlines moved now and once more when every process knows it."""
    change_id = uuid7()
    kinds = {row.day.isoformat(): row.kind.value for row in before}
    await session.execute(
        insert(WorkCalendarChange).values(
            id=change_id,
            calendar_id=calendar_id,
            year=year,
            before=kinds,
            changed_at=clock.now(),
            changed_by=actor_id,
        )
    )
    payload = {"change_id": str(change_id)}
    await queue.enqueue(session, job=JOB, payload=payload)
    await queue.enqueue(session, job=JOB, payload=payload, after=AGAIN_AFTER)
