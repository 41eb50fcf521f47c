"""Tiny files of every kind that can be uploaded, and of some that cannot, made of bytes."""

import struct
import zipfile
import zlib
from io import BytesIO


def jpeg(noise: bytes = b"") -> bytes:
    """A grey JPEG of one pixel, with a colour profile that makes it another file."""
    one_code = bytes([1, *[0] * 15, 0])
    parts = (
        (b"\xff\xdb", b"\x00" + b"\x01" * 64),
        (b"\xff\xc0", b"\x08\x00\x01\x00\x01\x01\x01\x11\x00"),
        (b"\xff\xc4", b"\x00" + one_code),
        (b"\xff\xc4", b"\x10" + one_code),
        (b"\xff\xe2", b"ICC_PROFILE\0\x01\x01" + noise),
        (b"\xff\xda", b"\x01\x01\x00\x00\x3f\x00"),
    )
    body = b"".join(marker + struct.pack(">H", len(data) + 2) + data for marker, data in parts)
    return b"\xff\xd8" + body + b"\x3f\xff\xd9"


def png(pixels: bytes = zlib.compress(b"\x00\x80")) -> bytes:
    """A grey PNG of one pixel."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", pixels),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def gif() -> bytes:
    """A GIF of one pixel in two colours."""
    return b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6) + b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;"


def boxed(brand: bytes, *others: bytes) -> bytes:
    """The beginning of an ISO file of these brands."""
    brands = brand + b"\x00\x00\x02\x00" + b"".join(others)
    return struct.pack(">I", len(brands) + 8) + b"ftyp" + brands + b"\x00\x00\x00\x08mdat"


def adts() -> bytes:
    """Three frames of AAC."""
    size = 40
    header = bytes([0xFF, 0xF1, 0x50, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC])
    return (header + bytes(size - len(header))) * 3


def mp3() -> bytes:
    """Three frames of MPEG 1 layer III, 128 kbit/s at 44,100 Hz."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * 3


def archive(prefix: bytes = b"") -> bytes:
    """A ZIP with a program in it, perhaps behind something else."""
    packed = BytesIO()
    packed.write(prefix)
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("setup.exe", b"MZ")
    return packed.getvalue()


TAKEN: dict[str, tuple[bytes, str]] = {
    "jpg": (jpeg(), "image/jpeg"),
    "png": (png(), "image/png"),
    "gif": (gif(), "image/gif"),
    "webp": (b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f" + bytes(12), "image/webp"),
    "heic": (boxed(b"heic", b"mif1", b"heic"), "image/heic"),
    "heic of some image": (boxed(b"mif1", b"mif1", b"heic"), "image/heic"),
    "heif": (boxed(b"mif1", b"mif1", b"hevm"), "image/heif"),
    "mp4": (boxed(b"isom", b"isom", b"avc1"), "video/mp4"),
    "mov": (boxed(b"qt  ", b"qt  "), "video/quicktime"),
    "3gp": (boxed(b"3gp4", b"isom"), "video/3gpp"),
    "m4a": (boxed(b"M4A ", b"mp42"), "audio/mp4"),
    "aac": (adts(), "audio/aac"),
    "amr": (b"#!AMR\n" + b"\x3c" + bytes(31), "audio/amr"),
    "mp3": (mp3(), "audio/mpeg"),
    "mp3 with tags": (b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10) + mp3(), "audio/mpeg"),
    "pdf": (b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n", "application/pdf"),
}
REFUSED: dict[str, bytes] = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg with a declaration": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "html": b"<!DOCTYPE html><html><body>x</body></html>",
    "text": "正常的文字，不是照片".encode(),
    "a Windows program": b"MZ\x90\x00" + bytes(200),
    "a Linux program": b"\x7fELF\x02\x01\x01" + bytes(200),
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "an archive": archive(),
    "an old office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200),
    "a raw photo": boxed(b"crx ", b"isom"),
    "an AV1 image": boxed(b"avif", b"mif1"),
    "an AV1 image that says less": boxed(b"mif1", b"avif"),
    "UTF-16": "正文".encode("utf-16"),
    "half a signature": b"\xff\xd8",
    "a PNG without a header": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "RIFF sound": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40),
    "one frame of sound and then noise": mp3()[:417] + b"noise" * 100,
    "zeros": bytes(1000),
    "one byte": b"\xff",
}
TWO_FACED: dict[str, bytes] = {
    "a photo with an archive behind": archive(jpeg()),
    "an archive with a long comment": archive(png())[:-2] + b"\x05\x00hello",
    "a photo with a script in a comment": jpeg(b"<script>alert(1)</script>"),
    "a photo with a page in a comment": jpeg(b"< HTML lang=en>"),
    "a photo with a PDF in a comment": jpeg(b"%PDF-1.4"),
    "an animation that is a drawing": b"GIF89a/*<svg onload=alert(1)>*/=1;",
    "a PDF with an archive behind": archive(b"%PDF-1.4\n%%EOF\n"),
}
