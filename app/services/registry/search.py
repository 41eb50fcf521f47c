"""Search as workers search: people, households, rooms, buildings and places in scope, a page a statement.

Each kind is cut by itself, branch by branch of the caller's scope, people in the order in which they were
registered and the others in the natural order of addresses; then the kinds follow one another. What is
found is masked like the lists. What a term means is `terms`' business; it is never written down.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, true, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.crypto import Vault
from app.core.paging import Page, Sort, decode_cursor, encode_cursor, page_of
from app.models.area import Area
from app.models.enums.privacy import ResidentField
from app.models.registry import Building, Household, HouseholdMember, Place, Residence, Resident, Room
from app.schemas.search import Found, FoundKind, rank
from app.schemas.types import Ref
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import Predicate
from app.services.registry import links, lookups, reach, terms, unmask
from app.services.registry.residents import age

_TABLES = {
    FoundKind.HOUSEHOLD: Household,
    FoundKind.ROOM: Room,
    FoundKind.BUILDING: Building,
    FoundKind.PLACE: Place,
}
_RANKS = list(FoundKind)
_Kin, _Heading = aliased(HouseholdMember), aliased(HouseholdMember)
_Head, _Lived = aliased(Resident), aliased(Household)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    term: str,
    kinds: Sequence[FoundKind],
    cursor: str | None,
    limit: int,
) -> Page[Found]:
    """One page of what a term finds, in the order of `FoundKind`."""
    first, last = decode_cursor(cursor, rank) if cursor else (0, None)
    known = await _looked_for(session, actor, term) if FoundKind.RESIDENT in kinds else ()
    parts = [
        part.limit(limit + 1)
        for place, kind in enumerate(_RANKS)
        if kind in kinds and place >= first
        for part in _parts(kind, actor, last if place == first else None, term, vault, known)
    ]
    if not parts:
        return Page([], None)
    rows = [_read(row, vault) for row in await session.execute(_told(parts, actor, limit))]
    return page_of(rows, limit, lambda found: (_RANKS.index(found.kind), found.id))


async def _looked_for(session: AsyncSession, actor: Actor, term: str) -> Collection[ResidentField]:
    """The fields whose whole numbers the caller may look for, and does; written down."""
    found = [
        field for field in terms.numbers_in(term) if unmask.sees_everywhere(actor, unmask.CLASS_OF[field])
    ]
    if found:
        await lookups.note(session, actor=actor, fields=found)
    return found


def _parts(
    kind: FoundKind,
    actor: Actor,
    last: UUID | None,
    term: str,
    vault: Vault,
    known: Collection[ResidentField],
) -> Iterator[Select[Any, Any, Any]]:
    """The hits of a kind after the last one seen, a short scan for each branch of the scope."""
    table: Any = _TABLES.get(kind, Resident)
    is_person = kind is FoundKind.RESIDENT
    asked = terms.of_person(term, vault, known) if is_person else terms.of_address(term, table)
    if asked is None:
        return
    sort = Sort.by_id(Resident.id) if is_person else Sort.by_own(table.sort_key, table.id)
    gone = (table.died_on, table.left_on) if is_person else (table.ended_on,)
    conditions: list[ColumnElement[bool]] = [asked, *(day.is_(None) for day in gone)]
    if last is not None:
        conditions.append(sort.after(encode_cursor(last, last)))
    place = literal(_RANKS.index(kind)).label("rank")
    shown = literal("").label("sort_key") if is_person else table.sort_key
    for branch in _branches(actor, table):
        yield select(place, shown, table.id).where(branch, *conditions).order_by(*sort.order())


def _branches(actor: Actor, table: Any) -> list[Predicate]:
    """The scope of the lists; of people also who is registered there and lives elsewhere."""
    found = list(scope.branches(actor, Dataset.REGISTRY, reach.columns_of(table)))
    if table is Resident and found and not any(branch is true() for branch in found):
        found.append(links.registered(lambda home: reach.visible(actor, home)))
    return found


def _told(parts: Sequence[Select[Any, Any, Any]], actor: Actor, limit: int) -> Select[Any]:
    """The first of all parts, each row once, with what is shown of it."""
    cut = [select(part.subquery()) for part in parts]
    every = (union(*cut) if len(cut) > 1 else cut[0]).subquery()
    order = (every.c.rank, every.c.sort_key, every.c.id)
    return _with_names(select(every).order_by(*order).limit(limit + 1).subquery("hits"), actor)


def _with_names(hits: Any, actor: Actor) -> Select[Any]:
    def of(kind: FoundKind) -> ColumnElement[UUID]:
        return case((hits.c.rank == _RANKS.index(kind), hits.c.id))

    itself = of(FoundKind.HOUSEHOLD)
    area = func.coalesce(Resident.area_id, Household.area_id, Room.area_id, Building.area_id, Place.area_id)
    home = case(
        (reach.visible(actor, _Lived), _Lived.address), (reach.visible(actor, Household), Household.address)
    )
    return (
        select(hits.c.rank, hits.c.id, Resident, Household, Room, Building, Place, Area, _Head.name, home)
        .select_from(hits)
        .outerjoin(Resident, Resident.id == of(FoundKind.RESIDENT))
        .outerjoin(_Kin, and_(_Kin.resident_id == Resident.id, _Kin.valid_to.is_(None)))
        .outerjoin(Residence, and_(Residence.resident_id == Resident.id, Residence.valid_to.is_(None)))
        .outerjoin(_Lived, _Lived.id == Residence.household_id)
        .outerjoin(Household, Household.id == func.coalesce(_Kin.household_id, itself))
        .outerjoin(
            _Heading,
            and_(_Heading.household_id == itself, _Heading.is_head, _Heading.valid_to.is_(None)),
        )
        .outerjoin(_Head, _Head.id == _Heading.resident_id)
        .outerjoin(Room, Room.id == of(FoundKind.ROOM))
        .outerjoin(Building, Building.id == of(FoundKind.BUILDING))
        .outerjoin(Place, Place.id == of(FoundKind.PLACE))
        .outerjoin(Area, Area.id == area)
        .order_by(hits.c.rank, hits.c.sort_key, hits.c.id)
    )


def _read(row: Any, vault: Vault) -> Found:
    number_of_kind, row_id, resident, household, room, building, place, area, head, home = row
    number, phone = (resident.id_sealed, resident.phone_sealed) if resident else (None, None)
    name, named = (resident.name if resident else head), building or place
    plain = room.room_no if room else named.name if named else None
    addressed = room or named
    return Found(
        kind=_RANKS[number_of_kind],
        id=row_id,
        name=masks.name(name) if name else plain,
        address=addressed.address if addressed else home,
        area=Ref(id=area.id, name=area.name) if area else None,
        household=Ref(id=household.id, name=household.no) if household else None,
        age=age(resident.birth_on) if resident else None,
        phone=masks.phone(vault.open(phone)) if phone else None,
        id_number=masks.identity(vault.open(number)) if number else None,
    )
