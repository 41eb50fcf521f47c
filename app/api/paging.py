"""Paging parameters that every list takes; how a page is cut and what a cursor holds is `core.paging`'s."""

from typing import Annotated

from fastapi import Query

from app.core.paging import DEFAULT_LIMIT, MAX_CURSOR_LENGTH, MAX_LIMIT

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="每页条数，1–100")]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR_LENGTH, description="上一页返回的 next_cursor")]
LIMIT = DEFAULT_LIMIT
