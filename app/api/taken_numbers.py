"""The refusal of somebody whose number is registered: written down, and told only so often an hour.

It confirms a number to whoever guesses it, and the refused write leaves nothing behind. Therefore it is noted
here, after the rollback, in a transaction of its own. How often it is told is decided in `lookups`.
"""

from fastapi import FastAPI, Request, Response

from app.api import problems
from app.core.db import transaction
from app.core.errors import Problem
from app.services.registry import lookups
from app.services.registry.residents import ResidentTaken


def install(app: FastAPI) -> None:
    """Make the application answer `ResidentTaken` through this module."""
    app.add_exception_handler(ResidentTaken, _on_taken)


async def _on_taken(request: Request, error: Exception) -> Response:
    assert isinstance(error, ResidentTaken)  # noqa: S101 - registered for this class only
    told: Problem = error
    try:
        async with transaction(request.app.state.sessions) as session:
            await lookups.taken(session, actor=request.state.actor, people=len(error.errors))
    except lookups.LookupLimit as limit:
        told = limit
    return problems.render(request, told)
