"""The request's database session: one transaction, committed before the response goes out.

With `scope="function"` FastAPI ends the dependency after the endpoint and before sending; with the
default scope the reply would go out first, and a failing commit would have lost what was promised
(ADR 0001). A GET writes nothing, so it opens no transaction. The session is also put on the request's
state, for the idempotent route.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import transaction


async def session_scope(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield the session of this request's transaction; a GET reads without one."""
    state = request.app.state
    opened = state.readers() if request.method == "GET" else transaction(state.sessions)
    async with opened as session:
        request.state.session = session
        yield session


Session = Annotated[AsyncSession, Depends(session_scope, scope="function")]
