"""The demo's photos: drawn, not taken, so that they show nobody. A street before it was put right, and after.

What histories refer to by its key must stand in the file store of whoever serves them: `place` puts it there.
"""

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from random import Random

from app.core.files import FileStore
from app.demo.content.tables import pick, seeded
from app.models.enums.attachment import AttachmentPurpose

__all__ = ["MIME", "Photo", "photos", "place"]

MIME = "image/png"
_SCENES, _HEAPS = 6, 14
_WIDTH, _HEIGHT, _HORIZON, _KERB = 240, 180, 60, 110
_SKY, _WALL, _ROAD, *_RUBBISH = range(7)
_PALETTE = bytes.fromhex("a8c8e8 c8b89a 8a8a88 5b4a32 3f6b3a b0b4b8 8c2f24")
_INDEXED = bytes((8, 3, 0, 0, 0))


@dataclass(frozen=True, slots=True)
class Photo:
    """A file of the store: its key, its digest, and what it holds."""

    key: str
    sha256: bytes
    content: bytes = field(repr=False)


@cache
def photos() -> Sequence[Mapping[AttachmentPurpose, Photo]]:
    """Pairs: the same street before and after."""
    return [
        {
            AttachmentPurpose.BEFORE: _photo(_street(seeded("photo", scene), _HEAPS)),
            AttachmentPurpose.AFTER: _photo(_street(seeded("photo", scene), 0)),
        }
        for scene in range(_SCENES)
    ]


async def place(files: FileStore) -> None:
    """Put every photo into the store, unless it is there."""
    for pair in photos():
        for photo in pair.values():
            if await files.size(photo.key) != len(photo.content):
                await files.put(photo.key, BytesIO(photo.content))


def _photo(content: bytes) -> Photo:
    digest = hashlib.sha256(content)
    named = digest.hexdigest()
    return Photo(f"{named[:2]}/{named}-demo", digest.digest(), content)


def _street(rng: Random, heaps: int) -> bytes:
    """A sky, walls of their own heights, a road, and so many heaps of rubbish on it."""
    rows = [bytearray([_SKY if y < _HORIZON else _ROAD] * _WIDTH) for y in range(_HEIGHT)]
    for left in range(0, _WIDTH, 40):
        _fill(rows, left, int(10 + 45 * rng.random()), 38, _KERB, _WALL)
    for _ in range(heaps):
        left, top = int(rng.random() * (_WIDTH - 30)), int(_KERB + rng.random() * 40)
        width, height = int(8 + 20 * rng.random()), int(5 + 18 * rng.random())
        _fill(rows, left, top, width, top + height, pick(rng, _RUBBISH))
    return _png(rows)


def _fill(rows: list[bytearray], left: int, top: int, width: int, bottom: int, colour: int) -> None:
    for row in rows[top:bottom]:
        row[left : left + width] = bytes([colour]) * width


def _png(rows: Sequence[bytearray]) -> bytes:
    """An indexed PNG."""
    header = struct.pack(">II", _WIDTH, _HEIGHT) + _INDEXED
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"PLTE", _PALETTE), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
