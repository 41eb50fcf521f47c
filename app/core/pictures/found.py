"""What looking at a file's structure finds, and how a file that may not be taken is refused.

Pieces of the clean copy are ranges of the file or bytes of our own, in order; nothing is copied to make
them. The limits are read before anything would be decoded, so that a refusal costs next to nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from mmap import mmap

from app.core.errors import Problem

MAX_PIXELS = 80_000_000
MAX_SIDE = 30_000

Data = bytes | mmap
Range = tuple[int, int]
Piece = Range | bytes


class BrokenPicture(Problem):
    """The file ends too early, or its parts contradict one another."""

    status, code = 422, "broken_picture"
    title_zh, title_en = "照片不完整或已损坏，请重新拍照或重新选择", "The picture is cut off or broken"


class PictureTooLarge(Problem):
    """Decoded, the picture would take more memory than anyone should spend on it."""

    status, code = 413, "picture_too_large"
    title_zh, title_en = "照片的像素过多", "The picture has too many pixels"

    def __init__(self) -> None:
        millions = MAX_PIXELS // 1_000_000
        super().__init__(
            f"照片不能超过 {millions} 百万像素，请降低拍照分辨率",
            f"A picture may have at most {millions} million pixels",
            max_pixels=MAX_PIXELS,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Width and height in pixels (None: not told), the EXIF block, and the pieces of the clean copy."""

    pieces: Sequence[Piece]
    width: int | None = None
    height: int | None = None
    exif: bytes | None = None


def require_size(width: int, height: int) -> None:
    """`BrokenPicture` for none at all, `PictureTooLarge` for too many pixels."""
    if width < 1 or height < 1:
        raise BrokenPicture
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureTooLarge


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """The same pieces, neighbouring ranges made one."""
    found: list[Piece] = []
    for piece in pieces:
        before = found[-1] if found else b""
        if isinstance(piece, tuple) and isinstance(before, tuple) and before[1] == piece[0]:
            found[-1] = (before[0], piece[1])
        else:
            found.append(piece)
    return found


def number(data: Data, at: int, size: int = 4) -> int:
    """A big-endian number; `BrokenPicture` behind the file's end."""
    told = data[at : at + size]
    if len(told) < size:
        raise BrokenPicture
    return int.from_bytes(told, "big")
