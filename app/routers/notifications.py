"""Messages: the caller's own list, what was read; one's mail address; escalation and its log."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import Admin, Person
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.parts import Configured
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums.message import Channel, DeliveryState, MessageCategory
from app.schemas.message import (
    DeliveryRead,
    EscalationRulePatch,
    EscalationRuleRead,
    EscalationRules,
    MailAddressRead,
    MailAddressWrite,
    NotificationRead,
    ReadAll,
    ReadCount,
)
from app.schemas.types import PageRead
from app.services.mobile import delivery_log, inbox, mail_addresses, rules

own = APIRouter(
    prefix="/v1/notifications",
    tags=["mobile"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)
router = APIRouter(tags=["mobile"])


@own.get("", summary="我的消息", operation_id="notifications_list")
async def notifications_list(
    session: Session,
    actor: Person,
    *,
    category: MessageCategory | None = None,
    unread: bool = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[NotificationRead]:
    """The caller's own messages, the newest first."""
    page = await inbox.page(
        session, actor=actor, category=category, unread=unread, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@own.get("/{notification_id}", summary="消息详情", operation_id="notification_read")
async def notification_read(session: Session, actor: Person, notification_id: UUID) -> NotificationRead:
    """One message."""
    return await inbox.one(session, actor=actor, notification_id=notification_id)


@own.post("/{notification_id}/read", summary="标为已读", operation_id="notification_mark")
async def notification_mark(session: Session, actor: Person, notification_id: UUID) -> NotificationRead:
    """Mark a message as read; the first time counts."""
    return await inbox.mark_read(session, actor=actor, notification_id=notification_id)


@own.post("/read-all", summary="全部标为已读", operation_id="notifications_mark_all")
async def notifications_mark_all(session: Session, actor: Person, body: ReadAll) -> ReadCount:
    """Mark all messages up to one as read, of one category or of all; what came later stays unread."""
    count = await inbox.mark_all(session, actor=actor, up_to=body.up_to, category=body.category)
    return ReadCount(count=count)


@router.get("/v1/me/mail-address", summary="我的提醒邮箱", operation_id="mail_address_read")
async def mail_address_read(session: Session, actor: Person, vault: AppVault) -> MailAddressRead:
    """Where one's own mail goes, masked."""
    return await mail_addresses.read(session, actor=actor, vault=vault)


@router.put("/v1/me/mail-address", summary="设置提醒邮箱", operation_id="mail_address_write")
async def mail_address_write(
    session: Session, actor: Person, vault: AppVault, settings: Configured, body: MailAddressWrite
) -> MailAddressRead:
    """Set where one's own mail goes."""
    return await mail_addresses.write(
        session, actor=actor, address=body.address, vault=vault, settings=settings
    )


@router.delete(
    "/v1/me/mail-address", status_code=204, summary="删除提醒邮箱", operation_id="mail_address_remove"
)
async def mail_address_remove(session: Session, actor: Person) -> None:
    """Forget one's own mail address."""
    await mail_addresses.remove(session, actor=actor)


@router.get("/v1/escalation-rules", summary="未读提醒规则", operation_id="escalation_rules_list")
async def escalation_rules_list(session: Session, _actor: Admin, settings: Configured) -> EscalationRules:
    """Every rule, and which channels the deployment has configured."""
    found = [EscalationRuleRead.model_validate(rule) for rule in await rules.listed(session)]
    return EscalationRules(items=found, channels=dict(rules.configured(settings)))


@router.patch(
    "/v1/escalation-rules/{rule_id}", summary="修改未读提醒规则", operation_id="escalation_rule_change"
)
async def escalation_rule_change(
    session: Session,
    actor: Admin,
    rule_id: UUID,
    body: EscalationRulePatch,
    response: Response,
    if_match: IfMatch = None,
) -> EscalationRuleRead:
    """Change when a rule rings and when it is quiet, or switch it on or off; new messages go by it."""
    rule = await rules.change(
        session,
        actor=actor,
        rule_id=rule_id,
        patch=body,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(rule.version)
    return EscalationRuleRead.model_validate(rule)


@router.get("/v1/deliveries", summary="提醒发送记录", operation_id="deliveries_list")
async def deliveries_list(
    session: Session,
    _actor: Admin,
    *,
    state: DeliveryState | None = None,
    channel: Channel | None = None,
    member_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[DeliveryRead]:
    """What went out through the channels, to whom and whether it arrived: no words and no addresses."""
    page = await delivery_log.page(
        session, state=state, channel=channel, member_id=member_id, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


router.include_router(own)
