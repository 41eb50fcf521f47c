"""The tickets behind a figure: exactly those that it counted, a page at a time, the newest first.

Read from the same facts as the figures, folded and of the tail, so that the times of all rows add up to the
figure. A row is a ticket in an hour; what is so now has no hour. Titles go to who may see the ticket, what a
ticket is about to who sees tickets at all.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import fetch_all
from app.core.errors import Forbidden, invalid_field
from app.core.paging import decode_cursor, page_of
from app.models.area import Area
from app.models.enums import Status
from app.models.enums.figure import Breakdown, Unit
from app.models.enums.measure import Measure
from app.models.staff import Org
from app.models.ticket import Category, Ticket
from app.schemas.stats_screen import CountedQuery
from app.schemas.stats_shown import CountedRead, CountedTicket
from app.schemas.types import Ref
from app.services.platform.actor import Actor
from app.services.stats import counting, folding, kpis, periods, sight
from app.services.stats.asked import Asked, named
from app.services.stats.counting import Sides, Wanted
from app.services.stats.kpis import VERSION, Kpi
from app.services.stats.whose import Whose, held_by
from app.services.tickets import reads
from app.services.tickets.labels import STATUS_ZH

_NOW = "-infinity"
_YEARS = range(2000, 3000)
_OF_DISPUTES = frozenset({Measure.DISPUTES, Measure.DISPUTES_SOLVED})


async def page(session: AsyncSession, *, actor: Actor, asked: CountedQuery) -> CountedRead:
    """One page; `Invalid` for a KPI that counts no tickets, `Forbidden` for who may not ask so closely."""
    sight.require(actor, asked.by)
    near = sight.closely(actor)
    if asked.by is Breakdown.CATEGORY and not near:
        raise Forbidden("看不到工单的人不能按类别下钻", "Only who sees tickets may ask by category")
    sides, span = _sides(asked), periods.wanted(asked.period, asked.first, asked.last)
    if _OF_DISPUTES & {*sides.above, *sides.below} and not near:
        raise Forbidden("看不到工单的人不能查看这些工单", "Only who sees tickets may ask for disputes")
    whose = await _whose(session, actor, asked)
    after = decode_cursor(asked.cursor, _hour) if asked.cursor else None
    wanted = Wanted(whose, sides, span, asked.by, asked.key, after)
    sql, values = counting.statement(wanted, asked.limit + 1)
    rows = await fetch_all(session, sql, *values, folding.minute())
    shown = page_of(rows, asked.limit, lambda row: (row["hour"], row["record_id"]))
    tickets = await _tickets(session, actor, [row["record_id"] for row in shown.items])
    return CountedRead(
        as_of=folding.minute(),
        definition_version=VERSION,
        items=[_item(tickets[row["record_id"]], row, near=near) for row in shown.items],
        next_cursor=shown.next_cursor,
    )


async def _whose(session: AsyncSession, actor: Actor, asked: CountedQuery) -> Whose:
    """Whose figure it was; a row of a breakdown by area or organisation is a part of it."""
    key = _id(asked.key) if asked.by in {Breakdown.AREA, Breakdown.ORG, Breakdown.WORKER} else None
    if asked.by is Breakdown.AREA:
        return await Asked(key, asked.org_id).whose(session, actor)
    whole = await Asked(asked.area_id, asked.org_id).whose(session, actor)
    if asked.by is Breakdown.ORG and key:
        return await held_by(session, whole, key)
    return whole


def _hour(told: str) -> str:
    """An hour as a cursor tells it; what is so now has none (`ValueError` for anything else)."""
    if told == _NOW:
        return told
    hour = datetime.fromisoformat(told)
    if hour.tzinfo is None or hour.year not in _YEARS:
        raise ValueError(told)
    return hour.astimezone(UTC).isoformat()


def _id(key: str | None) -> UUID:
    try:
        return UUID(key or "")
    except ValueError as wrong:
        raise invalid_field("query.key", "须为该行的 id", "must be the id of the row") from wrong


def _sides(asked: CountedQuery) -> Sides:
    """What is counted above and below; one more of a measure adds to the numerator, or takes off."""
    if asked.by is not None and asked.key is None:
        raise invalid_field("query.key", "须指明是哪一行", "must name the row")
    if asked.measure is not None:
        off = {asked.less: -1} if asked.less else {}
        above: Mapping[Measure, int] = {**off, asked.measure: 1}
        return _of_tickets(Sides(above, (), _part(asked, has_below=False)))
    (kpi,) = named([asked.kpi])
    if kpi.unit in {Unit.SCORE, Unit.A_HUNDRED}:
        raise invalid_field("query.kpi", "该指标没有对应的工单", "No tickets stand behind this KPI")
    part = _part(asked, has_below=bool(kpi.below))
    return _of_tickets(Sides(_above(kpi), kpi.below, part))


def _above(kpi: Kpi) -> Mapping[Measure, int]:
    """The measures above with their signs; of times, the tickets that took them."""
    if kpi.unit in {Unit.MINUTES, Unit.CLASS}:
        return dict.fromkeys(kpi.below, 1)
    return {name: kpis.value(kpi, {name: 1}).numerator for name in kpi.above}


def _part(asked: CountedQuery, *, has_below: bool) -> Literal["numerator", "denominator", "rest"]:
    if asked.part != "numerator" and not has_below:
        raise invalid_field("query.part", "计数没有分母", "A count has no denominator")
    return asked.part


def _of_tickets(sides: Sides) -> Sides:
    if kpis.OF_VISITS & {*sides.above, *sides.below}:
        raise invalid_field("query.kpi", "走访请查走访列表", "Visits stand in the list of visits")
    return sides


async def _tickets(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, Any]:
    statement = (
        select(
            Ticket,
            case((_titled(actor), Ticket.title)).label("shown_title"),
            Category.label_zh.label("category_label"),
            Area.name.label("area_name"),
            Org.name.label("org_name"),
        )
        .join(Category, Category.code == Ticket.category_code)
        .join(Area, Area.id == Ticket.area_id)
        .outerjoin(Org, Org.id == Ticket.lead_org_id)
        .where(Ticket.id.in_(ids))
    )
    return {row.Ticket.id: row for row in await session.execute(statement)} if ids else {}


def _titled(actor: Actor) -> ColumnElement[bool]:
    """The tickets whose titles the caller may see: a third party those that are not confidential."""
    seen = reads.visible(actor)
    return seen if actor.client_id is None else and_(seen, ~Ticket.confidential)


def _item(row: Any, counted: Any, *, near: bool) -> CountedTicket:
    ticket, hour = row.Ticket, counted["hour"]
    return CountedTicket(
        id=ticket.id,
        no=ticket.no,
        title=row.shown_title if near else None,
        category=row.category_label
        if near and not (ticket.confidential and row.shown_title is None)
        else None,
        stage=ticket.stage,
        status=ticket.status,
        status_name=STATUS_ZH[Status(ticket.status)],
        area=Ref(id=ticket.area_id, name=row.area_name),
        org=Ref(id=ticket.lead_org_id, name=row.org_name) if ticket.lead_org_id else None,
        reported_at=ticket.reported_at,
        due_at=ticket.due_at,
        closed_at=ticket.closed_at,
        counted_at=None if hour == _NOW else datetime.fromisoformat(hour),
        times=counted["times"],
    )
