"""Which rows a search finds: one statement, layer after layer, each cut by itself, never slow for long.

A layer is asked only while those before it have not filled the page. Few hits are fetched by the search
index and sorted. Where there are many, the page's rows are soon met in the order of the list; where they
are not met soon (they all lie at the end), all hits are fetched and sorted after all. The statement counts
as it goes and chooses by that, because a plan made for a parameter cannot know how common the term is.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, and_, func, literal, not_, or_, select, true, union_all

from app.core.crypto import Vault
from app.core.paging import Sort, encode_cursor
from app.models.enums.privacy import ResidentField
from app.models.registry import Building, Household, Place, Resident, Room
from app.schemas.search import FoundKind, Layer
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import Predicate
from app.services.registry import links, reach, terms
from app.services.registry.terms import NOBODY

FEW, AHEAD = 1_000, 10_000
_TABLES: dict[FoundKind, Any] = {
    FoundKind.RESIDENT: Resident,
    FoundKind.HOUSEHOLD: Household,
    FoundKind.ROOM: Room,
    FoundKind.BUILDING: Building,
    FoundKind.PLACE: Place,
}


class _Way(Enum):
    """How the page's rows may be found: fetched, because they are few; or met in the order of the list."""

    FEW = "few"
    MET = "met"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what: the term, the fields whose whole numbers the caller may look for, and the kinds.

    layer, last: where the page begins: after this row of this layer.
    """

    actor: Actor
    vault: Vault
    term: str
    known: Collection[ResidentField]
    kinds: Collection[FoundKind]
    layer: Layer = Layer.LIVING
    last: UUID | None = None

    def layers(self) -> list[Layer]:
        """The layers that may hold hits, from where the page begins."""
        return [layer for layer in Layer if layer >= self.layer and layer.kind in self.kinds]

    def matches(self, table: Any, row: Any) -> ColumnElement[bool]:
        """Whether a row (its columns) is what the term means; `NOBODY` where none can be."""
        if table is Resident:
            return terms.of_person(self.term, self.vault, self.known, row)
        return terms.of_address(self.term, terms.WRITTEN[table], row)


@dataclass(frozen=True, slots=True)
class _Part:
    """A layer: its table and order, the branches of the scope, and what else must hold of its rows."""

    asked: Asked
    layer: Layer
    table: Any
    sort: Sort
    branches: Sequence[Predicate]
    filters: tuple[ColumnElement[bool], ...]

    def ways(self) -> list[_Way]:
        """What to try before all hits are fetched: one character is often common, spellings are not."""
        if self.layer is Layer.REGISTERED:
            return []
        if len(self.branches) > 1 or (self.table is Resident and self.asked.term.isascii()):
            return [_Way.FEW]
        return [_Way.MET, _Way.FEW] if len(self.asked.term) == 1 else [_Way.FEW, _Way.MET]

    def rows(self, *conditions: ColumnElement[bool]) -> Select[Any, Any]:
        """The value of the order, and the id, of the rows that match, in no order."""
        columns = self.table.__table__.c
        matching = self.asked.matches(self.table, columns)
        visible = or_(*self.branches)
        return select(self._key(columns), columns.id).where(visible, matching, *self.filters, *conditions)

    def met(self) -> Select[Any, Any]:
        """The same among the next rows of the only branch in the order of the list."""
        near = select(self.table.__table__).where(*self.branches, *self.filters)
        ahead = near.order_by(*self.sort.order()).limit(self._ahead()).subquery()
        return select(self._key(ahead.c), ahead.c.id).where(self.asked.matches(self.table, ahead.c))

    def _ahead(self) -> int:
        # In the order of addresses rows lie apart, and each costs more.
        return AHEAD if self.table is Resident else AHEAD // 3

    def _key(self, columns: Any) -> ColumnElement[str]:
        key: ColumnElement[str] = literal("") if self.table is Resident else columns.sort_key
        return key.label("sort_key")


def statement(asked: Asked, *, limit: int) -> Select[Any, Any] | None:
    """Layer and id of the first `limit` + 1 hits, in order; None where the caller can find nothing."""
    found: list[CTE] = []
    for part in _parts(asked):
        found.append(_first(part, limit + 1, _open(found, limit)))
    if not found:
        return None
    each = [select(hits.c.layer, hits.c.sort_key, hits.c.id) for hits in found]
    every: Any = union_all(*each).subquery() if len(each) > 1 else found[0]
    order = (every.c.layer, every.c.sort_key, every.c.id)
    return select(every.c.layer, every.c.id).order_by(*order).limit(limit + 1)


def _parts(asked: Asked) -> Iterator[_Part]:
    for layer in asked.layers():
        table = _TABLES[layer.kind]
        branches = scope.branches(asked.actor, Dataset.REGISTRY, reach.columns_of(table))
        if not branches or asked.matches(table, table.__table__.c) is NOBODY:
            continue
        is_person = table is Resident
        gone = (table.died_on, table.left_on) if is_person else (table.ended_on,)
        sort = Sort.by_id(table.id) if is_person else Sort.by_own(table.sort_key, table.id)
        filters = tuple(day.is_(None) for day in gone)
        if asked.last is not None and layer == asked.layer:
            filters += (sort.after(encode_cursor(asked.last, asked.last)),)
        if layer is not Layer.REGISTERED:
            yield _Part(asked, layer, table, sort, branches, filters)
        elif not any(branch is true() for branch in branches):
            registered = links.registered(lambda home: reach.visible(asked.actor, home))
            outside = or_(*branches).is_not(true())
            yield _Part(asked, layer, table, sort, (and_(outside, registered),), filters)


def _first(part: _Part, count: int, is_open: ColumnElement[bool]) -> CTE:
    """The first hits of a layer: each way is gone only if none before it was the right one."""
    name, left = part.layer.name.lower(), is_open
    found: list[Select[Any, Any]] = []
    for way in part.ways():
        if way is _Way.FEW:
            hits = part.rows(left).limit(FEW + 1).cte(f"{name}_few")
            is_right = _count(hits) <= FEW
        else:
            hits = part.met().where(left).limit(count).cte(f"{name}_met")
            is_right = _count(hits) == count
        # Told once: it is asked for here and by every way that comes after.
        told = select(is_right.label("right")).cte(f"{hits.name}_right").prefix_with("MATERIALIZED")
        right = select(told.c.right).scalar_subquery()
        found.append(select(hits.c.sort_key, hits.c.id).where(right))
        left = and_(left, not_(right))
    every = part.rows(left).cte(f"{name}_every").prefix_with("MATERIALIZED")
    found.append(select(every.c.sort_key, every.c.id))
    hits_of_all = (union_all(*found) if len(found) > 1 else found[0]).subquery()
    layer = literal(int(part.layer)).label("layer")
    first = select(layer, hits_of_all.c.sort_key, hits_of_all.c.id)
    return first.order_by(hits_of_all.c.sort_key, hits_of_all.c.id).limit(count).cte(name)


def _open(found: Sequence[CTE], limit: int) -> ColumnElement[bool]:
    """Whether the layers before have left room on the page; they are asked in turn."""
    return and_(true(), *(_count(hits) <= limit for hits in found))


def _count(hits: CTE) -> ColumnElement[int]:
    return select(func.count()).select_from(hits).scalar_subquery()
