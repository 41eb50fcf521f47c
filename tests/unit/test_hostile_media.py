"""Files that were made to hurt, or that tell more than their pictures: refused cheaply, or cleaned."""

import io
import struct
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.core import media_types
from app.core.errors import Problem
from app.core.pictures.found import BrokenPicture
from tests.support import media
from tests.support.photos import SECRET, box, film, heic, inspected, picture

BEGINNING = media.boxed(b"heic")[:16]
GOOD = {
    "image/jpeg": picture("JPEG"),
    "image/png": picture("PNG"),
    "image/webp": picture("WEBP"),
    "image/gif": media.gif(),
    "image/heic": heic(),
    "video/mp4": film(),
    "audio/mpeg": b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + media.mp3(),
}


def ranges_of_nothing(items: int) -> bytes:
    """A HEIC whose EXIF is in a quarter of a billion places, each of no bytes, told in a few kilobytes."""
    names = (box(b"infe", b"\x02\0\0\0" + struct.pack(">H", item) + b"\0\0Exif\0") for item in range(items))
    info = b"\0\0\0\0" + struct.pack(">H", items) + b"".join(names)
    places = b"".join(struct.pack(">HHH", item, 0, 65_535) for item in range(items))
    told = box(b"iinf", info) + box(b"iloc", b"\0\0\0\0\0\0" + struct.pack(">H", items) + places)
    return BEGINNING + box(b"meta", b"\0\0\0\0" + told)


def boxes_in_boxes() -> bytes:
    """A film of a few megabytes that is nothing but user data without content."""
    track = box(b"trak", box(b"udta", b"") * 19_000)
    return media.boxed(b"isom")[:16] + box(b"moov", track * 30)


@pytest.mark.parametrize(
    ("mime", "content"), [("image/heic", ranges_of_nothing(4_000)), ("video/mp4", boxes_in_boxes())]
)
async def test_what_tells_of_endless_parts_is_refused_before_it_costs_time_or_memory(
    mime: str, content: bytes
) -> None:
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(BrokenPicture):
        await inspected(content, mime)
    used, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 2.0
    assert peak < len(content) + 16_000_000


async def test_a_picture_in_thousands_of_layers_is_refused_before_anyone_decodes_them() -> None:
    content = picture("JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    await inspected(content[:-2] + last * 30 + content[-2:], "image/jpeg")
    with pytest.raises(BrokenPicture):
        await inspected(content[:-2] + last * 60 + content[-2:], "image/jpeg")


async def test_a_previews_pixels_do_not_leave_with_the_picture() -> None:
    content = media.jpeg()
    bare = b"\xff\xe0\0\x10JFIF\0\x01\x02\x01\0\x48\0\x48\0\0"
    preview = b"\xff\xe0\0\x1fJFIF\0\x01\x02\x01\0\x48\0\x48\x01\x05" + SECRET[:15]
    more = b"\xff\xe0" + struct.pack(">H", len(SECRET) + 8) + b"JFXX\0\x13" + SECRET
    unknown = b"\xff\x30" + struct.pack(">H", len(SECRET) + 2) + SECRET
    _found, clean = await inspected(content[:2] + preview + more + unknown + content[2:], "image/jpeg")
    assert clean == content[:2] + bare + content[2:]
    kept = content[:2] + bare + content[2:]
    assert (await inspected(kept, "image/jpeg"))[1] == kept


async def test_a_moving_photos_film_does_not_leave_with_the_photo() -> None:
    content = heic()
    behind = box(b"mpvd", SECRET) + box(b"moov", box(b"udta", SECRET))
    _found, clean = await inspected(content + behind, "image/heic")
    assert SECRET not in clean
    assert len(clean) == len(content + behind)


async def test_exif_in_the_box_for_small_things_is_overwritten_too() -> None:
    info = box(b"iinf", b"\0\0\0\0\0\x01" + box(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0"))
    place = box(b"iloc", b"\x01\0\0\0\x44\0\0\x01" + struct.pack(">HHHHII", 1, 1, 0, 1, 4, len(SECRET)))
    small = box(b"idat", b"keep" + SECRET)
    _found, clean = await inspected(
        BEGINNING + box(b"meta", b"\0\0\0\0" + info + place + small), "image/heic"
    )
    assert SECRET not in clean
    assert b"keep" in clean


async def test_what_an_editor_left_as_free_space_does_not_leave() -> None:
    _found, clean = await inspected(film() + box(b"free", SECRET), "video/mp4")
    assert SECRET not in clean


async def test_a_recordings_tags_do_not_leave() -> None:
    sound = media.mp3()
    head = b"ID3\x04\0\0\0\0\0" + bytes([len(SECRET) + 20]) + SECRET + bytes(20)
    old = b"TAG" + SECRET.ljust(125, b"\0")
    ape = b"x" + SECRET + b"APETAGEX" + struct.pack("<IIII", 2000, len(SECRET) + 33, 1, 0) + bytes(8)
    lyrics = b"LYRICSBEGIN" + SECRET + b"%06d" % (len(SECRET) + 11) + b"LYRICS200"
    for before, behind in ((head, b""), (head * 2, old), (b"", ape + old), (head, lyrics + old)):
        for inside in (sound, media.adts()):
            found, clean = await inspected(before + inside + behind, "audio/mpeg")
            assert clean == inside
            assert found.size == len(inside)


@pytest.mark.parametrize(
    "content",
    [
        b"ID3\x03",
        b"ID3\x03\0\0\0\x7f\x7f\x7f\x7f" + media.mp3(),
        b"ID3\x03\0\0\0\0\0\0%PDF-1.4 and so on",
        b"ID3\x03\0\0\0\0\0\0" * 40 + media.mp3(),
        b"ID3\x03\0\0\0\0\0\0" + b"TAG".ljust(128, b"\0"),
        media.mp3() + b"APETAGEX" + b"\xff" * 24,
        media.mp3() + b"999999LYRICS200",
    ],
)
async def test_what_is_nothing_but_tags_is_no_sound(content: bytes) -> None:
    with pytest.raises(BrokenPicture):
        await inspected(content, "audio/mpeg")


@pytest.mark.parametrize("mime", GOOD)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
async def test_a_file_with_bytes_changed_lost_or_put_in_is_refused_or_harmless(
    mime: str, data: st.DataObject
) -> None:
    content = bytearray(GOOD[mime])
    for _change in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    bad = bytes(content)
    told = media_types.sniff(bad[: media_types.HEAD_BYTES])
    if told is None:
        return
    try:
        found, clean = await inspected(bad, told)
    except Problem:
        return
    assert len(clean) == found.size <= len(bad) + 64
    again, same = await inspected(clean, told)
    assert (same, again.size) == (clean, found.size)


async def test_the_copy_that_leaves_tells_a_reader_of_metadata_nothing() -> None:
    for kind, mime in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")):
        content = picture(kind, xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
        _found, clean = await inspected(content, mime)
        assert SECRET not in clean
        shown = Image.open(io.BytesIO(clean))
        assert not dict(shown.getexif())
        assert not {"xmp", "XML:com.adobe.xmp", "comment", "exif", "Comment"} & shown.info.keys()
