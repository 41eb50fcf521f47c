"""Texts as people type them, brought to one form before they are stored or compared.

Full-width letters, digits and brackets become half-width (NFKC), invisible characters go, and the dashes
and middle dots of different keyboards become one of each. Rare ideographs stay as they are. Nothing is
refused here: lengths and forbidden characters are the wire shapes' business.
"""

import re
import unicodedata

_SAME = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-") | dict.fromkeys("•‧∙⋅・", "·"))
# Of mobile phones and identity cards, however spaced: what residents write and what goes nowhere in plain.
NUMBERS_OF_PEOPLE = re.compile(r"(?<!\d)(?:1[3-9](?:[ -]?\d){9}|\d{6}(?:[ -]?\d){11}[\dXx])(?!\d)")
_BLANKS = re.compile(r"[ \t]+")
_BLANKS_IN_A_NAME = re.compile(r"(?<=[^\x00-\x7f])[ \t]+(?=[^\x00-\x7f])")


def fold(text: str) -> str:
    """The text in its plain form; runs of blanks become one, ends are not stripped of line breaks."""
    plain = unicodedata.normalize("NFKC", text).translate(_SAME)
    # What can be printed holds nothing invisible, and nearly every text is such.
    if not plain.isprintable():
        plain = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    return _BLANKS.sub(" ", plain).strip(" ")


def fold_name(text: str) -> str:
    """As `fold`, and without the blanks that align two-character names with three (`张　三`)."""
    return _BLANKS_IN_A_NAME.sub("", fold(text))


def compact(text: str) -> str:
    """As `fold`, and without any white space: for numbers and codes."""
    return "".join(fold(text).split())
