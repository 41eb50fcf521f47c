"""What the database refuses, as problems: taken is 409, a lock that cannot be had is 409, away is 503.

Anything else is a bug: the log gets its type and places, not its message, which may hold somebody's row.
"""

import traceback

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core import logging
from app.core.errors import Busy, Conflict, Problem, Unavailable

_TAKEN = {
    "23505": "已存在相同的记录",
    "23P01": "时间与已有记录重叠",
    "23503": "引用的记录不存在或正被使用",
}
_LOCKED = {"55P03", "40P01", "40001"}
_AWAY = ("08", "57P", "53")
_CANCELLED = "57014"
# What goes wrong while connecting the engine does not wrap.
AWAY = (
    PoolTimeout,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_MAX_FRAMES = 30
log = logging.get(__name__)


def as_problem(error: Exception, **about: str) -> Problem:
    """What failed, as a problem; a bug is logged with what it is about, and told without its words."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, AWAY):
        return Unavailable()
    known = of_database(error) if isinstance(error, DBAPIError) else None
    if known is None:
        log_bug("entry_failed", error, **about)
    return known or Problem()


def log_bug(event: str, error: Exception, **about: str) -> None:
    """Write down what nobody foresaw, with what it is about."""
    frames = traceback.extract_tb(error.__traceback__)
    log.error(
        event,
        error=type(error).__name__,
        sqlstate=getattr(getattr(error, "orig", None), "sqlstate", None),
        trace=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-_MAX_FRAMES:]],
        **about,
    )


def of_database(error: DBAPIError) -> Problem | None:
    """The problem that a database error stands for; None when it is a bug of ours."""
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if state in _TAKEN:
        return Conflict(_TAKEN[state], "Conflicts with an existing record")
    if state in _LOCKED:
        return Busy()
    away = error.connection_invalidated or isinstance(error, InterfaceError)
    if away or state.startswith(_AWAY) or state == _CANCELLED:
        return Unavailable()
    return None
