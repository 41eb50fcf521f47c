"""The unified social credit code of firms and organisations (GB 32100): what makes one valid.

Eighteen characters of an alphabet without I, O, S, V and Z; the last one checks the others (mod 31).
"""

from app.core.texts import compact

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LENGTH = 18


def parse(typed: str) -> str | None:
    """The code in its plain form; None for what is not one."""
    code = compact(typed).upper()
    if len(code) != _LENGTH or any(character not in _ALPHABET for character in code):
        return None
    return code if check_character(code[:-1]) == code[-1] else None


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen."""
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return _ALPHABET[-total % 31]
