"""Texts as people type them, brought to one form before they are stored or compared.

Full-width letters, digits and brackets become half-width (NFKC), invisible characters go, and the dashes
and middle dots of different keyboards become one of each. Rare ideographs stay as they are. Nothing is
refused here: lengths and forbidden characters are the wire shapes' business.
"""

import re
import unicodedata

_SAME = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-") | dict.fromkeys("•‧∙⋅・", "·"))
# Mobile and identity numbers, however typed: residents write them anywhere, and they go nowhere in plain.
_GAP = r"[\s.·()/-]{0,3}"
_NUMBERS_OF_PEOPLE = re.compile(
    rf"(?<!\d)(?:(?:(?:00)?86{_GAP})?1{_GAP}[3-9](?:{_GAP}\d){{9}}|\d(?:{_GAP}\d){{16}}{_GAP}[\dXx])(?!\d)"
)
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


def numbers_of_people(text: str) -> bool:
    """Whether a mobile or an identity number stands in the text."""
    return bool(_NUMBERS_OF_PEOPLE.search(fold(text)))


def without_numbers_of_people(text: str, instead: str) -> str:
    """The text with something else for each mobile or identity number, else as it was.

    In its plain form where its characters and those of that do not stand at the same places.
    """
    plain = fold(text)
    found = list(_NUMBERS_OF_PEOPLE.finditer(plain))
    if not found:
        return text
    kept = text if _side_by_side(text, plain) else plain
    for number in reversed(found):
        kept = kept[: number.start()] + instead + kept[number.end() :]
    return kept


def _side_by_side(text: str, plain: str) -> bool:
    return len(text) == len(plain) and all(
        one == other or unicodedata.normalize("NFKC", one).translate(_SAME) == other
        for one, other in zip(text, plain, strict=True)
    )
