"""Pictures as phones make them: colourful, and telling whose, when and where."""

import io
from datetime import UTC, datetime

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

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
