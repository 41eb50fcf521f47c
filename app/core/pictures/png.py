"""PNG (ISO 15948), chunk by chunk: its size, its EXIF, and a copy without texts, times and places."""

import zlib

from app.core.pictures import exif
from app.core.pictures.found import BrokenPicture, Data, Found, Piece, joined, number, require_size

_MAX_CHUNKS = 40_000
_HEAD, _BODY, _LAST, _EXIF = b"IHDR", b"IDAT", b"IEND", b"eXIf"
_KEPT = frozenset(
    {
        *(_HEAD, _BODY, _LAST, b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP"),
        *(b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT"),
    }
)


def look(data: Data) -> Found:
    """`BrokenPicture` unless it is whole, `PictureTooLarge`."""
    width, height = number(data, 16), number(data, 20)
    require_size(width, height)
    pieces: list[Piece] = [(0, 8)]
    block: bytes | None = None
    at, seen = 8, set[bytes]()
    for _chunk in range(_MAX_CHUNKS):
        end, name = at + 12 + number(data, at), bytes(data[at + 4 : at + 8])
        if end > len(data):
            raise BrokenPicture
        seen.add(name)
        if name in _KEPT:
            pieces.append((at, end))
        elif name == _EXIF and block is None:
            block = bytes(data[at + 8 : end - 4])
            pieces.extend(_turn(block))
        if name == _LAST:
            break
        at = end
    if not seen >= {_HEAD, _BODY, _LAST}:
        raise BrokenPicture
    return Found(joined(pieces), width, height, block)


def _turn(block: bytes) -> list[Piece]:
    turn = exif.read(block).turn
    if turn == exif.UPRIGHT:
        return []
    content = _EXIF + exif.only_turn(turn)
    length, check = len(content) - 4, zlib.crc32(content)
    return [length.to_bytes(4, "big") + content + check.to_bytes(4, "big")]
