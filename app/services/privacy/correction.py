"""Correcting a resident: the row itself, and the contacts of tickets that say the same wrong thing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import invalid_field
from app.models.enums import IdType, NoIdReason
from app.models.registry import Resident
from app.models.ticket import TicketContact
from app.schemas.privacy import Correction
from app.services.platform import outbox
from app.services.platform.sealing import sealed_columns
from app.services.privacy import traces
from app.services.registry.identity import MESSAGES, IdentityRefusedError, parse
from app.services.registry.names import name_columns
from app.services.registry.residents import ResidentTaken


def checked(changes: Correction) -> Correction:
    """The changes with the identity number in its plain form; `Invalid` where it is none."""
    if changes.id_number is None:
        return changes
    try:
        number = parse(changes.id_number).number
    except IdentityRefusedError as refused:
        raise invalid_field(
            "body.changes.id_number", *MESSAGES[refused.fault], code=refused.fault.value
        ) from refused
    return changes.model_copy(update={"id_number": number})


async def correct(session: AsyncSession, *, person: Resident, changes: Correction, vault: Vault) -> None:
    """Write the changes; `ResidentTaken` when the number is somebody else's."""
    sent = changes.changes
    tickets = await traces.tickets_of(session, person=person, vault=vault)
    if sent.get("id_number"):
        taken = select(Resident.id).where(
            Resident.id_index.in_(vault.indexes(sent["id_number"])), Resident.id != person.id
        )
        if await session.scalar(taken) is not None:
            raise ResidentTaken
    values: dict[str, Any] = {name: sent[name] for name in ("gender", "birth_on") if name in sent}
    if "name" in sent:
        values |= name_columns(sent["name"])
    numbers = _numbers(sent, vault)
    row = update(Resident).where(Resident.id == person.id)
    await _change(
        session, row.values(**values, **numbers, version=Resident.version + 1, updated_at=clock.now())
    )
    await outbox.append_all(session, [("resident.correct", person.id, {})])
    told = {name: value for name, value in numbers.items() if name.startswith("phone_")}
    if "name" in sent:
        told["name"] = sent["name"]
    if told:
        contact = update(TicketContact).where(TicketContact.ticket_id.in_(tickets))
        await _change(session, contact.values(**told))


def _numbers(sent: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "id_number" in sent:
        found |= sealed_columns("id", sent["id_number"], vault)
        found["no_id_reason"] = None if sent["id_number"] else NoIdReason.NOT_COLLECTED.value
        if sent["id_number"]:
            found["id_type"] = IdType.RESIDENT_ID.value
    if "phone" in sent:
        found |= sealed_columns("phone", sent["phone"], vault)
    return found


async def _change(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement.execution_options(synchronize_session=False))
