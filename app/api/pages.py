"""The pages' files as they go out: under an address with their content's hash, packed once, kept for good.

A page itself names that address and is asked for anew each time, so that a new version reaches every
screen. What the files do is theirs. plotly.js stays in the package that brings it, under an address with
the package's version, and the package is never imported, for it would cost every process tens of megabytes.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from mmap import ACCESS_READ, mmap
from pathlib import Path

from fastapi import Request, Response

from app.api import etags

WEB = Path(__file__).resolve().parent.parent / "web"
INDEX, CLIENTS, PLOTLY = "index.html", "clients.html", "plotly.min.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PIECE_BYTES, _GZIP = 65_536, 31
FOR_GOOD, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
# plotly.js writes the styles of its tile maps into the page unless an element with their hash as id is there.
_STYLES_OF_ITS_OWN = re.compile(rb'document\.getElementById\("([0-9a-f]{64})"\)')
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes, packed, what they are, and the mark of their content."""

    packed: bytes
    media_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """All files of the pages by their paths, but for the pages themselves."""
    found = sorted(path for path in WEB.rglob("*") if path.is_file() and path.suffix != ".html")
    return {path.relative_to(WEB).as_posix(): _asset([path.read_bytes()], path.suffix) for path in found}


@cache
def version() -> str:
    """The hash of all files; it stands in their addresses."""
    whole = hashlib.sha256()
    for path, asset in assets().items():
        whole.update(f"{path} {asset.etag}\n".encode())
    return whole.hexdigest()[:16]


@cache
def page(name: str) -> Asset:
    """A page, naming the present addresses of its files."""
    text = (WEB / name).read_text("utf-8")
    values = {
        "version": version(),
        "plotly": f"plotly-{plotly_version()}/{PLOTLY}",
        "plotly-styles": _id_of_styles(),
    }
    for word, value in values.items():
        text = text.replace(f"{{{word}}}", value)
    return _asset([text.encode()], ".html")


@cache
def plotly_version() -> str:
    """The version of the package that brings plotly.js."""
    return distribution("plotly").version


@cache
def plotly() -> Asset:
    """plotly.js out of its package; packing it takes a third of a second, so ask in a thread."""
    with _plotly_path().open("rb") as file:
        return _asset(iter(lambda: file.read(_PIECE_BYTES), b""), ".js")


def reply(request: Request, asset: Asset, cache_control: str) -> Response:
    """The file, packed for who takes it so; 304 for who has it."""
    headers = {
        "Cache-Control": cache_control,
        "Content-Security-Policy": POLICY,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
    }
    if etags.matches(request, asset.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.media_type)
    return Response(gzip.decompress(asset.packed), headers=headers, media_type=asset.media_type)


def _id_of_styles() -> str:
    with _plotly_path().open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        found = _STYLES_OF_ITS_OWN.search(content)
        return found.group(1).decode() if found else "none"


def _plotly_path() -> Path:
    return Path(str(distribution("plotly").locate_file(f"plotly/package_data/{PLOTLY}")))


def _asset(pieces: Iterable[bytes], suffix: str) -> Asset:
    """Packed piece by piece, because memory that was taken once for a large file is not given back."""
    mark, packer = hashlib.sha256(), zlib.compressobj(wbits=_GZIP)
    packed = bytearray()
    for piece in pieces:
        mark.update(piece)
        packed += packer.compress(piece)
    return Asset(bytes(packed + packer.flush()), _TYPES[suffix], f'"{mark.hexdigest()[:16]}"')
