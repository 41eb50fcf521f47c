"""What the database refuses, as problems: taken is 409, a lock that cannot be had is 409, away is 503.

Anything else is a bug, which is not told apart here.
"""

from sqlalchemy.exc import DBAPIError, InterfaceError

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
log = logging.get(__name__)


def as_problem(error: Exception, **about: str) -> Problem:
    """What failed, as a problem; a bug is logged with what it is about, and told without its words."""
    if isinstance(error, Problem):
        return error
    known = of_database(error) if isinstance(error, DBAPIError) else None
    if known is None:
        log.error("entry_failed", error=type(error).__name__, exc_info=error, **about)
    return known or Problem()


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
