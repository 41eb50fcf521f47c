"""The cursor of a pull: where in the outbox and the messages, how far in the first sync or the farewell.

It travels as base64url JSON, is opaque to clients and never trusted: it only says from where to read, and
what is read is looked at with the caller's posts of now. One that the server cannot go on from is
`CursorStale`: the phone begins anew.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.errors import Problem, invalid_field
from app.services.platform.actor import Actor, Dataset
from app.services.platform.outbox import OutboxCursor

KEPT_FOR = timedelta(days=30)
# A phone forgets by itself what is older.
RECENT = timedelta(days=90)
MAX_LENGTH = 2000
FIRST, CHANGES, FAREWELL = "f", "c", "x"
_DATASETS = (Dataset.AREAS, Dataset.REGISTRY, Dataset.TICKETS)
_BIGINT = 2**63
_NONE = UUID(int=0)


class CursorStale(Problem):
    """Too old, from another database, or of other posts: what changed since cannot be told."""

    status, code = 410, "sync_cursor_stale"
    title_zh = "同步标记已失效，请重新完整同步"
    title_en = "The cursor cannot be continued: sync from the beginning"


@dataclass(frozen=True, slots=True)
class Heard:
    """Where in the caller's messages: the transaction and the message told last."""

    txid: int
    id: UUID = _NONE


@dataclass(frozen=True, slots=True)
class Cursor:
    """`at` in the outbox, `heard` in the messages; `step` and `after`: the kind and the id where the rest is.

    A first sync or farewell goes kind by kind.

    `scope` stands for the caller's posts, `since` is when they were looked at; `categories` and `codes` are
    the versions that the phone has.
    """

    mode: str
    at: OutboxCursor
    heard: Heard
    scope: str
    since: datetime
    step: int = 0
    after: UUID | None = None
    categories: int = -1
    codes: Mapping[str, str] = field(default_factory=dict)

    def on(self, **changes: Any) -> "Cursor":
        """The same cursor further on."""
        return replace(self, **changes)


def scope_of(actor: Actor) -> str:
    """16 characters that are the same as long as a caller sees the same areas and organisations."""
    grants = sorted(
        f"{grant.role}:{grant.area_id or ''}:{grant.level or ''}:{grant.org_id or ''}"
        for grant in actor.grants
    )
    told = "|".join((str(actor.member_id), *grants, *_DATASETS))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def packed(cursor: Cursor) -> str:
    """The cursor as it travels."""
    told = {
        "m": cursor.mode,
        "t": cursor.at.txid,
        "i": cursor.at.id,
        "h": cursor.heard.txid,
        "g": cursor.heard.id.hex,
        "s": cursor.scope,
        "w": int(cursor.since.timestamp() * 1000),
        "n": cursor.step,
        "a": cursor.after.hex if cursor.after else None,
        "c": cursor.categories,
        "k": dict(cursor.codes),
    }
    return base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")


def unpacked(text: str) -> Cursor:
    """The cursor that came; `Invalid` for what is none, `CursorStale` for one that is too old."""
    try:
        cursor = _read(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        binascii.Error,
        RecursionError,
    ) as no:
        raise invalid_field(
            "query.cursor", "同步标记无效", "The cursor is not valid", "cursor_invalid"
        ) from no
    if cursor.since < clock.now() - KEPT_FOR:
        raise CursorStale
    return cursor


def _read(told: Any) -> Cursor:
    numbers = [told[name] for name in ("t", "i", "h", "w", "n", "c")]
    codes = told["k"]
    if (
        told["m"] not in {FIRST, CHANGES, FAREWELL}
        or not all(isinstance(number, int) and -1 <= number < _BIGINT for number in numbers)
        or not all(isinstance(name, str) and isinstance(version, str) for name, version in codes.items())
    ):
        raise ValueError(told)
    return Cursor(
        mode=told["m"],
        at=OutboxCursor(told["t"], told["i"]),
        heard=Heard(told["h"], UUID(hex=told["g"])),
        scope=str(told["s"]),
        since=datetime.fromtimestamp(told["w"] / 1000, UTC),
        step=told["n"],
        after=UUID(hex=told["a"]) if told["a"] else None,
        categories=told["c"],
        codes=codes,
    )
