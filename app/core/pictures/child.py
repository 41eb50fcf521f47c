"""The process that decodes a picture: the file as standard input, a small JPEG as standard output.

The only module that knows Pillow. Exit code 1 for whatever cannot be decoded within its limits.
"""

import io
import resource
import sys

from PIL import Image, ImageOps

from app.core.pictures.found import MAX_PIXELS
from app.core.pictures.thumbnail import SIDE

MEMORY_BYTES = 469_762_048
CPU_SECONDS = 6
QUALITY = 80
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


def main() -> int:
    """Make the small picture; says nothing about what went wrong."""
    for kind, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        resource.setrlimit(kind, (limit, limit))
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        small = _small()
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError, EOFError):
        return 1
    sys.stdout.buffer.write(small)
    return 0


def _small() -> bytes:
    with Image.open(sys.stdin.buffer, formats=FORMATS) as picture:
        # A JPEG is decoded at an eighth of its size, if that is still enough.
        picture.draft("RGB", (SIDE * 2, SIDE * 2))
        picture.thumbnail((SIDE, SIDE), reducing_gap=2.0)
        upright = ImageOps.exif_transpose(picture)
        shown = upright.convert("RGBA") if upright.mode in {"P", "LA", "PA"} else upright
        paper = Image.new("RGB", shown.size, "white")
        paper.paste(shown.convert("RGB"), mask=shown.getchannel("A") if shown.mode == "RGBA" else None)
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
