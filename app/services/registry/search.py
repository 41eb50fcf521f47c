"""Search as workers search: people, households, rooms, buildings and places in scope, a page at a time.

People come in the order in which they were registered, everything else in the natural order of addresses.
Which rows a term finds is `hits`' business; here they get what is shown of them, masked like the lists.
Whole numbers are looked for by those who may see such numbers, and that is written down.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, Uuid, and_, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.crypto import Vault
from app.core.paging import Page, decode_cursor, page_of
from app.models.area import Area
from app.models.enums.privacy import ResidentField
from app.models.registry import Building, Household, HouseholdMember, Place, Residence, Resident, Room
from app.schemas.search import Found, FoundKind, Layer, layer
from app.schemas.types import Ref
from app.services.platform import masks
from app.services.platform.actor import Actor
from app.services.registry import hits, lookups, reach, terms, unmask
from app.services.registry.residents import age

_Lived, _Registered = aliased(Household), aliased(Household)
_Heading, _Head = aliased(HouseholdMember), aliased(Resident)
_ADDRESSED: Mapping[FoundKind, Any] = {
    FoundKind.ROOM: Room,
    FoundKind.BUILDING: Building,
    FoundKind.PLACE: Place,
}

_PERSON = (
    Resident.name.label("resident_name"),
    Resident.birth_on,
    Resident.phone_sealed,
    Resident.id_sealed,
    _Registered.id.label("resident_household_id"),
    _Registered.no.label("resident_household_no"),
)
_HOME = (
    _Head.name.label("household_name"),
    Household.address.label("household_address"),
    Household.id.label("household_household_id"),
    Household.no.label("household_household_no"),
)
_NO_NUMBERS: dict[str, Any] = dict.fromkeys(("age", "phone", "id_number"))
_MASKED = (FoundKind.RESIDENT, FoundKind.HOUSEHOLD)

Statement = Select[Any]


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
    begin = decode_cursor(cursor, layer) if cursor else (Layer.LIVING, None)
    known = await _looked_for(session, actor, term) if FoundKind.RESIDENT in kinds else ()
    statement = hits.statement(hits.Asked(actor, vault, term, known, kinds, *begin), limit=limit)
    if statement is None:
        return Page([], None)
    found = [(Layer(number), row_id) for number, row_id in await session.execute(statement)]
    cut = page_of(found, limit, lambda hit: (int(hit[0]), hit[1]))
    return Page(await _shown(session, actor, vault, cut.items), cut.next_cursor)


async def _looked_for(session: AsyncSession, actor: Actor, term: str) -> Collection[ResidentField]:
    """The fields whose whole numbers the caller may look for, and does; written down."""
    found = [
        field for field in terms.numbers_in(term) if unmask.sees_everywhere(actor, unmask.CLASS_OF[field])
    ]
    if found:
        await lookups.note(session, actor=actor, fields=found)
    return found


async def _shown(
    session: AsyncSession, actor: Actor, vault: Vault, found: Sequence[tuple[Layer, UUID]]
) -> list[Found]:
    """What is shown of the hits, in their order; one statement that joins what these kinds need."""
    if not found:
        return []
    statement = details(actor, {layer.kind for layer, _row_id in found})
    rows = await session.execute(statement, {"ids": [row_id for _layer, row_id in found]})
    by_id = {row["hit"]: row for row in rows.mappings()}
    return [_read(layer.kind, by_id[row_id], vault) for layer, row_id in found]


def details(actor: Actor, kinds: Collection[FoundKind]) -> Statement:
    """What is shown of rows of these kinds, by their ids (`ids`)."""
    ids = func.unnest(bindparam("ids", type_=ARRAY(Uuid()))).table_valued("id").render_derived()
    hit, statement = ids.c.id, select(ids.c.id.label("hit")).select_from(ids)
    areas: list[Any] = []
    if FoundKind.RESIDENT in kinds:
        statement = _with_people(statement, hit, actor)
        areas.append(Resident.area_id)
    if FoundKind.HOUSEHOLD in kinds:
        statement = _with_households(statement, hit)
        areas.append(Household.area_id)
    for kind in (kind for kind in _ADDRESSED if kind in kinds):
        table = _ADDRESSED[kind]
        plain = table.room_no if kind is FoundKind.ROOM else table.name
        shown = plain.label(f"{kind}_name"), table.address.label(f"{kind}_address")
        statement = statement.add_columns(*shown).outerjoin(table, table.id == hit)
        areas.append(table.area_id)
    area = func.coalesce(*areas) if len(areas) > 1 else areas[0]
    named = Area.id.label("area_id"), Area.name.label("area_name")
    return statement.add_columns(*named).outerjoin(Area, Area.id == area)


def _with_people(statement: Any, hit: ColumnElement[UUID], actor: Actor) -> Any:
    """With the household of a person, and the address of the home, or of the household, where it is seen."""
    home = case(
        (reach.visible(actor, _Lived), _Lived.address),
        (reach.visible(actor, _Registered), _Registered.address),
    )
    return (
        statement.add_columns(*_PERSON, home.label("resident_address"))
        .outerjoin(Resident, Resident.id == hit)
        .outerjoin(
            HouseholdMember,
            and_(HouseholdMember.resident_id == Resident.id, HouseholdMember.valid_to.is_(None)),
        )
        .outerjoin(_Registered, _Registered.id == HouseholdMember.household_id)
        .outerjoin(Residence, and_(Residence.resident_id == Resident.id, Residence.valid_to.is_(None)))
        .outerjoin(_Lived, _Lived.id == Residence.household_id)
    )


def _with_households(statement: Any, hit: ColumnElement[UUID]) -> Any:
    """With the name of the head."""
    return (
        statement.add_columns(*_HOME)
        .outerjoin(Household, Household.id == hit)
        .outerjoin(
            _Heading,
            and_(_Heading.household_id == Household.id, _Heading.is_head, _Heading.valid_to.is_(None)),
        )
        .outerjoin(_Head, _Head.id == _Heading.resident_id)
    )


def _read(kind: FoundKind, row: RowMapping, vault: Vault) -> Found:
    name = row[f"{kind}_name"]
    return Found(
        kind=kind,
        id=row["hit"],
        name=masks.name(name) if name and kind in _MASKED else name,
        address=row[f"{kind}_address"],
        area=_ref(row["area_id"], row["area_name"]),
        household=_ref(row.get(f"{kind}_household_id"), row.get(f"{kind}_household_no")),
        **(_numbers(row, vault) if kind is FoundKind.RESIDENT else _NO_NUMBERS),
    )


def _numbers(row: RowMapping, vault: Vault) -> dict[str, Any]:
    number, phone = row["id_sealed"], row["phone_sealed"]
    return {
        "age": age(row["birth_on"]),
        "phone": masks.phone(vault.open(phone)) if phone else None,
        "id_number": masks.identity(vault.open(number)) if number else None,
    }


def _ref(row_id: UUID | None, name: str | None) -> Ref | None:
    return Ref(id=row_id, name=name) if row_id and name else None
