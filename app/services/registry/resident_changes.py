"""Correcting what is written of a person: names, numbers, work; what happens to them is `life`'s business.

A number is checked and sealed as on the way in. Birth date and gender stay as they were said, because
numbers with a wrong digit exist; where nothing was said, they are read from the new number.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import FieldError, Invalid
from app.models.enums import Gender, IdType, NoIdReason
from app.models.registry import Resident
from app.schemas.household import Warned
from app.schemas.resident import ResidentPatch
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.platform.sealing import sealed_columns
from app.services.registry import history, life, residents
from app.services.registry.identity import MESSAGES, IdentityNumber, IdentityRefusedError

_WHERE = "body.id_number"


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    vault: Vault,
    resident_id: UUID,
    changes: ResidentPatch,
    expected_version: int | None,
) -> list[Warned]:
    """Change the sent fields; what deserves a second look. `ResidentTaken` for somebody else's number."""
    resident = await life.locked(
        session, actor=actor, resident_id=resident_id, expected_version=expected_version
    )
    values = changes.changes
    warnings: list[Warned] = []
    if "phone" in values:
        values |= sealed_columns("phone", values.pop("phone"), vault)
    kind = values.get("id_type", IdType(resident.id_type))
    if "id_number" in values:
        number = _checked(values.pop("id_number"), kind)
        warnings = residents.odd(number, _WHERE)
        values |= await _number(session, resident, number, values, vault)
    elif resident.id_sealed is not None:
        if "id_type" in values:
            _checked(vault.open(resident.id_sealed), kind)
        # There is a number: nothing explains that there is none.
        values.pop("no_id_reason", None)
    elif "no_id_reason" in values:
        values["no_id_reason"] = values["no_id_reason"] or NoIdReason.NOT_COLLECTED
    for name, value in values.items():
        setattr(resident, name, value)
    versions.touch(resident, actor)
    await session.flush()
    data = {"fields": sorted(changes.model_fields_set)}
    await history.record(session, actor=actor, action="resident.change", entity_id=resident_id, data=data)
    return warnings


def _checked(typed: str | None, kind: IdType) -> IdentityNumber | None:
    try:
        return residents.read_number(typed, kind)
    except IdentityRefusedError as refused:
        zh, en = MESSAGES[refused.fault]
        raise Invalid(zh, en, errors=(FieldError(_WHERE, refused.fault, zh, en),)) from None


async def _number(
    session: AsyncSession,
    resident: Resident,
    number: IdentityNumber | None,
    sent: dict[str, Any],
    vault: Vault,
) -> dict[str, Any]:
    columns: dict[str, Any] = sealed_columns("id", number.number if number else None, vault)
    if number is None:
        return columns | {"no_id_reason": sent.get("no_id_reason") or NoIdReason.NOT_COLLECTED}
    indexes = vault.indexes(number.number)
    taken = select(Resident.id).where(Resident.id_index.in_(indexes), Resident.id != resident.id)
    if await session.scalar(taken) is not None:
        zh, en = residents.ResidentTaken.title_zh, residents.ResidentTaken.title_en
        raise residents.ResidentTaken(errors=(FieldError(_WHERE, residents.ResidentTaken.code, zh, en),))
    columns["no_id_reason"] = None
    if resident.birth_on is None and "birth_on" not in sent:
        columns["birth_on"] = number.birth_on
    if resident.gender == Gender.UNSTATED and "gender" not in sent and number.gender:
        columns["gender"] = number.gender
    return columns
