"""The day's log of a worker, derived from what was done."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.actors import RegistryReader
from app.api.sessions import Session
from app.schemas.folding import Day
from app.schemas.visit import DailyLogRead
from app.services.visits import daily_log

router = APIRouter(prefix="/v1/daily-log", tags=["visits"])


@router.get("", summary="工作日志", operation_id="daily_log_read")
async def daily_log_read(
    session: Session,
    actor: RegistryReader,
    on: Annotated[Day | None, Query(description="默认今天")] = None,
    member_id: Annotated[UUID | None, Query(description="默认本人；网格长、村社区管理员可查所辖人员")] = None,
) -> DailyLogRead:
    """Visits, reports and steps of a day; nobody types them again."""
    return await daily_log.of_day(session, actor=actor, on=on, member_id=member_id)
