"""Looking at plain personal values in tests: what to send, and what the log says afterwards."""

from collections.abc import Sequence
from typing import Any

from httpx import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.privacy import PiiAccess
from tests.support.clients import Api

DEVICE = "wangge-app/3.1"


async def look(api: Api, who: str, path: str, *fields: str, device: str = DEVICE, **changed: Any) -> Response:
    """Ask for plain values of a record, e.g. `/v1/residents/<id>`."""
    body = {"fields": list(fields), "reason": "contact", "note": "电话核实来访情况"} | changed
    return await api.as_(who).post(f"{path}/unmask", json=body, headers={"User-Agent": device})


async def logged(session: AsyncSession) -> Sequence[PiiAccess]:
    """All of the log, oldest first."""
    return (await session.scalars(select(PiiAccess).order_by(PiiAccess.at, PiiAccess.id))).all()
