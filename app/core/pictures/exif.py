"""EXIF: when and where a picture was taken and how it is to be turned, read from its TIFF block.

Only a hint: a phone's clock and place can be anything. Reads a handful of entries and follows no chain, so
that no block, however it was made, costs more than a few steps; what does not make sense is left out.
"""

import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from app.core.clock import BUSINESS_ZONE

UPRIGHT, MAX_TURN = 1, 8
JPEG_NAME = b"Exif\0\0"
_MAX_ENTRIES = 256
_TURN, _EXIF, _GPS, _TAKEN, _ZONE = 0x0112, 0x8769, 0x8825, 0x9003, 0x9011
_LAT_REF, _LAT, _LNG_REF, _LNG = 1, 2, 3, 4
_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_SIZES = {_ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8}
_MAX_BYTES = 64
_DEGREES = {_LAT: 90.0, _LNG: 180.0}
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_TURNED = struct.Struct("<2sHIHHHIHHI")


@dataclass(frozen=True, slots=True)
class Hint:
    """When (aware), where (WGS 84 degrees), and the orientation (1 to 8) that EXIF tells."""

    taken_at: datetime | None = None
    lng: float | None = None
    lat: float | None = None
    turn: int = UPRIGHT


def read(block: bytes) -> Hint:
    """What the TIFF block (beginning `II*` or `MM*`) says; a `Hint` of nothing where it makes no sense.

    Many a program writes JPEG's name for it in front.
    """
    block = block.removeprefix(JPEG_NAME)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return Hint()
    tiff = _Tiff(block, order)
    main = tiff.entries(tiff.number(4, 4))
    taken, gps = tiff.linked(main, _EXIF), tiff.linked(main, _GPS)
    lng, lat = _degrees(tiff, gps, _LNG, b"W"), _degrees(tiff, gps, _LAT, b"S")
    if lng is None or lat is None or (lng, lat) == (0.0, 0.0):
        lng = lat = None
    turn = tiff.number_of(main, _TURN)
    return Hint(_moment(taken), lng, lat, turn if UPRIGHT <= turn <= MAX_TURN else UPRIGHT)


def only_turn(turn: int) -> bytes:
    """A TIFF block that says how to turn the picture and nothing else."""
    return _TURNED.pack(b"II", 42, 8, 1, _TURN, _SHORT, 1, turn, 0, 0)


class _Tiff:
    def __init__(self, block: bytes, order: str) -> None:
        self._block, self._order = block, order

    def number(self, at: int, size: int) -> int:
        told = self._block[at : at + size]
        return int.from_bytes(told, "little" if self._order == "<" else "big") if len(told) == size else 0

    def entries(self, at: int) -> dict[int, tuple[int, bytes]]:
        """Of one directory: type and bytes of each entry that is short enough to matter."""
        count = min(self.number(at, 2), _MAX_ENTRIES) if at else 0
        return dict(filter(None, (self._entry(at + 2 + 12 * index) for index in range(count))))

    def linked(self, entries: dict[int, tuple[int, bytes]], tag: int) -> dict[int, tuple[int, bytes]]:
        """The directory that an entry leads to; empty without."""
        return self.entries(self.number_of(entries, tag))

    def number_of(self, entries: dict[int, tuple[int, bytes]], tag: int) -> int:
        """The first number of an entry; 0 without."""
        kind, told = entries.get(tag, (0, b""))
        size = {_SHORT: 2, _LONG: 4}.get(kind, 0)
        return int.from_bytes(told[:size], "little" if self._order == "<" else "big")

    def fractions(self, told: bytes) -> list[float]:
        """The rationals in these bytes; one with a denominator of 0 ends them."""
        found = []
        for above, below in struct.iter_unpack(f"{self._order}II", told[: len(told) // 8 * 8]):
            if below == 0:
                break
            found.append(above / below)
        return found

    def _entry(self, at: int) -> tuple[int, tuple[int, bytes]] | None:
        kind, count = self.number(at + 2, 2), self.number(at + 4, 4)
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= _MAX_BYTES:
            return None
        start = at + 8 if size <= 4 else self.number(at + 8, 4)  # noqa: PLR2004 - what fits stands inside
        return self.number(at, 2), (kind, self._block[start : start + size])


def _degrees(tiff: _Tiff, gps: dict[int, tuple[int, bytes]], tag: int, negative: bytes) -> float | None:
    parts = tiff.fractions(gps.get(tag, (0, b""))[1])
    if len(parts) != 3:  # noqa: PLR2004 - degrees, minutes, seconds
        return None
    found = parts[0] + parts[1] / 60 + parts[2] / 3600
    reference = gps.get(tag - 1, (0, b""))[1]
    if not reference or found > _DEGREES[tag]:
        return None
    return round(-found if reference[:1] == negative else found, 7)


def _moment(entries: dict[int, tuple[int, bytes]]) -> datetime | None:
    """When the picture was taken; by the business' own time where no zone is told."""
    told = entries.get(_TAKEN, (0, b""))[1].rstrip(b"\0 ")
    with suppress(ValueError, OverflowError):
        local = datetime.strptime(told.decode("ascii"), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - zone follows
        zone = _OFFSET.match(entries.get(_ZONE, (0, b""))[1].decode("ascii", "replace"))
        if zone is None:
            return local.replace(tzinfo=BUSINESS_ZONE).astimezone(UTC)
        sign, hours, minutes = zone.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
        return local.replace(tzinfo=timezone(ahead)).astimezone(UTC)
    return None
