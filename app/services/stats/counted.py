"""Drilling down: the tickets that a figure counted, as often as it counted them, the latest first.

From the same facts as the figure, and of the same state of fold and outbox: the folded facts without those
of records that have news, and the tail's instead. All pages together add up to the figure.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import fetch_all
from app.core.errors import invalid_field
from app.core.paging import decode_cursor, encode_cursor
from app.models.area import Area
from app.models.enums import Stage
from app.models.enums.figure import Breakdown, Unit
from app.models.enums.measure import Measure
from app.models.staff import Org
from app.models.ticket import Category, Ticket
from app.schemas.stats_figures import CountedRead, CountedTicket
from app.schemas.types import Ref
from app.services.platform.actor import Actor
from app.services.stats import cells, folding, kpis, sums, tail
from app.services.stats.asked import Asked, named
from app.services.stats.kpis import VERSION, Kpi
from app.services.stats.sums import Slice
from app.services.stats.tail import Part
from app.services.stats.whose import EVERYTHING, Whose
from app.services.tickets import reads

_OF_VISITS = frozenset({Measure.VISITS, Measure.EFFECTIVE_VISITS, Measure.OPINIONS})
_NOW = "now"
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_ROWS: Mapping[Breakdown | None, tuple[str, Callable[[Part], object]]] = {
    Breakdown.CATEGORY: ("was.category", lambda part: part.category),
    Breakdown.SOURCE: ("was.source", lambda part: part.source),
    Breakdown.ORG: ("held.org_id::text", lambda part: str(part.org_id)),
    Breakdown.WORKER: ("held.member_id::text", lambda part: str(part.member_id)),
}
Key = tuple[datetime | None, UUID]


async def counted(
    session: AsyncSession,
    *,
    actor: Actor,
    asked: Asked,
    code: str,
    below: bool = False,
    by: Breakdown | None = None,
    key: str | None = None,
    cursor: str | None,
    limit: int,
) -> CountedRead:
    """A page of what stands above the line of a KPI, or below it; of one row where `by` and `key` say so.

    `Invalid` for a KPI that is made of others or of visits.
    """
    (kpi,), span = named([code]), asked.span()
    weights = _weights(kpi, below=below)
    whose = await asked.whose(session, actor)
    after = decode_cursor(cursor, _read) if cursor else None
    wanted = _Wanted(whose, [sums.NOW, *sums.slices(0, span)], weights, by, key, after)
    if not whose.places:
        return CountedRead(as_of=folding.minute(), definition_version=VERSION, items=[])
    as_of, found = await _counts(session, wanted, limit + 1)
    keys = sorted(found, key=_newest, reverse=True)
    cut = keys[limit - 1] if len(keys) > limit else None
    return CountedRead(
        as_of=as_of,
        definition_version=VERSION,
        items=await _tickets(session, actor, keys[:limit], found),
        next_cursor=encode_cursor(cut[0] or _NOW, cut[1]) if cut else None,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which facts: whose, when, how much each measure counts, of which row, and after which key."""

    whose: Whose
    slices: Sequence[Slice]
    weights: Mapping[Measure, int]
    by: Breakdown | None
    key: str | None
    after: Key | None

    def has(self, part: Part) -> bool:
        """Whether a part of the tail belongs to it."""
        whose, here = self.whose, (part.hour, part.record_id)
        in_place = EVERYTHING in whose.area_ids or bool(part.areas & set(whose.area_ids))
        held = not whose.orgs or part.org_id in whose.org_ids
        in_row = self.key is None or self.by not in _ROWS or _ROWS[self.by][1](part) == self.key
        later = self.after is None or _newest(here) < _newest(self.after)
        return in_place and held and in_row and later and any(one.holds(part.hour) for one in self.slices)


async def _counts(session: AsyncSession, wanted: _Wanted, limit: int) -> tuple[datetime, Counter[Key]]:
    """How often each ticket counts in an hour: the next `limit` of what is folded, and all of the tail."""
    while True:
        met = tail.state_of((await fetch_all(session, tail.STATE))[0])
        as_of = max(folding.minute(), met.matured_at) if met.matured_at else folding.minute()
        of, parts = await tail.parts(session, state=met, as_of=as_of)
        rows = (await session.execute(*_folded(wanted, parts, limit))).mappings().all()
        if of == met == tail.state_of(rows[0]):
            break
    found = Counter({(row["hour"], row["record_id"]): int(row["times"]) for row in rows if row["times"]})
    for part in parts:
        if part.sign > 0 and wanted.has(part):
            amounts = (wanted.weights.get(name, 0) * amount for name, amount in part.amounts.items())
            found[part.hour, part.record_id] += sum(amounts)
    return as_of, Counter({key: times for key, times in found.items() if times})


def _weights(kpi: Kpi, *, below: bool) -> dict[Measure, int]:
    """How much each measure counts in the part that was asked for."""
    measures = kpi.below if below else kpi.above
    if not measures or _OF_VISITS & set(measures) or kpi.unit is Unit.SCORE:
        raise invalid_field("query.kpi", "该指标没有可以展开的工单", "There are no tickets behind this")
    off = None if below else kpis.TAKEN_OFF.get(kpi.code)
    return {name: -1 if name is off else 1 for name in measures}


def _folded(wanted: _Wanted, parts: Sequence[Part], limit: int) -> tuple[Any, dict[str, Any]]:
    """The page of what is folded, with the state that it is of, without the records that have news."""
    amount = " + ".join(f"{weight} * coalesce(held.{name}, 0)" for name, weight in wanted.weights.items())
    some = " OR ".join(f"held.{name} IS NOT NULL" for name in wanted.weights)
    row = f"AND {_ROWS[wanted.by][0]} = :key" if wanted.by in _ROWS and wanted.key is not None else ""
    after = "AND (held.hour, held.record_id) < (coalesce(:hour, CAST('-infinity' AS timestamptz)), :record)"
    whens = [f"held.hour >= :start{n} AND held.hour < :end{n}" for n in range(len(wanted.slices) - 1)]
    statement = f"""
WITH state AS MATERIALIZED ({tail.STATE})
SELECT state.*, nullif(page.hour, '-infinity') AS hour, page.record_id, page.times
  FROM state LEFT JOIN LATERAL (
    SELECT held.hour, held.record_id, sum({amount}) AS times
      FROM stat_fact held
      JOIN stat_record was ON was.generation = state.generation AND was.id = held.record_id
     WHERE held.generation = state.generation AND ({some})
       AND ({" OR ".join(["held.hour = '-infinity'", *whens])})
       AND (held.counts_from IS NULL OR held.counts_from < state.matured_at)
       AND (was.areas && CAST(:areas AS uuid[]) OR {cells.NIL} = ANY(CAST(:areas AS uuid[])))
       AND ({cells.NIL} = ANY(CAST(:orgs AS uuid[])) OR held.org_id = ANY(CAST(:orgs AS uuid[])))
       AND held.record_id <> ALL(CAST(:newer AS uuid[])) {after if wanted.after else ""} {row}
     GROUP BY held.hour, held.record_id HAVING sum({amount}) <> 0
     ORDER BY held.hour DESC, held.record_id DESC LIMIT {limit}) AS page ON true
"""  # noqa: S608 - measures and columns are the code's own
    values: dict[str, Any] = {
        "areas": wanted.whose.area_ids,
        "orgs": wanted.whose.org_ids,
        "newer": sorted({part.record_id for part in parts if part.is_news}),
    }
    for number, one in enumerate(wanted.slices[1:]):
        values |= {f"start{number}": one.start, f"end{number}": one.end}
    if wanted.after:
        values |= {"hour": wanted.after[0], "record": wanted.after[1]}
    if row:
        values["key"] = wanted.key
    return text(statement), values


async def _tickets(
    session: AsyncSession, actor: Actor, keys: Sequence[Key], found: Counter[Key]
) -> list[CountedTicket]:
    title = case((reads.visible(actor), Ticket.title))
    rows = await session.execute(
        select(Ticket, title.label("title"), Category.label_zh, Area.name, Org.name.label("org_name"))
        .join(Category, Category.code == Ticket.category_code)
        .join(Area, Area.id == Ticket.area_id)
        .outerjoin(Org, Org.id == Ticket.lead_org_id)
        .where(Ticket.id.in_({record_id for _hour, record_id in keys}))
    )
    known = {row.Ticket.id: row for row in rows}
    return [_item(known[key[1]], key, found[key]) for key in keys if key[1] in known]


def _item(row: Any, key: Key, times: int) -> CountedTicket:
    ticket: Ticket = row.Ticket
    return CountedTicket(
        id=ticket.id,
        no=ticket.no,
        title=row.title,
        category=row.label_zh,
        stage=Stage(ticket.stage),
        status=ticket.status,
        area=Ref(id=ticket.area_id, name=row.name),
        org=Ref(id=ticket.lead_org_id, name=row.org_name) if ticket.lead_org_id else None,
        reported_at=ticket.reported_at,
        due_at=ticket.due_at,
        closed_at=ticket.closed_at,
        counted_at=key[0],
        times=times,
    )


def _newest(key: Key) -> tuple[datetime, UUID]:
    return key[0] or _FIRST, key[1]


def _read(value: str) -> datetime | None:
    return None if value == _NOW else datetime.fromisoformat(value)
