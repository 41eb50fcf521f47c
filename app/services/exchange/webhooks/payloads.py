"""What a message says: a table of fields by what they tell of somebody, and how a message is made of it.

Codes go to everybody who may see the ticket; a field that may tell of somebody goes only to a client that was
given it, and none goes out of a confidential ticket. Who reported, who acted and whom to call are in no
message at all; a number of somebody that stands in a text is starred. Of a ticket that is no longer where the
client may look, only this is said.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.texts import without_numbers_of_people
from app.models.enums import Status
from app.models.enums.third_party import ClientField, WebhookPayload
from app.services.exchange.webhooks.events import EVENT_TYPES, TEST
from app.services.tickets.labels import STATUS_ZH

CODES = (
    "no",
    "category_code",
    "category_label",
    "source",
    "urgency",
    "stage",
    "status",
    "area_id",
    "area_name",
    "lead_org_id",
    "org_name",
    "reported_at",
    "due_at",
    "resolved_at",
    "closed_at",
    "resolution_type",
    "solved",
    "satisfaction",
    "supervise_level",
    "merged_into_id",
)
TELLING = (
    ClientField.TITLE,
    ClientField.CONTENT,
    ClientField.ADDRESS,
    ClientField.LOCATION,
    ClientField.MEASURES,
    ClientField.PUBLIC_REPLY,
)
"""Fields of the ticket that may tell of somebody; `opinion` is the step's."""
STARS = "***"


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: its id, its bytes, and the texts in it that may tell of somebody."""

    id: str
    body: bytes
    telling: Sequence[str] = ()


def message_id(event_id: UUID) -> str:
    """The id of a message: of the event, so that it stays however often it is sent."""
    return f"evt_{event_id.hex}"


def message(
    row: Mapping[str, Any], *, subscription_id: UUID, payload: WebhookPayload, fields: Collection[str]
) -> Message:
    """The message of a delivery, of what is known of its ticket now."""
    if row["event_type"] == TEST:
        data: dict[str, Any] = {"webhook_id": subscription_id}
    else:
        given = frozenset() if row["confidential"] else frozenset(fields)
        data = _step(row, payload, given)
    told = {"type": row["event_type"], "timestamp": row["happened_at"], "data": data}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    return Message(message_id(row["event_id"]), body, tuple(_telling(data)))


def _step(row: Mapping[str, Any], payload: WebhookPayload, given: Collection[str]) -> dict[str, Any]:
    data = {"ticket_id": row["ticket_id"], "seq": row["seq"], "left_area": not row["in_reach"]}
    if not row["in_reach"]:
        return data
    data |= {
        "label": EVENT_TYPES[row["event_type"]].label,
        "from_status": row["from_status"],
        "to_status": row["to_status"],
        "status_word": row["status_word"] or STATUS_ZH[Status(row["to_status"])],
        "external_ref": row["external_ref"],
        "actor_role": None if row["confidential"] else row["actor_role"],
    }
    if payload is WebhookPayload.FULL:
        if ClientField.OPINION in given:
            data["opinion"] = _value(row, ClientField.OPINION)
        told = {field.value: _value(row, field) for field in TELLING if field in given}
        data["ticket"] = {name: row[name] for name in CODES} | told
    return data


def _value(row: Mapping[str, Any], field: ClientField) -> Any:
    if field is ClientField.LOCATION:
        return None if row["lng"] is None else {"lng": row["lng"], "lat": row["lat"]}
    words = row[field.value]
    return without_numbers_of_people(words, STARS) if words else words


def _telling(data: Mapping[str, Any]) -> Iterator[str]:
    ticket = data.get("ticket") or {}
    values = (data.get(ClientField.OPINION), *(ticket.get(field.value) for field in TELLING))
    return (value for value in values if isinstance(value, str))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
