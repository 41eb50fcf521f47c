"""What a file is, told by its bytes and never by its name: a table of magic numbers.

Knows only the kinds that phones make and offices send; everything else (programs, archives, HTML, SVG) has
no entry and is thus refused. `hides_another` finds cheaply what pretends to be two things at once. Nothing
is decoded here: whether a picture is whole, or how large it would become, is not told.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

HEAD_BYTES = 4096
# The longest end record of a ZIP: 22 bytes and a comment.
TAIL_BYTES = 22 + 0xFFFF

EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/gif": "gif",
        "image/webp": "webp",
        "image/heic": "heic",
        "image/heif": "heif",
        "video/mp4": "mp4",
        "video/quicktime": "mov",
        "video/3gpp": "3gp",
        "audio/mp4": "m4a",
        "audio/aac": "aac",
        "audio/amr": "amr",
        "audio/amr-wb": "awb",
        "audio/mpeg": "mp3",
        "application/pdf": "pdf",
    }
)
_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
)
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_SOME_IMAGE = frozenset({b"mif1", b"msf1"})
_AV1 = frozenset({b"avif", b"avis"})
_BRANDS: tuple[tuple[frozenset[bytes], str], ...] = (
    (_HEIC, "image/heic"),
    (frozenset({b"M4A ", b"M4B "}), "audio/mp4"),
    (frozenset({b"qt  "}), "video/quicktime"),
    (frozenset({b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a"}), "video/3gpp"),
    (
        frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"}),
        "video/mp4",
    ),
)
_MARKUP = re.compile(rb"<\s*(html|svg|script|iframe|!doctype\s+html)\b", re.IGNORECASE)
_END_OF_ZIP = b"PK\x05\x06"
# Kilobits a second of MPEG 1 and MPEG 2 layer III, and samples a second by version and index.
_MP3_RATES = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
)
_MP3_SAMPLES = ((11025, 12000, 8000, 0), (0,) * 4, (22050, 24000, 16000, 0), (44100, 48000, 32000, 0))
_MPEG_1 = 3
_ADTS_HEADER = 7


def sniff(head: bytes) -> str | None:
    """The media type that the first bytes (`HEAD_BYTES` are enough) show; None for anything else."""
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _of_brands(head) if head[4:8] == b"ftyp" else _of_frames(head)


def hides_another(head: bytes, tail: bytes) -> bool:
    """Whether a file of a known type is also a web page, a PDF or an archive for who opens it as one.

    head and tail are its first `HEAD_BYTES` and its last `TAIL_BYTES`.
    """
    return bool(_MARKUP.search(head)) or b"%PDF-" in head[1:1029] or _ends_as_zip(tail)


def _of_brands(head: bytes) -> str | None:
    """ISO 14496-12: the main brand decides, but for images where it says no more than that it is one."""
    brand = head[8:12]
    if brand in _SOME_IMAGE:
        size = int.from_bytes(head[:4], "big")
        others = {head[at : at + 4] for at in range(16, min(size, 256), 4)}
        if others & _AV1:
            return None
        return "image/heic" if others & _HEIC else "image/heif"
    return next((found for brands, found in _BRANDS if brand in brands), None)


def _of_frames(head: bytes) -> str | None:
    """Raw sound has no magic number but frames, of which a second must begin where the first ends."""
    for length_of, found in ((_adts_length, "audio/aac"), (_mp3_length, "audio/mpeg")):
        length = length_of(head)
        if length and length_of(head[length:]):
            return found
    return None


def _adts_length(frame: bytes) -> int:
    """Bytes of an AAC frame with its header (ISO 13818-7); 0 when it is none."""
    if len(frame) < _ADTS_HEADER or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0:  # noqa: PLR2004 - sync bits
        return 0
    length = (frame[3] & 0x03) << 11 | frame[4] << 3 | frame[5] >> 5
    return length if length > _ADTS_HEADER else 0


def _mp3_length(frame: bytes) -> int:
    """Bytes of an MPEG layer III frame (ISO 11172-3); 0 when it is none."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:  # noqa: PLR2004 - sync bits
        return 0
    version = frame[1] >> 3 & 0x03
    rate = _MP3_RATES[version == _MPEG_1][frame[2] >> 4]
    samples = _MP3_SAMPLES[version][frame[2] >> 2 & 0x03]
    if not rate or not samples:
        return 0
    return (144_000 if version == _MPEG_1 else 72_000) * rate // samples + (frame[2] >> 1 & 0x01)


def _ends_as_zip(tail: bytes) -> bool:
    """Whether an archive's end record stands in the tail and its list of files fits before it."""
    at = tail.rfind(_END_OF_ZIP)
    while at >= 0:
        record = tail[at : at + 22]
        disks, comment = record[4:8], int.from_bytes(record[20:22], "little")
        if len(record) == 22 and disks == b"\0\0\0\0" and at + 22 + comment <= len(tail):  # noqa: PLR2004
            return True
        at = tail.rfind(_END_OF_ZIP, 0, at)
    return False
