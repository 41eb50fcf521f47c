"""JPEG (ISO 10918-1), segment by segment: its size, its EXIF, and a copy without what tells of people.

The clean copy keeps what is needed to show the picture, colour profile and turn included, and ends where
the picture ends: makers' notes, previews, comments and films behind it are left out.
"""

import re
from itertools import count

from app.core.pictures import exif
from app.core.pictures.found import BrokenPicture, Data, Found, Piece, joined, number, require_size

_MAX_SEGMENTS = 4_000
# Of a progressive picture; encoders make about ten, and each costs its decoder the whole picture.
_MAX_SCANS = 50
# Cameras leave a few bytes between segments; readers pass over them.
_MAX_GARBAGE = 4_096
_END, _SCAN = 0xD9, 0xDA
# What decodes the picture; all else is comments, an application's own, or nothing that anybody defined.
_DECODES = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})
_SIZED = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JFIF, _TELLS, _ICC, _ADOBE = 0xE0, 0xE1, (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe")
_DENSITY, _JFIF_BYTES = b"JFIF\0", 18
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


def look(data: Data) -> Found:
    """`BrokenPicture` unless it is whole, `PictureTooLarge`."""
    walk = _Walk(data)
    at = 2
    for step in count():
        if step > _MAX_SEGMENTS:
            raise BrokenPicture
        at = walk.next(at)
        if at == 0:
            break
    return walk.found()


class _Walk:
    def __init__(self, data: Data) -> None:
        self._data = data
        self._pieces: list[Piece] = [(0, 2)]
        self._size: tuple[int, int] | None = None
        self._exif: bytes | None = None
        self._scans = 0

    def next(self, at: int) -> int:
        """Take the segment here; returns where the next begins, 0 at the end of the picture."""
        found = _MARKER.search(self._data, at, at + _MAX_GARBAGE)
        if found is None:
            raise BrokenPicture
        at, marker = found.start(), self._data[found.start() + 1]
        if marker == _END:
            self._pieces.append((at, at + 2))
            return 0
        end = at + 2 + max(2, number(self._data, at + 2, 2))
        if end > len(self._data):
            raise BrokenPicture
        self._segment(marker, at, end)
        return self._scan(end) if marker == _SCAN else end

    def found(self) -> Found:
        if self._size is None or not self._scans:
            raise BrokenPicture
        return Found(joined(self._pieces), *self._size, self._exif)

    def _segment(self, marker: int, at: int, end: int) -> None:
        if marker in _SIZED:
            height, width = number(self._data, at + 5, 2), number(self._data, at + 7, 2)
            require_size(width, height)
            self._size = (width, height)
        beginning = bytes(self._data[at + 4 : at + 16])
        if marker in _DECODES or any(
            marker == kept and beginning.startswith(name) for kept, name in (_ICC, _ADOBE)
        ):
            self._pieces.append((at, end))
        elif marker == _JFIF and beginning.startswith(_DENSITY) and end - at >= _JFIF_BYTES:
            self._keep_density(at, end)
        elif marker == _TELLS and beginning.startswith(exif.JPEG_NAME) and self._exif is None:
            self._exif = bytes(self._data[at + 4 + len(exif.JPEG_NAME) : end])
            self._keep_turn()

    def _keep_density(self, at: int, end: int) -> None:
        """The picture's density without the preview that may follow it."""
        whole = bytes(self._data[at:end])
        bare = b"\xff\xe0\0\x10" + whole[4:16] + b"\0\0"
        self._pieces.append((at, end) if whole == bare else bare)

    def _keep_turn(self) -> None:
        turn = exif.read(self._exif or b"").turn
        if turn != exif.UPRIGHT:
            block = exif.JPEG_NAME + exif.only_turn(turn)
            self._pieces.append(b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block)

    def _scan(self, at: int) -> int:
        """Pass over compressed data, in which a marker's first byte is always masked."""
        found = _MARKER.search(self._data, at)
        self._scans += 1
        if found is None or self._scans > _MAX_SCANS:
            raise BrokenPicture
        self._pieces.append((at, found.start()))
        return found.start()
