"""Devices: one's own open sessions and where pushes go; for administrators, the sessions of an account."""

from uuid import UUID

from fastapi import APIRouter

from app.api.actors import Admin, Person
from app.api.sessions import Session
from app.api.vault import AppVault
from app.schemas.device import DeviceName, DeviceSessionList, DeviceSessionRead, PushWrite
from app.services.access import accounts, devices

router = APIRouter(tags=["devices"])


@router.get("/v1/me/sessions", summary="我的登录设备", operation_id="my_sessions_list")
async def my_sessions_list(session: Session, actor: Person) -> DeviceSessionList:
    """The caller's own open sessions."""
    account_id = actor.account_id or actor.id
    found = await devices.listed(session, account_id=account_id, current=actor.session_id)
    return DeviceSessionList(items=list(found))


@router.patch("/v1/me/sessions/{session_id}", summary="给设备命名", operation_id="my_session_name")
async def my_session_name(
    session: Session, actor: Person, session_id: UUID, body: DeviceName
) -> DeviceSessionRead:
    """Call one of one's own devices something."""
    return await devices.rename(session, actor=actor, session_id=session_id, name=body.name)


@router.delete(
    "/v1/me/sessions/{session_id}", status_code=204, summary="退出某台设备", operation_id="my_session_end"
)
async def my_session_end(session: Session, actor: Person, session_id: UUID) -> None:
    """Sign out one of one's own devices, at once."""
    account_id = actor.account_id or actor.id
    await devices.end(session, actor=actor, account_id=account_id, session_id=session_id)


@router.put("/v1/me/push", status_code=204, summary="登记推送", operation_id="my_push_register")
async def my_push_register(session: Session, actor: Person, vault: AppVault, body: PushWrite) -> None:
    """Say where the pushes of this very session go."""
    await devices.register_push(session, actor=actor, new=body, vault=vault)


@router.delete("/v1/me/push", status_code=204, summary="取消推送", operation_id="my_push_forget")
async def my_push_forget(session: Session, actor: Person) -> None:
    """Send this very session no more pushes."""
    await devices.forget_push(session, actor=actor)


@router.get("/v1/accounts/{account_id}/sessions", summary="账号的登录设备", operation_id="account_sessions")
async def account_sessions(session: Session, actor: Admin, account_id: UUID) -> DeviceSessionList:
    """The open sessions of an account."""
    await accounts.read(session, actor=actor, account_id=account_id)
    found = await devices.listed(session, account_id=account_id, current=actor.session_id)
    return DeviceSessionList(items=list(found))


@router.delete(
    "/v1/accounts/{account_id}/sessions/{session_id}",
    status_code=204,
    summary="强制某台设备退出",
    operation_id="account_session_end",
)
async def account_session_end(session: Session, actor: Admin, account_id: UUID, session_id: UUID) -> None:
    """Sign out a device of somebody else's, at once."""
    await accounts.read(session, actor=actor, account_id=account_id)
    await devices.end(session, actor=actor, account_id=account_id, session_id=session_id)
