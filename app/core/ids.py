"""Identifiers: UUIDv7 (RFC 9562), which sort by the time they were made.

The standard library has `uuid7` only from Python 3.14 on. Human numbers come from a database sequence,
not from here.
"""

import secrets
import time
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62


def uuid7(milliseconds: int | None = None, randomness: int | None = None) -> UUID:
    """A UUIDv7 of now, or of a given Unix time in ms with 74 given random bits (for seeded data)."""
    stamp = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    noise = secrets.randbits(74) if randomness is None else randomness
    high, low = noise >> 62 & 0xFFF, noise & ((1 << 62) - 1)
    return UUID(int=(stamp & 0xFFFFFFFFFFFF) << 80 | _VERSION | high << 64 | _VARIANT | low)
