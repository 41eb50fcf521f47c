"""ISO base media files (ISO 14496-12: HEIC, MP4, MOV, 3GP, M4A): size, EXIF, and a copy that tells no place.

Offsets inside such files point everywhere, so nothing is taken out: what tells of people is overwritten
with zeros of the same length. Those are the EXIF and XMP items of a picture and whatever is not the picture
(a phone's moving photo is a film behind it); of a film its user data and what an editor left as free space.
A file may have so many boxes and ranges and no more, all together: some hold nothing and cost no bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.pictures.found import BrokenPicture, Data, Found, Piece, Range, joined, number, require_size

_MAX_STEPS = 20_000
_DEEP = 4
_NESTS = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf"})
_TELLING = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip"})
_PICTURE = frozenset({b"ftyp", b"meta", b"mdat", b"moov"})
_PROPERTIES = (b"iprp", b"ipco")
_EXIF, _XMP = b"Exif", b"mime"


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its name, where it begins, where its content begins and ends."""

    name: bytes
    at: int
    start: int
    end: int


def look_at_picture(data: Data) -> Found:
    """Of HEIC and HEIF; `BrokenPicture` when it is cut off, `PictureTooLarge` by its largest part."""
    walk = _Walk(data)
    blank: list[Range] = []
    size: tuple[int, int] | None = None
    block: bytes | None = None
    for box in walk.boxes(0, len(data)):
        if box.name == b"moov":
            blank += walk.telling(box.start, box.end, 1)
        if box.name not in _PICTURE:
            blank.append((box.start, box.end))
        if box.name != b"meta":
            continue
        inside = {each.name: each for each in walk.boxes(box.start + 4, box.end)}
        size = _largest(walk, inside) or size
        names = _names(walk, inside)
        for item, ranges in _places(walk, inside):
            if names.get(item) in {_EXIF, _XMP}:
                blank += ranges
            if names.get(item) == _EXIF and ranges and block is None:
                block = _block(data, *ranges[0])
    width, height = size or (None, None)
    return Found(_blanked(data, blank), width, height, block)


def look_at_film(data: Data) -> Found:
    """Of films and sound; `BrokenPicture` when a box ends behind the file."""
    return Found(_blanked(data, list(_Walk(data).telling(0, len(data), 0))))


class _Walk:
    """Goes from box to box, so many times and no more."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self._steps = 0

    def step(self) -> None:
        """`BrokenPicture` when there were too many."""
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise BrokenPicture

    def boxes(self, at: int, end: int) -> Iterator[Box]:
        """The boxes that stand between here and there, one behind the other."""
        while at + 8 <= end:
            self.step()
            size, name, start = number(self.data, at), bytes(self.data[at + 4 : at + 8]), at + 8
            if size == 1:
                size, start = number(self.data, at + 8, 8), at + 16
            size = size or end - at
            if size < start - at or at + size > end:
                raise BrokenPicture
            yield Box(name, at, start, at + size)
            at += size

    def telling(self, at: int, end: int, depth: int) -> Iterator[Range]:
        """Where something tells of people."""
        for box in self.boxes(at, end):
            if box.name in _TELLING:
                yield box.start, box.end
            elif box.name in _NESTS and depth < _DEEP:
                yield from self.telling(box.start, box.end, depth + 1)


def _blanked(data: Data, ranges: list[Range]) -> list[Piece]:
    """The whole file with zeros in these ranges."""
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(ranges):
        if end > len(data) or start < at:
            raise BrokenPicture
        pieces += [(at, start), bytes(end - start)]
        at = end
    pieces.append((at, len(data)))
    return joined(piece for piece in pieces if isinstance(piece, bytes) or piece[0] < piece[1])


def _largest(walk: _Walk, inside: dict[bytes, Box]) -> tuple[int, int] | None:
    """Width and height of the largest picture that the properties tell of."""
    sizes = [(0, 0)]
    for name in _PROPERTIES:
        box = inside.get(name)
        if box is None:
            return None
        found = list(walk.boxes(box.start, box.end))
        inside = {each.name: each for each in found}
        sizes += [
            (number(walk.data, each.start + 4), number(walk.data, each.start + 8))
            for each in found
            if each.name == b"ispe"
        ]
    largest = max(sizes, key=lambda size: size[0] * size[1])
    if largest == (0, 0):
        return None
    require_size(*largest)
    return largest


def _names(walk: _Walk, inside: dict[bytes, Box]) -> dict[int, bytes]:
    """The type of each item, by its number."""
    box = inside.get(b"iinf")
    if box is None:
        return {}
    data, found = walk.data, {}
    first = box.start + (6 if number(data, box.start, 1) == 0 else 8)
    for entry in walk.boxes(first, box.end):
        wide = 4 if number(data, entry.start, 1) > 2 else 2  # noqa: PLR2004 - the entry's version
        name = entry.start + 6 + wide
        found[number(data, entry.start + 4, wide)] = bytes(data[name : name + 4])
    return found


def _places(walk: _Walk, inside: dict[bytes, Box]) -> Iterator[tuple[int, list[Range]]]:
    """Where in the file each item stands: by itself, or in the box for small ones."""
    box, small = inside.get(b"iloc"), inside.get(b"idat")
    if box is None:
        return
    read = _Reader(walk.data, box.start, box.end)
    version = read.take(1)
    read.take(3)
    sizes = read.take(2)
    offset, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    wide = 4 if version == 2 else 2  # noqa: PLR2004 - as the standard numbers them
    for _item in range(read.take(wide)):
        walk.step()
        item, inner = read.take(wide), read.take(2) & 15 if version else 0
        read.take(2)
        start, ranges = read.take(base) + (small.start if inner == 1 and small else 0), []
        for _extent in range(read.take(2)):
            walk.step()
            read.take(index if version else 0)
            begin = start + read.take(offset)
            ranges.append((begin, begin + read.take(length)))
        if inner == 0 or (inner == 1 and small):
            yield item, ranges


def _block(data: Data, start: int, end: int) -> bytes:
    """The TIFF block of an EXIF item, which begins with the distance to it."""
    return bytes(data[start + 4 + number(data, start) : end])


class _Reader:
    def __init__(self, data: Data, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def take(self, size: int) -> int:
        self._at += size
        if self._at > self._end:
            raise BrokenPicture
        return number(self._data, self._at - size, size) if size else 0
