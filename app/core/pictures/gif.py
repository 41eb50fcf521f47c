"""GIF 89a, block by block: its size, and a copy without comments, texts and foreign data."""

from app.core.pictures.found import BrokenPicture, Data, Found, Piece, joined, number, require_size

_MAX_BLOCKS = 20_000
_MAX_PARTS = 500_000
_MORE, _FRAME, _END = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOP = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TABLE = 0x80


def look(data: Data) -> Found:
    """`BrokenPicture` unless it is whole, `PictureTooLarge` by its screen or any frame."""
    width, height = _little(data, 6), _little(data, 8)
    require_size(width, height)
    at = 13 + _table(number(data, 10, 1))
    pieces: list[Piece] = [(0, at)]
    frames = 0
    for _block in range(_MAX_BLOCKS):
        kind = number(data, at, 1)
        if kind == _END:
            if not frames:
                break
            return Found(joined([*pieces, (at, at + 1)]), width, height)
        start, (at, kept) = at, _frame(data, at) if kind == _FRAME else _extension(data, at, kind)
        frames += kind == _FRAME
        if kept:
            pieces.append((start, at))
    raise BrokenPicture


def _frame(data: Data, at: int) -> tuple[int, bool]:
    require_size(_little(data, at + 5), _little(data, at + 7))
    return _parts(data, at + 11 + _table(number(data, at + 9, 1))), True


def _extension(data: Data, at: int, kind: int) -> tuple[int, bool]:
    if kind != _MORE:
        raise BrokenPicture
    label = number(data, at + 1, 1)
    kept = label == _CONTROL or (label == _APPLICATION and bytes(data[at + 3 : at + 14]) in _LOOP)
    return _parts(data, at + 2), kept


def _parts(data: Data, at: int) -> int:
    """Where a chain of parts, each at most 255 bytes, ends."""
    for _part in range(_MAX_PARTS):
        size = number(data, at, 1)
        at += 1 + size
        if size == 0:
            return at
    raise BrokenPicture


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << ((flags & 7) + 1) if flags & _TABLE else 0


def _little(data: Data, at: int) -> int:
    return int.from_bytes(number(data, at, 2).to_bytes(2, "big"), "little")
