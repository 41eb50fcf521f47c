"""What a command says when it cannot do its work: one line in Chinese, never a traceback.

Only failures that an operator can cause or cure are told this way (settings, files, ports, the database
being away or refusing). Anything else is a bug and keeps its traceback.
"""

from collections.abc import Callable
from typing import Any

from asyncpg import InterfaceError, PostgresError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.core.embedded import EmbeddedPostgresError
from app.core.errors import Problem
from app.core.processes import ProcessStartError
from app.core.schema import SchemaStale


class CommandFailed(Exception):
    """A command cannot go on; its text is one sentence for the operator."""


# What a server says when it is starting, stopping, full or not the one that was meant (SQLSTATE).
_AWAY = ("08", "28", "3D", "53", "57P", "42501")


def sentence(failure: Exception) -> str | None:
    """The one line about a foreseeable failure; None for a bug."""
    return next((tell(failure) for kinds, tell in _TELLERS if isinstance(failure, kinds)), None)


def _of_settings(failure: Any) -> str:
    wrong = (
        "：".join([_variable(error["loc"]), error["msg"]]).removeprefix("：")
        for error in failure.errors(include_input=False, include_url=False)
    )
    return f"配置有误：{'；'.join(wrong)}".replace("Value error, ", "")


def _variable(where: tuple[int | str, ...]) -> str:
    return "_".join(("WANGGE", *map(str, where))).upper() if where else ""


def _of_database(failure: Any) -> str | None:
    state = getattr(failure, "sqlstate", None)
    if state is not None and not state.startswith(_AWAY):
        return None
    text = " ".join(str(failure).split())
    return f"数据库不可用：{text}"


def _of_system(failure: Any) -> str:
    reason = failure.strerror or str(failure) or type(failure).__name__
    if failure.filename is not None:
        return f"无法读写 {failure.filename}：{reason}"
    return f"系统拒绝了操作：{reason}（若是数据库连接，请检查 WANGGE_DATABASE_URL 和数据库是否在运行）"


_TELLERS: tuple[tuple[tuple[type[Exception], ...], Callable[[Any], str | None]], ...] = (
    ((CommandFailed, SchemaStale, ProcessStartError, EmbeddedPostgresError), str),
    ((Problem,), lambda problem: problem.detail_zh),
    ((ValidationError,), _of_settings),
    ((DBAPIError,), lambda refused: _of_database(refused.orig)),
    ((PostgresError, InterfaceError), _of_database),
    ((OSError,), _of_system),
)
