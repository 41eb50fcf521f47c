"""Attendance: going on duty and off, and one's own times."""

from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.actors import OnDuty
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.team import AttendanceRead, CheckIn
from app.schemas.types import PageRead
from app.services.staff import attendance

router = APIRouter(
    prefix="/v1/attendance", tags=["staff"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="我的考勤", operation_id="attendance_list")
async def attendance_list(
    session: Session, actor: OnDuty, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[AttendanceRead]:
    """One's own times on duty of the last 90 days, the latest first."""
    page = await attendance.page(session, actor=actor, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{attendance_id}", summary="我的一次考勤", operation_id="attendance_read")
async def attendance_read(session: Session, actor: OnDuty, attendance_id: UUID) -> AttendanceRead:
    """One of one's own times on duty."""
    return await attendance.detail(session, actor=actor, attendance_id=attendance_id)


@router.post("/check-in", status_code=201, summary="签到", operation_id="attendance_check_in")
async def attendance_check_in(session: Session, actor: OnDuty, body: CheckIn) -> AttendanceRead:
    """Go on duty now; 409 until the last time has been ended."""
    return await attendance.check_in(session, actor=actor, place=body.location)


@router.post("/check-out", summary="签退", operation_id="attendance_check_out")
async def attendance_check_out(session: Session, actor: OnDuty, body: CheckIn) -> AttendanceRead:
    """Go off duty now."""
    return await attendance.check_out(session, actor=actor, place=body.location)
