"""Bounds of clients and their tokens: known scopes, an end within a year, networks; each names its field.

A token's scopes and end lie within its client's, which may leave scopes open. That a token's area does is
`api_tokens`' business, for it takes the tree.
"""

from collections.abc import Sequence
from datetime import datetime

from app.core import clock
from app.core.errors import invalid_field
from app.services.access.roles import TOKEN_SCOPES


def require_scopes(where: str, scopes: Sequence[str], within: Sequence[str] = ()) -> None:
    """Raise `Invalid` for a scope that nobody knows, or that lies outside those of the client."""
    known = [scope for scope in TOKEN_SCOPES if not within or scope in within]
    if not set(scopes) <= set(known):
        raise invalid_field(where, f"只能是：{'、'.join(known)}", f"Possible scopes: {', '.join(known)}")


def require_end(where: str, expires_at: datetime, at_most: datetime | None = None) -> None:
    """Raise `Invalid` unless the end lies within a year from now, and not after that of the client."""
    moment = clock.now()
    if not moment < expires_at <= _a_year_from(moment):
        raise invalid_field(where, "有效期须在一年以内", "The end must lie within one year from now")
    if at_most is not None and expires_at > at_most:
        raise invalid_field(
            where, "不得晚于接入方的有效期", "The end lies after that of the client", "out_of_bounds"
        )


def _a_year_from(moment: datetime) -> datetime:
    try:
        return moment.replace(year=moment.year + 1)
    except ValueError:  # The 29th of February.
        return moment.replace(year=moment.year + 1, month=3, day=1)
