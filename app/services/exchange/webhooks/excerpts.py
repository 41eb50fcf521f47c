"""What is kept of a refusal: its beginning, for whoever looks for the reason, without secrets or persons.

An answer may repeat what was sent. Whatever looks like a key, a signature or a number of somebody is blotted
out, and an answer that holds a piece of the ticket's own words is not kept at all.
"""

import re
from collections.abc import Iterable

MOST = 200
PIECE = 6
BLOT = "***"
REPEATED = "（答复中有工单内容，不予保留）"
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_SECRET = re.compile(
    r"(whsec_|v1,|wg_|[Bb]earer\s+|[Bb]asic\s+)\S+|[A-Za-z0-9+/_=.-]{24,}|[0-9](?:[ -]?[0-9]){6,}[Xx]?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def cleaned(beginning: bytes, telling: Iterable[str]) -> str | None:
    """The beginning of an answer, fit to be kept; None where it says nothing."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), beginning.decode(errors="replace"))
    plain = _CONTROL.sub(" ", plain).strip()
    if any(piece in plain for words in telling for piece in _pieces(_CONTROL.sub(" ", words))):
        return REPEATED
    return _SECRET.sub(BLOT, plain)[:MOST] or None


def _pieces(words: str) -> set[str]:
    return {words[start : start + PIECE] for start in range(max(len(words) - PIECE, 0) + 1)} - {""}
