"""Residents: from what a worker typed to sealed rows, and the people of a household on their way out.

Identity and phone numbers are sealed as they come in and masked as they go out. Somebody who is registered
already is refused, wherever that may be: moving between households is another use case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Conflict, FieldError, Invalid
from app.core.ids import uuid7
from app.models.enums import Gender, IdType, NoIdReason
from app.models.registry import HouseholdMember, Residence, Resident
from app.schemas.household import HouseholdPerson, ResidentCreate, Warned
from app.services.platform import masks
from app.services.platform.actor import Actor
from app.services.platform.sealing import sealed_columns
from app.services.registry.identity import (
    MESSAGES,
    IdentityNumber,
    IdentityRefusedError,
    parse,
    parse_other,
)
from app.services.registry.names import name_columns

HEAD = "0"


class ResidentTaken(Conflict):
    """Some of these people are registered already."""

    code = "resident_registered"
    title_zh = "有人员的证件号码已登记，请先核对；在其他区域登记的，由原登记地发起迁移交接"
    title_en = "Somebody with this identity number is registered already"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a new household: the columns of the row, and the place in the household.

    aliases: the number's indexes by retired secrets, which rows not yet sealed anew may have.
    """

    columns: dict[str, Any]
    relation: str
    where: str
    aliases: tuple[bytes, ...] = ()

    @property
    def id(self) -> UUID:
        """The resident's id."""
        resident_id: UUID = self.columns["id"]
        return resident_id

    @property
    def is_head(self) -> bool:
        """Relations 01 to 09 of GB/T 4761 are the head."""
        return self.relation.startswith(HEAD)


def listed(place: int) -> str:
    """Where the person at a place of a household's list stands in the body."""
    return f"body.residents.{place}"


def prepare(
    sent: Sequence[ResidentCreate], *, actor: Actor, vault: Vault, path: Callable[[int], str] = listed
) -> tuple[list[Person], list[Warned]]:
    """Rows ready to insert, and warnings; `Invalid` names every wrong or repeated identity number."""
    numbers, errors, warnings = _numbers(sent, path)
    if errors:
        raise Invalid("有证件号码填写有误", "Some identity numbers are wrong", errors=tuple(errors))
    people = [
        Person(
            columns=_columns(resident, number, vault) | {"created_by": actor.id, "updated_by": actor.id},
            relation=resident.relation,
            where=path(place),
            aliases=tuple(vault.indexes(number.number)[1:]) if number else (),
        )
        for place, (resident, number) in enumerate(zip(sent, numbers, strict=True))
    ]
    return people, warnings


async def insert_all(session: AsyncSession, people: Sequence[Person]) -> None:
    """Insert in one statement; `ResidentTaken` names those whose number is registered."""
    if not people:
        return
    # Two households with the same people must lock them in the same order.
    ordered = sorted(people, key=lambda person: person.columns["id_index"] or b"")
    statement = insert(Resident).values([person.columns for person in ordered])
    inserted = set(
        await session.scalars(
            statement.on_conflict_do_nothing(index_elements=[Resident.id_index]).returning(Resident.id)
        )
    )
    inserted -= await _under_retired_secrets(session, people)
    zh, en = ResidentTaken.title_zh, ResidentTaken.title_en
    taken = [
        FieldError(f"{person.where}.id_number", ResidentTaken.code, zh, en)
        for person in people
        if person.id not in inserted
    ]
    if taken:
        raise ResidentTaken(errors=tuple(taken))


async def _under_retired_secrets(session: AsyncSession, people: Sequence[Person]) -> set[UUID]:
    """Those of the people whose number is registered with an index that only a retired secret makes."""
    aliases = {alias: person.id for person in people for alias in person.aliases}
    if not aliases:
        return set()
    found = await session.scalars(select(Resident.id_index).where(Resident.id_index.in_(aliases)))
    return {aliases[index] for index in found if index is not None}


async def of_household(session: AsyncSession, *, household_id: UUID, vault: Vault) -> list[HouseholdPerson]:
    """The people who belong to a household now, the head first, masked."""
    statement = (
        select(HouseholdMember, Resident, Residence)
        .join(Resident, Resident.id == HouseholdMember.resident_id)
        .outerjoin(Residence, and_(Residence.resident_id == Resident.id, Residence.valid_to.is_(None)))
        .where(HouseholdMember.household_id == household_id, HouseholdMember.valid_to.is_(None))
        .order_by(HouseholdMember.is_head.desc(), HouseholdMember.relation, Resident.id)
    )
    return [
        _shown(place, resident, vault, lives_here=home is None or home.household_id == household_id)
        for place, resident, home in await session.execute(statement)
    ]


async def lodgers_of(session: AsyncSession, *, household_id: UUID, vault: Vault) -> list[HouseholdPerson]:
    """The people who live with a household and are registered elsewhere, masked."""
    statement = (
        select(HouseholdMember, Resident)
        .join(Resident, Resident.id == HouseholdMember.resident_id)
        .join(Residence, Residence.resident_id == Resident.id)
        .where(
            Residence.household_id == household_id,
            Residence.valid_to.is_(None),
            HouseholdMember.valid_to.is_(None),
            HouseholdMember.household_id != household_id,
        )
        .order_by(Resident.id)
    )
    return [
        _shown(place, resident, vault, lives_here=True)
        for place, resident in await session.execute(statement)
    ]


def read_number(typed: str | None, kind: IdType) -> IdentityNumber | None:
    """A number as it is kept; of other documents than the identity card only the characters are checked."""
    if typed is None:
        return None
    if kind is IdType.RESIDENT_ID:
        return parse(typed)
    return parse_other(typed)


def odd(number: IdentityNumber | None, where: str) -> list[Warned]:
    """What of a number deserves a second look, though it is kept."""
    if number is None or number.region_known:
        return []
    return [Warned(field=where, code="id_number_region", message="号码的地区代码不常见，请核对")]


def age(birth_on: date | None) -> int | None:
    """Full years today."""
    if birth_on is None:
        return None
    today = clock.today()
    return today.year - birth_on.year - ((today.month, today.day) < (birth_on.month, birth_on.day))


def _shown(place: HouseholdMember, resident: Resident, vault: Vault, *, lives_here: bool) -> HouseholdPerson:
    return HouseholdPerson(
        resident_id=resident.id,
        name=masks.name(resident.name),
        relation=place.relation,
        is_head=place.is_head,
        gender=Gender(resident.gender),
        age=age(resident.birth_on),
        population_type=resident.population_type,
        id_number=masks.identity(vault.open(resident.id_sealed)) if resident.id_sealed else None,
        phone=masks.phone(vault.open(resident.phone_sealed)) if resident.phone_sealed else None,
        lives_here=lives_here,
        since=place.valid_from,
    )


def _numbers(
    sent: Sequence[ResidentCreate], path: Callable[[int], str]
) -> tuple[list[IdentityNumber | None], list[FieldError], list[Warned]]:
    found: list[IdentityNumber | None] = []
    errors: list[FieldError] = []
    warnings: list[Warned] = []
    for place, resident in enumerate(sent):
        where = f"{path(place)}.id_number"
        try:
            number = read_number(resident.id_number, resident.id_type)
        except IdentityRefusedError as refused:
            errors.append(FieldError(where, refused.fault, *MESSAGES[refused.fault]))
            continue
        if number and number.number in {other.number for other in found if other}:
            errors.append(FieldError(where, "id_number_repeated", "与前面的人员重复", "is there twice"))
        warnings += odd(number, where)
        found.append(number)
    return found, errors, warnings


def _columns(resident: ResidentCreate, number: IdentityNumber | None, vault: Vault) -> dict[str, Any]:
    read_gender = number.gender if number and number.gender else Gender.UNSTATED
    return {
        "id": uuid7(),
        **name_columns(resident.name),
        "gender": resident.gender or read_gender,
        "birth_on": resident.birth_on or (number.birth_on if number else None),
        "population_type": resident.population_type,
        "id_type": resident.id_type,
        "no_id_reason": None if number else resident.no_id_reason or NoIdReason.NOT_COLLECTED,
        "hukou_place": resident.hukou_place,
        "occupation": resident.occupation,
        "workplace": resident.workplace,
        **sealed_columns("id", number.number if number else None, vault),
        **sealed_columns("phone", resident.phone, vault),
    }
