"""Reports: made once when a period is over, kept as rows with the version of the definitions, never changed.

Whoever asks for one that is there gets that. The worker makes those of counties, towns and organisations by
itself. A report is counted with a reach of its own, so that it is the same whoever had it made; what a
reader may not see of it is taken out when it is read.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import NotFound
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel, Role
from app.models.enums.report import ReportKind
from app.models.report import Report
from app.models.staff import Org
from app.schemas.report import ReportBrief, ReportCreate, ReportRead
from app.schemas.stats_figures import BreakdownRead
from app.schemas.stats_screen import ScreenRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import audit
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.stats import questions, report_periods, report_questions, sight, whose

_LEVELS = (AreaLevel.COUNTY, AreaLevel.TOWN)
_NEWEST = Sort.by_id(Report.id, descending=True)
_NOBODY = UUID(int=0)


async def create(session: AsyncSession, *, actor: Actor, new: ReportCreate) -> ReportRead:
    """The report of a period, made now unless it is there; `NotFound` outside the caller's figures."""
    await whose.of(session, actor=actor, area_id=new.area_id, org_id=new.org_id)
    await _make(session, new.kind, new.area_id, new.org_id, new.first_on, by=actor.id)
    row = await session.scalar(
        select(Report.id).where(
            Report.area_id.is_not_distinct_from(new.area_id),
            Report.org_id.is_not_distinct_from(new.org_id),
            Report.kind == new.kind,
            Report.first_on == new.first_on,
        )
    )
    assert row is not None  # noqa: S101 - it was made just now, if it was not there
    return await find(session, actor=actor, report_id=row)


async def page(
    session: AsyncSession, *, actor: Actor, kind: ReportKind | None, cursor: str | None, limit: int
) -> Page[ReportBrief]:
    """The reports within the caller's figures, the newest first."""
    statement = _select().where(_seen(actor)).order_by(*_NEWEST.order()).limit(limit + 1)
    if kind is not None:
        statement = statement.where(Report.kind == kind)
    if cursor:
        statement = statement.where(_NEWEST.after(cursor))
    rows = [ReportBrief.model_validate(_told(row)) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda row: (row.id, row.id))


async def find(session: AsyncSession, *, actor: Actor, report_id: UUID) -> ReportRead:
    """One report as the caller may see it; `NotFound` outside their figures."""
    row = (await session.execute(_select(Report.content).where(Report.id == report_id, _seen(actor)))).first()
    if row is None:
        raise NotFound
    content = ScreenRead.model_validate(row.content)
    if not sight.closely(actor):
        content = _from_afar(content, whole=sight.whole(actor, row.area_id, row.org_id))
    return ReportRead(**_told(row), content=content)


async def make_due(sessions: Sessions) -> int:
    """Make the reports of the periods that were over last, as far as they are not there; how many."""
    made = 0
    for kind in ReportKind:
        first = report_periods.latest(kind)
        async with transaction(sessions) as session:
            missing = await _missing(session, kind, first)
        for area_id, org_id in missing:
            async with transaction(sessions) as session:
                made += await _make(session, kind, area_id, org_id, first, by=None)
    return made


async def _missing(
    session: AsyncSession, kind: ReportKind, first: date
) -> list[tuple[UUID | None, UUID | None]]:
    there = select(Report.id).where(Report.kind == kind, Report.first_on == first)
    areas = select(Area.id).where(
        Area.level.in_(_LEVELS), tree.in_force(), ~there.where(Report.area_id == Area.id).exists()
    )
    found: list[tuple[UUID | None, UUID | None]] = [(row, None) for row in await session.scalars(areas)]
    if kind is not ReportKind.ROUND:
        orgs = select(Org.id).where(Org.ended_at.is_(None), ~there.where(Report.org_id == Org.id).exists())
        found += [(None, row) for row in await session.scalars(orgs)]
    return found


async def _make(
    session: AsyncSession,
    kind: ReportKind,
    area_id: UUID | None,
    org_id: UUID | None,
    first: date,
    *,
    by: UUID | None,
) -> int:
    """Count and keep one report, unless it is there; 1 where it was made."""
    last = report_periods.last_day(kind, first)
    report_periods.require_over(last)
    actor = _counting(area_id, org_id)
    asked = report_questions.asked(kind, first, last, of_org=org_id is not None)
    found = await questions.screen(session, actor=actor, asked=asked)
    values = {
        "id": uuid7(),
        "kind": kind,
        "area_id": area_id,
        "org_id": org_id,
        "first_on": first,
        "last_on": last,
        "title": report_periods.title(kind, first, last),
        "definition_version": found.definition_version,
        "as_of": found.as_of,
        "content": found.model_dump(mode="json"),
        "created_at": clock.now(),
        "created_by": by,
    }
    kept = insert(Report).values(**values).on_conflict_do_nothing().returning(Report.id)
    report_id = await session.scalar(kept)
    if report_id is None:
        return 0
    told = {"kind": kind, "first_on": first.isoformat(), "scope_id": str(area_id or org_id)}
    await audit.record(
        session, action="report.create", entity="report", entity_id=report_id, actor_id=by, data=told
    )
    return 1


def _counting(area_id: UUID | None, org_id: UUID | None) -> Actor:
    """Whose figures a report has: those of its area or organisation, and all of them."""
    kind = ScopeKind.AREA if area_id else ScopeKind.ORG
    grant = Grant(Role.SYSTEM, kind, frozenset({Dataset.STATS, Dataset.TICKETS}), area_id, None, org_id)
    return Actor(id=_NOBODY, grants=(grant,), member_id=_NOBODY)


def _from_afar(content: ScreenRead, *, whole: bool) -> ScreenRead:
    """Without what small cells by category tell, or any of a part, and without single workers."""
    answers = {name: each for name, each in content.answers.items() if name != "workers"}
    for name, each in answers.items():
        if isinstance(each, BreakdownRead) and name == "categories":
            answers[name] = sight.withheld(each, len(each.rows) if whole else 0)
    return content.model_copy(update={"answers": answers})


def _seen(actor: Actor) -> ColumnElement[bool]:
    """The reports of the areas and organisations that the caller's figures reach."""
    grants = actor.grants_of(Dataset.STATS)
    within = [Area.path.contains([grant.area_id]) for grant in grants if grant.kind is ScopeKind.AREA]
    own: Sequence[UUID] = [grant.org_id for grant in grants if grant.kind is ScopeKind.ORG and grant.org_id]
    areas: Select[UUID] = select(Area.id).where(or_(false(), *within))
    orgs = select(Org.id).where(or_(Org.id.in_(own), Org.area_id.in_(areas)))
    return or_(Report.area_id.in_(areas), and_(Report.org_id.is_not(None), Report.org_id.in_(orgs)))


def _select(*more: Any) -> Any:
    return (
        select(
            *(column for column in Report.__table__.columns if column.key != "content"),
            Area.name.label("area_name"),
            Org.name.label("org_name"),
            *more,
        )
        .outerjoin(Area, Area.id == Report.area_id)
        .outerjoin(Org, Org.id == Report.org_id)
    )


def _told(row: Any) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("id", "kind", "title", "first_on", "last_on", "as_of")},
        "area": Ref(id=row.area_id, name=row.area_name) if row.area_id else None,
        "org": Ref(id=row.org_id, name=row.org_name) if row.org_id else None,
        "definition_version": row.definition_version,
        "created_at": row.created_at,
    }
