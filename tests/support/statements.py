"""Counting SQL: how many statements a piece of work sends, and which.

Listens to every SQLAlchemy engine of the process. Transaction control is not counted, nor what goes
past SQLAlchemy on the raw driver connection, nor what takes an allowance for many calls at once.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
ALLOWANCES = "rate_limit AS held"


class Statements:
    """The statements seen so far, in order."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    @property
    def count(self) -> int:
        """How many there were, without transaction control."""
        return len(self.texts)

    def report(self) -> str:
        """One numbered line a statement, for a failure's message."""
        lines = (f"{number}. {' '.join(text.split())}" for number, text in enumerate(self.texts, 1))
        return "\n".join((f"{self.count} statements:", *lines))


Counter = Callable[..., AbstractContextManager[Statements]]


@contextmanager
def counted(at_most: int | None = None) -> Iterator[Statements]:
    """Count the statements of the block; more than `at_most` fails with all of their texts."""
    seen = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(UNCOUNTED) and ALLOWANCES not in statement:
            seen.texts.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    if at_most is not None:
        assert seen.count <= at_most, seen.report()
