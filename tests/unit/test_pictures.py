"""What pictures tell, what leaves of them, and which are refused before anyone decodes them."""

import io
import struct
import time
from datetime import UTC, datetime

import pytest
from PIL import Image

from app.core.errors import Problem
from app.core.pictures import exif
from app.core.pictures.found import BrokenPicture, PictureTooLarge
from tests.support import media
from tests.support.photos import SECRET, TAKEN, film, heic, inspected, picture, telling

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def pixels(content: bytes) -> bytes:
    return Image.open(io.BytesIO(content)).convert("RGB").tobytes()


@pytest.mark.parametrize("kind", FORMATS)
async def test_time_and_place_are_read_and_nothing_of_them_leaves(kind: str) -> None:
    content = picture(kind)
    assert SECRET in content
    found, clean = await inspected(content, FORMATS[kind])
    assert (found.width, found.height, found.size) == (64, 48, len(clean))
    assert found.hint.taken_at == TAKEN
    assert found.hint.lng == pytest.approx(113.0167, abs=1e-4)
    assert found.hint.lat == pytest.approx(22.8333, abs=1e-4)
    assert SECRET not in clean
    assert not dict(Image.open(io.BytesIO(clean)).getexif())
    assert pixels(clean) == pixels(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("turn", range(1, 9))
async def test_a_picture_is_still_shown_the_right_way_up(kind: str, turn: int) -> None:
    _found, clean = await inspected(picture(kind, turn), FORMATS[kind])
    assert dict(Image.open(io.BytesIO(clean)).getexif()) == ({0x0112: turn} if turn > 1 else {})


async def test_progressive_pictures_and_colour_profiles_come_through() -> None:
    profile = b"acsp" * 40
    content = picture(progressive=True, icc_profile=profile, comment=SECRET)
    _found, clean = await inspected(content, "image/jpeg")
    shown = Image.open(io.BytesIO(clean))
    assert shown.info["icc_profile"] == profile
    assert SECRET not in clean
    assert pixels(clean) == pixels(content)


async def test_what_stands_behind_the_picture_does_not_leave() -> None:
    content = media.jpeg()
    for behind in (SECRET, content, b"\xff\xd9" + SECRET):
        assert (await inspected(content + behind, "image/jpeg"))[1] == content
    png = media.png()
    assert (await inspected(png + SECRET, "image/png"))[1] == png


async def test_bytes_that_a_camera_left_between_segments_do_not_matter() -> None:
    content = media.jpeg()
    at = content.index(b"\xff\xc0")
    for left in (bytes(60), b"\xff\xff\xff", b"\xff\x00junk"):
        assert pixels((await inspected(content[:at] + left + content[at:], "image/jpeg"))[1]) == pixels(
            content
        )
    with pytest.raises(BrokenPicture):
        await inspected(content[:at] + bytes(5_000) + content[at:], "image/jpeg")


async def test_texts_in_a_png_and_comments_in_a_gif_do_not_leave() -> None:
    text = struct.pack(">I", len(SECRET) + 2) + b"tEXta\0" + SECRET + b"\0\0\0\0"
    png = media.png()
    at = png.index(b"IDAT") - 4
    assert (await inspected(png[:at] + text + png[at:], "image/png"))[1] == png
    gif = media.gif()
    at = gif.index(b",")
    comment = b"!\xfe" + bytes([len(SECRET)]) + SECRET + b"\0"
    assert (await inspected(gif[:at] + comment + gif[at:], "image/gif"))[1] == gif


@pytest.mark.parametrize(
    ("mime", "content"),
    [(mime, picture(kind)) for kind, mime in FORMATS.items()] + [("image/gif", media.gif())],
    ids=[*FORMATS, "GIF"],
)
async def test_a_picture_cut_anywhere_is_refused_and_costs_nothing(mime: str, content: bytes) -> None:
    for end in range(30, len(content) - 2, max(1, len(content) // 100)):
        with pytest.raises(BrokenPicture):
            await inspected(content[:end], mime)


@pytest.mark.parametrize("mime", [*FORMATS.values(), "image/gif", "image/heic", "video/mp4"])
async def test_nonsense_behind_a_good_beginning_is_refused_or_harmless(mime: str) -> None:
    good = {"image/gif": media.gif(), "image/heic": heic(), "video/mp4": film()}.get(mime)
    good = good or picture({of: kind for kind, of in FORMATS.items()}[mime])
    for at in range(12, len(good)):
        for value in (0, 0x7F, 0xFF, good[at] ^ 1):
            bad = good[:at] + bytes([value]) + good[at + 1 :]
            try:
                found, clean = await inspected(bad, mime)
            except Problem:
                continue
            assert len(clean) == found.size <= len(bad) + 64


def sized(width: int, height: int) -> dict[str, bytes]:
    """The beginning of pictures of this size, and no more pixels than one has."""
    jpeg = bytearray(media.jpeg())
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
    png = bytearray(media.png())
    png[16:24] = struct.pack(">II", width, height)
    gif = bytearray(media.gif())
    gif[6:10] = struct.pack("<HH", min(width, 65_535), min(height, 65_535))
    flags = bytes([0, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + flags + b"VP8L\x05\0\0\0\x2f\0\0\0\0\0"
    webp = b"RIFF" + struct.pack("<I", len(body)) + body
    return {
        "image/jpeg": bytes(jpeg),
        "image/png": bytes(png),
        "image/gif": bytes(gif),
        "image/webp": webp,
        "image/heic": heic(width, height),
    }


@pytest.mark.parametrize("mime", sized(1, 1))
async def test_a_picture_of_a_hundred_megapixels_is_refused_by_its_head(mime: str) -> None:
    await inspected(sized(9_000, 6_000)[mime], mime)
    for width, height in ((11_600, 8_700), (65_000, 10), (16_000_000, 16_000_000)):
        started = time.process_time()
        wide = 16_777_215 if mime == "image/webp" else width
        with pytest.raises(PictureTooLarge):
            await inspected(sized(min(width, wide), min(height, 16_777_215))[mime], mime)
        assert time.process_time() - started < 0.1


async def test_millions_of_empty_segments_cost_nothing() -> None:
    empty = {
        "image/jpeg": media.jpeg()[:2] + b"\xff\xfe\0\x02" * 500_000,
        "image/png": media.png()[:33] + (b"\0\0\0\0tEXt\0\0\0\0" * 200_000),
        "image/gif": media.gif()[:19] + b"!\xfe\0" * 500_000,
        "image/webp": b"RIFF\xff\xff\x0f\0WEBP" + b"junk\0\0\0\0" * 200_000,
        "image/heic": media.boxed(b"heic")[:16] + b"\0\0\0\x08free" * 200_000,
    }
    for mime, content in empty.items():
        started = time.process_time()
        with pytest.raises(BrokenPicture):
            await inspected(content, mime)
        assert time.process_time() - started < 1.0, mime


async def test_a_heics_exif_is_read_and_overwritten_where_it_stands() -> None:
    content = heic()
    found, clean = await inspected(content, "image/heic")
    assert (found.width, found.height) == (64, 48)
    assert found.hint.taken_at == TAKEN
    assert SECRET not in clean
    assert len(clean) == len(content)
    assert clean.endswith(b"pixels")


async def test_a_films_place_is_overwritten_and_its_frames_stay_where_they_were() -> None:
    content = film()
    _found, clean = await inspected(content, "video/mp4")
    assert SECRET not in clean
    assert b"113.01" not in clean
    assert clean.index(b"frames") == content.index(b"frames")


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 400,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8825, 4, 1, 8) + bytes(4),
        telling().replace(b"2026:03:02", b"9999:99:99").replace(b"\0\0\0\x01", bytes(4)),
    ],
)
async def test_exif_that_makes_no_sense_says_nothing(block: bytes) -> None:
    hint = exif.read(block)
    assert (hint.taken_at, hint.turn) == (None, 1)


async def test_without_a_zone_a_pictures_time_is_the_businesses_own() -> None:
    assert exif.read(telling(zone="")).taken_at == TAKEN
    assert exif.read(telling(zone="+00:00")).taken_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
