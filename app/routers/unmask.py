"""Looking at plain values: one record, named fields, a reason; limited, and always written down.

Whoever is signed in may ask, so that a refusal is written down like a look. An answer is never stored
under an idempotency key, because it holds what must not be kept.
"""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.actors import CurrentActorApart
from app.api.origin import Origin, RequestOrigin
from app.api.parts import Opener
from app.api.vault import AppVault
from app.core.db import Sessions
from app.models.enums.privacy import (
    ContactField,
    HouseholdField,
    PersonalRecord,
    PlaceField,
    ResidentField,
    RoomField,
    UnmaskReason,
)
from app.schemas.privacy import (
    DataCopy,
    Unmask,
    UnmaskContact,
    Unmasked,
    UnmaskHousehold,
    UnmaskPlace,
    UnmaskResident,
    UnmaskRoom,
)
from app.services.platform import unmasking
from app.services.platform.actor import Actor
from app.services.platform.unmasking import Asked, Disclosed, Reading
from app.services.privacy import data_requests
from app.services.registry import unmask as registry
from app.services.tickets import unmask as tickets

router = APIRouter(tags=["privacy"])
AnyUnmask = (
    Unmask[ResidentField]
    | Unmask[HouseholdField]
    | Unmask[RoomField]
    | Unmask[PlaceField]
    | Unmask[ContactField]
)


@router.post("/v1/residents/{resident_id}/unmask", summary="查看居民信息原文", operation_id="resident_unmask")
async def resident_unmask(
    opener: Opener,
    actor: CurrentActorApart,
    vault: AppVault,
    origin: RequestOrigin,
    resident_id: UUID,
    body: UnmaskResident,
    response: Response,
) -> Unmasked:
    """The plain values of some fields of one resident."""
    read = partial(registry.resident, actor=actor, vault=vault, resident_id=resident_id, fields=body.fields)
    asked = _asked(actor, PersonalRecord.RESIDENT, resident_id, body, origin)
    return await _answer(opener, asked, read, response)


@router.post(
    "/v1/households/{household_id}/unmask", summary="查看户主信息原文", operation_id="household_unmask"
)
async def household_unmask(
    opener: Opener,
    actor: CurrentActorApart,
    vault: AppVault,
    origin: RequestOrigin,
    household_id: UUID,
    body: UnmaskHousehold,
    response: Response,
) -> Unmasked:
    """The plain values of some fields of one household's present head."""
    read = partial(
        registry.household, actor=actor, vault=vault, household_id=household_id, fields=body.fields
    )
    asked = _asked(actor, PersonalRecord.HOUSEHOLD, household_id, body, origin)
    return await _answer(opener, asked, read, response)


@router.post("/v1/rooms/{room_id}/unmask", summary="查看房主信息原文", operation_id="room_unmask")
async def room_unmask(
    opener: Opener,
    actor: CurrentActorApart,
    vault: AppVault,
    origin: RequestOrigin,
    room_id: UUID,
    body: UnmaskRoom,
    response: Response,
) -> Unmasked:
    """The plain name or phone of one room's owner."""
    read = partial(registry.room, actor=actor, vault=vault, room_id=room_id, fields=body.fields)
    asked = _asked(actor, PersonalRecord.ROOM, room_id, body, origin)
    return await _answer(opener, asked, read, response)


@router.post("/v1/places/{place_id}/unmask", summary="查看场所联系人原文", operation_id="place_unmask")
async def place_unmask(
    opener: Opener,
    actor: CurrentActorApart,
    vault: AppVault,
    origin: RequestOrigin,
    place_id: UUID,
    body: UnmaskPlace,
    response: Response,
) -> Unmasked:
    """The plain name or phone of one place's contact."""
    read = partial(registry.place, actor=actor, vault=vault, place_id=place_id, fields=body.fields)
    asked = _asked(actor, PersonalRecord.PLACE, place_id, body, origin)
    return await _answer(opener, asked, read, response)


@router.post(
    "/v1/tickets/{ticket_id}/contact/unmask",
    summary="查看工单联系人原文",
    operation_id="ticket_contact_unmask",
)
async def ticket_contact_unmask(
    opener: Opener,
    actor: CurrentActorApart,
    vault: AppVault,
    origin: RequestOrigin,
    ticket_id: UUID,
    body: UnmaskContact,
    response: Response,
) -> Unmasked:
    """The plain name or phone of whoever complained: for the present handler and for calling back."""
    read = partial(tickets.contact, actor=actor, vault=vault, ticket_id=ticket_id, fields=body.fields)
    asked = _asked(actor, PersonalRecord.TICKET_CONTACT, ticket_id, body, origin)
    return await _answer(opener, asked, read, response)


@router.post("/v1/data-requests/{request_id}/copy", summary="本人信息副本", operation_id="data_request_copy")
async def data_request_copy(
    opener: Opener,
    actor: CurrentActorApart,
    vault: AppVault,
    origin: RequestOrigin,
    request_id: UUID,
    response: Response,
) -> DataCopy:
    """All that is kept of the resident whose request for access was approved, to hand over to them."""
    copied: list[DataCopy] = []

    async def read(session: AsyncSession) -> Disclosed:
        shown, copy = await data_requests.copy(session, actor=actor, request_id=request_id, vault=vault)
        copied.append(copy)
        return shown

    asked = Asked(
        actor,
        PersonalRecord.DATA_REQUEST,
        request_id,
        ("everything",),
        UnmaskReason.DATA_REQUEST,
        "本人申请查阅、复制",
        origin.ip,
        origin.device,
    )
    await unmasking.disclose(opener, asked=asked, read=read)
    response.headers["Cache-Control"] = "no-store"
    return copied[0]


def _asked(
    actor: Actor,
    entity: PersonalRecord,
    entity_id: UUID,
    body: AnyUnmask,
    origin: Origin,
) -> Asked:
    fields = tuple(dict.fromkeys(field.value for field in body.fields))
    return Asked(actor, entity, entity_id, fields, body.reason, body.note, origin.ip, origin.device)


async def _answer(opener: Sessions, asked: Asked, read: Reading, response: Response) -> Unmasked:
    shown = await unmasking.disclose(opener, asked=asked, read=read)
    response.headers["Cache-Control"] = "no-store"
    return Unmasked(values=dict(shown.values))
