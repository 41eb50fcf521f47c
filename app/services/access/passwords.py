"""Passwords: which are good enough, and hashing them without stopping the process.

Argon2 takes a tenth of a second and 64 MiB on purpose. One thread does all of it, one password at a time:
the event loop stays free, and a flood of sign-ins costs waiting instead of memory. Hashing is done outside
of transactions where many people call, so that waiting for it holds no connection. Counting failures is
`lockout`'s business.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from app.core.crypto import hash_password, new_secret, verify_password
from app.core.errors import FieldError, Invalid, Unavailable

MIN_LENGTH = 8
MIN_CLASSES = 3
INITIAL_LENGTH = 12
MAX_WAITING = 200
_LETTERS = "abcdefghijkmnpqrstuvwxyz"
_READABLE = _LETTERS + _LETTERS.upper().replace("I", "") + "23456789"

Result = TypeVar("Result")

_thread = ThreadPoolExecutor(1, "argon2")
_waiting = 0


class WeakPassword(Invalid):
    """The new password is too easy to guess; `errors` says what it lacks."""

    code = "weak_password"
    title_zh, title_en = "密码强度不够", "The password is too weak"


def require_good(password: str, *, username: str) -> None:
    """Raise `WeakPassword` unless it has 8 characters of 3 classes and does not hold the user name."""
    if len(password) < MIN_LENGTH:
        raise _weak(f"密码至少 {MIN_LENGTH} 位", f"needs at least {MIN_LENGTH} characters")
    if _classes(password) < MIN_CLASSES:
        raise _weak(
            "密码须含大写字母、小写字母、数字、符号中的至少三种",
            "needs three of upper case, lower case, digits and symbols",
        )
    if username.lower() in password.lower():
        raise _weak("密码不能包含账号名", "must not contain the user name")


def initial() -> str:
    """A random password to hand over once: 12 characters that cannot be mistaken for one another."""
    while True:
        password = "".join(secrets.choice(_READABLE) for _ in range(INITIAL_LENGTH))
        if _classes(password) >= MIN_CLASSES:
            return password


async def hashed(password: str) -> str:
    """The Argon2id hash of a password."""
    return await _in_thread(lambda: hash_password(password))


async def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password made this hash; without a hash (no account) as slow, and False."""
    return await _in_thread(lambda: _verify(password, password_hash))


async def unusable() -> str:
    """A hash that no password opens, for an account that has not been given one yet."""
    return await _in_thread(_nobodys)


def _verify(password: str, password_hash: str | None) -> bool:
    stand_in = _nobodys()  # made once, whoever asks first: otherwise the first unknown name takes twice
    known = verify_password(password, password_hash or stand_in)
    return known and password_hash is not None


@cache
def _nobodys() -> str:
    return hash_password(new_secret())


async def _in_thread(work: Callable[[], Result]) -> Result:
    global _waiting  # noqa: PLW0603 - one queue a process
    if _waiting >= MAX_WAITING:
        raise Unavailable
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_thread, work)
    finally:
        _waiting -= 1


def _classes(password: str) -> int:
    return len({_class_of(character) for character in password})


def _class_of(character: str) -> str:
    if character.isdecimal():
        return "digit"
    if character.isupper():
        return "upper"
    return "lower" if character.islower() else "other"


def _weak(message_zh: str, message_en: str) -> WeakPassword:
    found = FieldError("body.new_password", WeakPassword.code, message_zh, message_en)
    return WeakPassword(message_zh, message_en, errors=(found,))
