"""Bytes as letters that are safe in a path: base64url without padding, with one spelling for each value.

Python's decoder passes over signs that do not belong and over spare bits, so that many texts would mean one.
"""

import base64


def spelt(raw: bytes) -> str:
    """The letters for these bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(text: str) -> bytes:
    """The bytes that these letters spell; `ValueError` unless `spelt` gives the same letters."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if spelt(raw) != text:
        raise ValueError("spelt otherwise")
    return raw
