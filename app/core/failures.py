"""What the database refuses, as problems: taken is 409, a lock that cannot be had is 409, away is 503.

Anything else is a bug, which is not told apart here.
"""

from sqlalchemy.exc import DBAPIError, InterfaceError

from app.core.errors import Busy, Conflict, Problem, Unavailable

_TAKEN = {
    "23505": "已存在相同的记录",
    "23P01": "时间与已有记录重叠",
    "23503": "引用的记录不存在或正被使用",
}
_LOCKED = {"55P03", "40P01", "40001"}
_AWAY = ("08", "57P", "53")
_CANCELLED = "57014"


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
