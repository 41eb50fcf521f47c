"""Pictures as phones make them: colourful, and telling whose, when and where; and what is kept of them."""

import io
import struct
from datetime import UTC, datetime

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from app.core.pictures import inspection
from app.core.pictures.inspection import Inspected
from app.core.spool import Spool
from tests.support import media

SECRET = b"Wang Xiaoming's phone"
TAKEN = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
LNG, LAT = 113.0167, 22.8333


def telling(turn: int = 1, zone: str = "+08:00") -> bytes:
    """EXIF as a phone writes it: when, where, whose, how to turn."""
    block = Image.Exif()
    block[0x0112] = turn
    block[0x010F] = SECRET.decode()
    block[0x8769] = {0x9003: "2026:03:02 08:30:00", 0x9011: zone, 0x927C: SECRET * 20}
    place = {1: "N", 2: dms(LAT), 3: "E", 4: dms(LNG)}
    block[0x8825] = place
    return block.tobytes()


def dms(degrees: float) -> tuple[IFDRational, ...]:
    """Degrees as EXIF wants them."""
    whole, minutes = int(degrees), int(degrees * 60) % 60
    return IFDRational(whole), IFDRational(minutes), IFDRational(round(degrees * 3600 % 60 * 1000), 1000)


def picture(kind: str = "JPEG", turn: int = 1, **options: object) -> bytes:
    """A colourful picture with all that a phone tells."""
    out = io.BytesIO()
    shown = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    shown.save(out, kind, exif=telling(turn), **options)
    return out.getvalue()


async def inspected(content: bytes, mime: str) -> tuple[Inspected, bytes]:
    """What looking at a file finds, and the bytes that may leave."""
    with Spool(len(content)) as spool:
        await spool.write(content)
        found = await inspection.inspect(spool, mime)
        return found, found.clean.read()


def box(name: bytes, content: bytes) -> bytes:
    """A box of an ISO file."""
    return struct.pack(">I", len(content) + 8) + name + content


def heic(width: int = 64, height: int = 48) -> bytes:
    """As much of a HEIC as tells its size and where its EXIF stands."""
    told = b"\0\0\0\x06Exif\0\0" + telling()
    info = box(b"iinf", b"\0\0\0\0\0\x01" + box(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0"))
    size = box(b"iprp", box(b"ipco", box(b"ispe", struct.pack(">III", 0, width, height))))

    def whole(at: int) -> bytes:
        place = box(b"iloc", b"\0\0\0\0\x44\0\0\x01" + struct.pack(">HHHII", 1, 0, 1, at, len(told)))
        return media.boxed(b"heic")[:16] + box(b"meta", b"\0\0\0\0" + info + size + place)

    return whole(len(whole(0)) + 8) + box(b"mdat", told + b"pixels")


def film() -> bytes:
    """As much of a film as tells where it was made."""
    tells = box(b"udta", box(b"\xa9xyz", b"+22.8333+113.0167/" + SECRET))
    return media.boxed(b"isom")[:16] + box(b"moov", box(b"mvhd", bytes(20)) + tells) + box(b"mdat", b"frames")
