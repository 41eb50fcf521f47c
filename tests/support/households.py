"""Households for tests: rows put straight into the database, and bodies as an app would send them."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.models.enums import AreaLevel, HouseholdType
from app.models.registry import Household, HouseholdMember, Resident
from app.services.platform.sealing import sealed_columns
from app.services.registry import cycle
from app.services.registry.identity import check_character
from tests.support.settings import SECRET
from tests.support.world import Place, World, fixed_id

NAME, PHONE = "欧阳小修", "13900135678"
BORN = date(1990, 3, 7)


def identity_number(sequence: int = 1, region: str = "440605") -> str:
    """A valid number of somebody born on `BORN`."""
    body = f"{region}{BORN:%Y%m%d}{sequence:03d}"
    return body + check_character(body)


def body(place: Place, **changed: Any) -> dict[str, Any]:
    """A household of one, for POST."""
    return {
        "area_id": str(place.id),
        "address": "沙头水南街 12 号",
        "household_type": "resident",
        "residents": [person()],
    } | changed


def person(relation: str = "02", **changed: Any) -> dict[str, Any]:
    """Somebody for the body of a household."""
    return {"name": NAME, "relation": relation, "id_number": identity_number(), "phone": PHONE} | changed


async def add(
    session: AsyncSession,
    world: World,
    place: Place,
    number: int,
    *,
    kind: HouseholdType = HouseholdType.RESIDENT,
    ended_on: date | None = None,
) -> Household:
    """A household with its head; ids grow with the number."""
    vault = Vault(SECRET)
    levels = {area.level: area.id for area in world.places.values() if area.id in place.path}
    household_id = fixed_id(10_000 + number)
    household = Household(
        id=household_id,
        next_visit_due=cycle.first_turn(household_id, clock.today()),
        no=f"T{number}",
        area_id=place.id,
        town_id=levels[AreaLevel.TOWN],
        village_id=levels[AreaLevel.VILLAGE],
        grid_id=levels[AreaLevel.GRID],
        address=f"测试路{number}号",
        household_type=kind,
        residence_status="same",
        member_count=1,
        ended_on=ended_on,
    )
    head = Resident(
        id=fixed_id(20_000 + number),
        name=NAME,
        gender="1",
        birth_on=BORN,
        population_type="hukou",
        **sealed_columns("id", identity_number(number % 1000), vault),
        **sealed_columns("phone", PHONE, vault),
    )
    session.add_all([household, head])
    await session.flush()
    session.add(
        HouseholdMember(
            id=fixed_id(30_000 + number),
            household_id=household.id,
            resident_id=head.id,
            relation="02",
            is_head=True,
            reason="registered",
            valid_from=date(2024, 1, 1),
        )
    )
    await session.commit()
    return household
