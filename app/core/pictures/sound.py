"""MP3 and raw AAC: the frames, without the tags that programs put before and behind them.

ID3v2 (id3.org) stands before the sound, ID3v1, Lyrics3 and APE tags behind it: titles, comments, pictures,
who recorded where. What is said to be sound and has no frames behind its tags is none.
"""

from app.core import media_types
from app.core.pictures.found import BrokenPicture, Data, Found, number

_MAX_TAGS = 8
_HEAD, _HEAD_BYTES, _FOOTER = b"ID3", 10, 0x10
_PADDING = 4_096
_SOUNDS = frozenset({"audio/mpeg", "audio/aac"})
_APE_BYTES, _APE_HEADED = 32, 1 << 31
_LYRICS = b"LYRICS200"


def look(data: Data) -> Found:
    """`BrokenPicture` where nothing but tags is left."""
    start, end = _after_tags(data), len(data)
    for _tag in range(_MAX_TAGS):
        end -= _tag_behind(data, end)
    beginning = bytes(data[start : max(start, min(end, start + media_types.HEAD_BYTES))])
    if beginning.startswith(_HEAD) or media_types.sniff(beginning) not in _SOUNDS:
        raise BrokenPicture
    return Found([(start, end)])


def _after_tags(data: Data) -> int:
    at = 0
    for _tag in range(_MAX_TAGS):
        if data[at : at + 3] != _HEAD:
            break
        size = 0
        for byte in range(at + 6, at + _HEAD_BYTES):
            size = size << 7 | number(data, byte, 1) & 0x7F
        at += _HEAD_BYTES + size + (_HEAD_BYTES if number(data, at + 5, 1) & _FOOTER else 0)
        padding = bytes(data[at : at + _PADDING])
        at += len(padding) - len(padding.lstrip(b"\0"))
    return at


def _tag_behind(data: Data, end: int) -> int:
    """Bytes of the tag that ends here; 0 without."""
    if end > 128 and data[end - 128 : end - 125] == b"TAG":  # noqa: PLR2004 - as long as all ID3v1 tags
        return 128
    footer = bytes(data[max(0, end - _APE_BYTES) : end])
    if len(footer) == _APE_BYTES and footer.startswith(b"APETAGEX"):
        size, flags = (int.from_bytes(footer[at : at + 4], "little") for at in (12, 20))
        return size + (_APE_BYTES if flags & _APE_HEADED else 0)
    if footer.endswith(_LYRICS) and (told := footer[-15:-9]).isdigit():
        return int(told) + 15
    return 0
