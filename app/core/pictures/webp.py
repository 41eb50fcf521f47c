"""WebP (RFC 9649), chunk by chunk: its size, its EXIF, and a copy without EXIF, XMP and unknown chunks."""

from app.core.pictures.found import BrokenPicture, Data, Found, Piece, joined, require_size

_MAX_CHUNKS = 20_000
_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_EXTENDED, _EXIF = b"VP8X", b"EXIF"
_TELLS = 0x0C
_14_BITS = 0x3FFF


def look(data: Data) -> Found:
    """`BrokenPicture` unless it is whole, `PictureTooLarge`."""
    whole = 8 + _little(data, 4, 4)
    if whole - 1 > len(data):
        raise BrokenPicture
    at, size, block = 12, None, None
    pieces: list[Piece] = []
    shown = False
    for _chunk in range(_MAX_CHUNKS):
        if at + 8 > min(whole, len(data)):
            break
        name, length = bytes(data[at : at + 4]), _little(data, at + 4, 4)
        end = at + 8 + length + length % 2
        # A last chunk of odd length is often without the byte that should follow it.
        if end - length % 2 > len(data):
            raise BrokenPicture
        shown = shown or name in _PIXELS
        size = size or _size(data, name, at + 8)
        if name == _EXTENDED:
            flags = bytes([data[at + 8] & ~_TELLS])
            pieces += [(at, at + 8), flags, (at + 9, end)]
        elif name in _KEPT:
            pieces.append((at, min(end, len(data))))
        elif name == _EXIF:
            block = bytes(data[at + 8 : at + 8 + length])
        at = end
    if size is None or not shown:
        raise BrokenPicture
    pieces = _whole(data, joined(pieces))
    return Found(pieces, *size, block)


def _whole(data: Data, pieces: list[Piece]) -> list[Piece]:
    """The chunks behind a head that tells their length; the file itself where nothing was left out."""
    inside = sum(len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in pieces)
    inside += inside % 2
    told = (4 + inside).to_bytes(4, "little")
    if told == data[4:8]:
        return joined([(0, 12), *pieces])
    return [b"RIFF" + told + b"WEBP", *pieces]


def _size(data: Data, name: bytes, at: int) -> tuple[int, int] | None:
    if name == _EXTENDED:
        size = 1 + _little(data, at + 4, 3), 1 + _little(data, at + 7, 3)
    elif name == b"VP8 ":
        size = _little(data, at + 6, 2) & _14_BITS, _little(data, at + 8, 2) & _14_BITS
    elif name == b"VP8L":
        told = _little(data, at + 1, 4)
        size = 1 + (told & _14_BITS), 1 + (told >> 14 & _14_BITS)
    else:
        return None
    require_size(*size)
    return size


def _little(data: Data, at: int, size: int) -> int:
    told = data[at : at + size]
    if len(told) < size:
        raise BrokenPicture
    return int.from_bytes(told, "little")
