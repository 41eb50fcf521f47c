"""A phone's queue read entry by entry, so that one that is wrong refuses itself and holds up no other.

Here the phone's clock is put right: what it says now and what the server says now tell how far it is off.
What an entry means is not decided here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from app.api.validation import problem_of
from app.core import clock
from app.core.crypto import Vault
from app.core.errors import Problem, invalid_field
from app.models.enums.sync import OperationKind
from app.schemas.sync import ActionQueued, AnyQueued, DutyQueued, Entry
from app.services.mobile.operations import Operation, Unreadable
from app.services.tickets.commands import ADAPTER

TOLERATED = timedelta(minutes=2)
_ENTRY: TypeAdapter[AnyQueued] = TypeAdapter(Entry)
_MADE = frozenset({OperationKind.TICKET_REPORT.value, OperationKind.VISIT_RECORD.value})
_TIMED = _MADE | {OperationKind.TICKET_ACTION.value}
Read = Operation | Unreadable
COMMON = frozenset(
    {"area_id", "org_id", "member_id", "plan_id", "proposed_org_id", "helper_org_ids", "companion_ids"}
)
# Going on duty and off is about one and the same thing.
DUTY = UUID(int=0)


def skew(sent_at: datetime | None, now: datetime) -> timedelta:
    """How far a phone's clock is behind the server's; within two minutes it is the network."""
    behind = now - sent_at if sent_at else timedelta(0)
    return behind if abs(behind) > TOLERATED else timedelta(0)


def read(entries: Sequence[Any], *, sent_at: datetime | None, vault: Vault) -> list[Read]:
    """Each entry as an operation, or as what is wrong with it."""
    now = clock.now()
    return [_read(entry, number, skew(sent_at, now), now, vault) for number, entry in enumerate(entries)]


def digest_of(entry: Any, vault: Vault) -> bytes:
    """32 bytes that are the same for the same entry; keyed, so that nobody can try phone numbers on them."""
    return vault.index(json.dumps(entry, sort_keys=True, separators=(",", ":")))


def _read(entry: Any, number: int, behind: timedelta, now: datetime, vault: Vault) -> Read:
    try:
        return _understood(entry, number, behind, now, vault)
    except RecursionError:
        op_id, record_id = _named(entry)
        names = frozenset(one for one in (op_id, record_id) if one)
        return Unreadable(op_id, record_id, b"", names, _too_deep(number))


def _understood(entry: Any, number: int, behind: timedelta, now: datetime, vault: Vault) -> Read:
    try:
        return _operation(entry, behind, now, vault)
    except ValidationError as wrong:
        problem = _explained(wrong, number)
        return Unreadable(*_named(entry), digest_of(entry, vault), frozenset(_names(entry)), problem)


def _operation(entry: Any, behind: timedelta, now: datetime, vault: Vault) -> Operation:
    happened = _happened(entry, behind, now)
    queued = _ENTRY.validate_python(_completed(entry, happened))
    body: Any = queued.body
    if isinstance(queued, ActionQueued):
        body = ADAPTER.validate_python(queued.body)
    return Operation(
        op_id=queued.op_id,
        kind=OperationKind(queued.kind),
        record_id=None if isinstance(queued, DutyQueued) else queued.id,
        version=queued.version,
        after=queued.after,
        happened_at=happened or now,
        skew_s=round(behind.total_seconds()),
        digest=digest_of(entry, vault),
        names=frozenset({*_names(entry), *([DUTY] if isinstance(queued, DutyQueued) else ())}),
        body=body,
    )


def _completed(entry: Any, happened: datetime | None) -> Any:
    """The entry with id and time in its body, as the single calls have them."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("body"), Mapping):
        return entry
    kind, body = str(entry.get("kind")), dict(entry["body"])
    if kind in _MADE and "id" in entry:
        body["id"] = entry["id"]
    if kind in _TIMED and happened is not None:
        body["occurred_at"] = happened
    return {**entry, "body": body}


def _happened(entry: Any, behind: timedelta, now: datetime) -> datetime | None:
    told = entry.get("occurred_at") if isinstance(entry, Mapping) else None
    try:
        moment = datetime.fromisoformat(told) if isinstance(told, str) else None
        # What the phone does not say of its clock is only found out when it is ahead.
        return min(moment.astimezone(UTC) + behind, now) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _names(entry: Any, key: str = "") -> Iterator[UUID]:
    """The records that an entry names, wherever; not the places and offices that many have in common."""
    if isinstance(entry, Mapping):
        for name, value in entry.items():
            yield from _names(value, str(name))
    elif isinstance(entry, list):
        for value in entry:
            yield from _names(value, key)
    elif key not in COMMON and (found := _uuid(entry)) is not None:
        yield found


def _explained(wrong: ValidationError, number: int) -> Problem:
    findings = wrong.errors(include_url=False, include_input=False)
    located = [{**finding, "loc": ("operations", number, *finding["loc"])} for finding in findings]
    return problem_of(located)


def _too_deep(number: int) -> Problem:
    return invalid_field(f"operations.{number}", "嵌套层次过多", "is nested too deeply")


def _named(entry: Any) -> tuple[UUID | None, UUID | None]:
    sent = entry if isinstance(entry, Mapping) else {}
    return _uuid(sent.get("op_id")), _uuid(sent.get("id"))


def _uuid(told: Any) -> UUID | None:
    try:
        return UUID(told) if isinstance(told, str) else None
    except ValueError:
        return None
