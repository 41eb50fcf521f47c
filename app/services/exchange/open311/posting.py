"""A posted request or update, out of a form's texts.

Clients send what the specification names and sometimes more; what is not needed (an email, a device, an
account) is not kept. An empty field counts as absent.
"""

import json
import re
from collections.abc import Mapping, Sequence
from math import nan
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, Invalid, NotFound, invalid_field
from app.models.enums import Action, EventSource
from app.schemas.folding import PersonPhone
from app.services.exchange.open311.asked import Query, one
from app.services.exchange.open311.states import WORDS
from app.services.exchange.public.reporting import PICTURE, Sent
from app.services.platform import idempotency
from app.services.platform.actor import Actor
from app.services.platform.idempotency import Answer, KeyReused
from app.services.tickets import commands, transitions
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.report import Place

LONGEST, SHORT, NAME, UPDATE_ID = 4000, 200, 30, 100
_ATTRIBUTE = re.compile(r"attribute\[([A-Za-z0-9_.-]{1,40})\](?:\[\])?")
_PHONE: TypeAdapter[str] = TypeAdapter(PersonPhone)
_URL = re.compile(r"https?://[\x21-\x7e]{1,480}")
MOST_DEGREES = 180.0
CANCELLED = "CANCELLED"


def request(form: Query) -> Sent:
    """What a form reports; `Invalid` names everything that is missing or wrong."""
    wrong: list[FieldError] = []
    code = one(form, "service_code")
    if code is None:
        wrong.append(_missing("service_code"))
    place, address, area = _place(form), _short(form, "address_string", SHORT), one(form, "address_id")
    if place is None and address is None and area is None:
        wrong.append(FieldError("lat", "missing", "须有 lat 和 long，或地址", "lat and long, or an address"))
    if wrong:
        raise Invalid(errors=tuple(wrong))
    return Sent(
        service_code=code or "",
        description=_short(form, "description", LONGEST),
        source=EventSource.THIRD_PARTY,
        place=place,
        address=address,
        area_id=_area(area),
        name=_name(form),
        phone=_phone(one(form, "phone")),
        media_url=_media_url(form),
        answers=_answers(form),
    )


async def update(session: AsyncSession, *, actor: Actor, form: Query, deadlines: Deadlines) -> str:
    """Take an update on a client's own report: its words as a comment, or its withdrawal; its number.

    An update that was taken before is not taken again. `NotFound` for a request of somebody else, `Invalid`
    for wrong fields.
    """
    request_id, status = one(form, "service_request_id"), one(form, "status")
    if request_id is None:
        raise invalid_field("service_request_id", "必须填写", "is required", "missing")
    if status is not None and status.upper() not in WORDS:
        raise invalid_field("status", "不认识的状态", "is not a known status")
    withdraws = status is not None and status.upper() == CANCELLED
    words = _words(form)
    if words is None and not withdraws:
        raise invalid_field("description", "必须填写", "is required", "missing")
    body = {"action": Action.WITHDRAW if withdraws else Action.COMMENT, "opinion": words}
    own_id = _short(form, "update_id", UPDATE_ID)
    if own_id is not None and await _taken_before(session, actor, own_id, [request_id, status, words]):
        return own_id
    ticket = await transitions.act(
        session,
        actor=actor,
        ticket_id=_id(request_id),
        command=commands.ADAPTER.validate_python(body),
        expected_version=None,
        deadlines=deadlines,
    )
    return own_id or f"{ticket.id}-{ticket.row['version']}"


def _words(form: Query) -> str | None:
    """What an update says, with the address of its picture."""
    url = _media_url(form)
    picture = f"{PICTURE}{url}" if url else ""
    words = _short(form, "description", LONGEST - len(picture) - 1)
    return "\n".join(line for line in (words, picture) if line) or None


async def _taken_before(
    session: AsyncSession, actor: Actor, update_id: str, said: Sequence[str | None]
) -> bool:
    asked = idempotency.request_hash("POST", "open311/update", json.dumps(said).encode())
    key = f"open311:{update_id}"
    try:
        before = await idempotency.claim(session, owner_id=actor.id, key=key, request=asked)
    except KeyReused:
        raise invalid_field(
            "update_id", "该编号已用于另一条进展", "was used for another update", "reused"
        ) from None
    if before is None:
        await idempotency.keep(session, owner_id=actor.id, key=key, answer=Answer(200, {}, b""))
    return before is not None


def _phone(text: str | None) -> str | None:
    try:
        return None if text is None else _PHONE.validate_python(text)
    except ValidationError:
        raise invalid_field(
            "phone",
            "应为手机号，或带区号的固定电话",
            "must be a mobile number, or another with its area code",
        ) from None


def _place(form: Query) -> Place | None:
    lat, long = one(form, "lat"), one(form, "long")
    if lat is None and long is None:
        return None
    return Place(_degrees(long, "long"), _degrees(lat, "lat"), "wgs84")


def _degrees(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = nan
    if not -MOST_DEGREES <= value <= MOST_DEGREES:
        raise invalid_field(where, "应为经纬度（WGS-84）", "must be degrees (WGS-84)")
    return value


def _short(form: Query, name: str, longest: int) -> str | None:
    text = one(form, name)
    if text is not None and len(text) > longest:
        raise invalid_field(name, f"最多 {longest} 个字", f"takes at most {longest} characters", "too_long")
    return text


def _area(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound(
            errors=(FieldError("address_id", "unknown", "没有这个地址", "No such address"),)
        ) from None


def _name(form: Query) -> str | None:
    last, first = one(form, "last_name") or "", one(form, "first_name") or ""
    whole = f"{first} {last}".strip() if f"{first}{last}".isascii() else f"{last}{first}"
    return " ".join(whole.split())[:NAME] or None


def _media_url(form: Query) -> str | None:
    url = one(form, "media_url")
    if url is not None and _URL.fullmatch(url) is None:
        raise invalid_field("media_url", "应为 http(s) 地址", "must be an address of the web")
    return url


def _answers(form: Query) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, values in form.items():
        if matched := _ATTRIBUTE.fullmatch(name):
            found.setdefault(matched[1], []).extend(value.strip() for value in values)
    return found


def _missing(where: str) -> FieldError:
    return FieldError(where, "missing", "必须填写", "is required")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
