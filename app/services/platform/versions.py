"""Versioned rows: the version that a caller read, and the mark of a write."""

from app.core import clock
from app.core.errors import Stale
from app.models.base import Versioned
from app.services.platform.actor import Actor


def require(row: Versioned, expected: int | None) -> None:
    """Raise `Stale` unless the row is at the version that the caller read; None means any."""
    if expected is not None and expected != row.version:
        raise Stale


def touch(row: Versioned, actor: Actor) -> None:
    """Count a write: the next version, by whom and when."""
    row.version += 1
    row.updated_at, row.updated_by = clock.now(), actor.id
