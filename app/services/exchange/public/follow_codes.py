"""Numbers and codes that a reporter follows their report by.

A number is nine random characters and one that checks them, so that it neither tells how many reports there
are nor leads to somebody else's by a slip. A code has sixty random bits, of which a hash is kept. Letters
that look like digits are read as such.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_LENGTH, CODE_LENGTH = 10, 12
_LOOKALIKES = str.maketrans("OIL", "011", "- \t")
_PRIME = 31


def new_number() -> str:
    """A number, as it is stored."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH - 1))
    return random + _check(random)


def new_code() -> str:
    """A code, as it is hashed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def code_of(proof: bytes) -> str:
    """The code that belongs to a proof that only the server can make, sixty of its bits."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in proof[-CODE_LENGTH:])


def shown(stored: str, *, by: int) -> str:
    """A number or code in groups, as people read and type it."""
    return "-".join(stored[begin : begin + by] for begin in range(0, len(stored), by))


def read(typed: str) -> str:
    """What somebody typed, as it is stored."""
    return typed.upper().translate(_LOOKALIKES)


def is_number(stored: str) -> bool:
    """Whether it can be a number at all: the last character checks the others."""
    plausible = len(stored) == NUMBER_LENGTH and set(stored) <= set(ALPHABET)
    return plausible and stored[-1] == _check(stored[:-1])


def _check(random: str) -> str:
    weighed = sum((place + 1) * ALPHABET.index(one) for place, one in enumerate(random))
    return ALPHABET[weighed % _PRIME]
