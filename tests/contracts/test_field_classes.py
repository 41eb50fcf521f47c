"""Every field of every answer has a class, and personal ones leave as the register says.

The first tests read the register, the last walks all reads as everybody and looks at each field.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.schema import ROOT
from app.models.enums.privacy import (
    FieldClass,
    HouseholdField,
    Leaves,
    PlaceField,
    ResidentField,
    RoomField,
)
from app.schemas import dwelling, field_classes, household, place, resident
from app.schemas.field_classes import INTERNAL, PERSONAL, PUBLIC, entry, kept
from app.schemas.types import Output
from app.services.registry import unmask
from tests.contracts.test_leaks import EVERYBODY, address
from tests.support.clients import Api
from tests.support.operations import operations
from tests.support.records import populate
from tests.support.secrets_of_people import plant
from tests.support.world import World

# A page, changes and a reference have no class of their own: the field that holds one has.
_GENERAL = {"Changes", "PageRead", "Ref", "StaffRef"}
TELLING = re.compile(r"(^|_)(phone|id_number|birth_on|hukou_place|workplace|resident|owner_name)$")
ASKED_FOR: Mapping[str, tuple[type[Output], str]] = {
    ResidentField.NAME: (resident.ResidentRead, "name"),
    ResidentField.PHONE: (resident.ResidentRead, "phone"),
    ResidentField.ID_NUMBER: (resident.ResidentRead, "id_number"),
    ResidentField.HUKOU_PLACE: (resident.ResidentDetail, "hukou_place"),
    ResidentField.WORKPLACE: (resident.ResidentDetail, "workplace"),
    ResidentField.HOME_ADDRESS: (resident.HomeRead, "address"),
    HouseholdField.HEAD_NAME: (household.HouseholdRead, "head_name"),
    HouseholdField.HEAD_PHONE: (household.HouseholdPerson, "phone"),
    RoomField.OWNER_NAME: (dwelling.RoomRead, "owner_name"),
    RoomField.OWNER_PHONE: (dwelling.RoomRead, "owner_phone"),
    PlaceField.CONTACT_NAME: (place.PlaceRead, "contact_name"),
    PlaceField.CONTACT_PHONE: (place.PlaceRead, "contact_phone"),
}


def shapes(above: type[Output] = Output) -> Iterator[type[Output]]:
    """Every shape that goes out, without pages of them."""
    for shape in above.__subclasses__():
        if shape.__module__.startswith("app.") and "[" not in shape.__name__:
            if shape.__name__ not in _GENERAL:
                yield shape
            yield from shapes(shape)


@pytest.fixture
def named(app: FastAPI) -> dict[str, type[Output]]:
    """The shapes as the register calls them; the application is imported, and with it all of them."""
    assert app
    return {entry(shape): shape for shape in shapes()}


async def test_every_answer_stands_in_the_register_once(named: dict[str, type[Output]]) -> None:
    listed = [*PUBLIC, *INTERNAL, *PERSONAL]
    assert len(listed) == len(set(listed))
    assert not named.keys() - set(listed)


async def test_the_register_names_fields_that_are_there(named: dict[str, type[Output]]) -> None:
    for name, fields in PERSONAL.items():
        if name in named:
            assert fields.keys() <= named[name].model_fields.keys(), name


async def test_what_sounds_like_a_person_is_personal_wherever_it_stands(
    named: dict[str, type[Output]],
) -> None:
    found = [
        (name, field)
        for name, shape in named.items()
        for field in shape.model_fields
        if TELLING.search(field) and name not in PUBLIC
    ]
    public = {("MemberRead", "work_phone"), ("MemberDetail", "work_phone")}
    assert len(found) > 20
    for name, field in set(found) - public:
        assert kept(named[name], field).cls in {FieldClass.P2, FieldClass.P3}, (name, field)


async def test_a_field_that_can_be_asked_for_has_the_class_that_the_register_gives_it() -> None:
    for asked, (shape, field) in ASKED_FOR.items():
        entry = kept(shape, field)
        assert (entry.cls, entry.leaves) == (unmask.CLASS_OF[asked], Leaves.MASKED), asked
    # A birth date stands in no answer: beside a masked number it would give the whole one.
    assert unmask.CLASS_OF.keys() - ASKED_FOR.keys() == {ResidentField.BIRTH_ON}


async def test_a_shape_that_nobody_entered_has_no_class() -> None:
    class Unheard(Output):
        """Nobody entered it."""

    with pytest.raises(KeyError):
        field_classes.kept(Unheard, "anything")


async def test_masked_fields_are_masked_in_every_answer_to_everybody(
    app: FastAPI, api: Api, session: AsyncSession, world: World, named: dict[str, type[Output]]
) -> None:
    planted = await plant(api, session, world)
    await populate(api, world)
    document = app.openapi()
    seen: set[tuple[str, str]] = set()
    for operation in operations(app):
        if operation.method != "GET":
            continue
        answer = document["paths"][operation.path]["get"]["responses"].get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        for who in EVERYBODY if schema else ():
            reply = await api.as_(who).get(address(operation, planted), params=operation.query())
            for name, field, value in values(document, schema, reply.json() if reply.is_success else None):
                if name in named and kept(named[name], field).leaves is Leaves.MASKED and value is not None:
                    shown = value["name"] if isinstance(value, dict) else value
                    assert "*" in shown, (operation.name, who, name, field)
                    seen.add((name, field))
    assert seen >= {
        ("ResidentDetail", "hukou_place"),
        ("ResidentDetail", "workplace"),
        ("ResidentDetail", "id_number"),
        ("HomeRead", "address"),
        ("ResidenceRead", "address"),
        ("KinRead", "resident"),
        ("HouseholdRead", "head_name"),
        ("HouseholdPerson", "phone"),
        ("RoomRead", "owner_phone"),
        ("PlaceRead", "contact_phone"),
        ("CareRead", "resident"),
        ("ContactRead", "phone"),
        ("MemberDetail", "phone"),
    }


def registered(component: str) -> str:
    """A shape's name in the register; of two with one name the document says the module: `TeamPlaceRead`."""
    for full in PERSONAL:
        module, _dot, bare = full.rpartition(".")
        if component == module.title() + bare:
            return full
    doubled = (bare for bare in PERSONAL if component.endswith(bare) and component != bare)
    modules = ROOT / "app" / "schemas"
    found = (bare for bare in doubled if (modules / f"{component.removesuffix(bare).lower()}.py").is_file())
    return next(found, component)


def values(document: Any, schema: Any, value: Any) -> Iterator[tuple[str, str, Any]]:
    """The fields of an answer, deep: the shape's name, the field, its value."""
    if value is None:
        return
    if "$ref" in schema:
        component = schema["$ref"].rsplit("/", 1)[-1]
        shape = document["components"]["schemas"][component]
        name = registered(component)
        for field, inner in shape.get("properties", {}).items():
            if isinstance(value, dict) and field in value:
                yield name, field, value[field]
                yield from values(document, inner, value[field])
    elif "items" in schema and isinstance(value, list):
        for item in value:
            yield from values(document, schema["items"], item)
    else:
        for inner in schema.get("anyOf", ()):
            yield from values(document, inner, value)
