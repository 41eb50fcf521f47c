"""The rules of escalation: after how long unread a message goes out through which channel, and when not.

They are rows, one for each category and channel, for an administrator to change. What they come to for a
message is answered here without a database; carrying it out is `escalation`'s.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core import clock
from app.core.errors import NotFound, invalid_field
from app.models.enums.message import Channel
from app.models.message import EscalationRule
from app.schemas.message import EscalationRulePatch
from app.services.platform import audit, versions
from app.services.platform.actor import Actor

_TIMES = frozenset({"quiet_from", "quiet_until"})


async def listed(session: AsyncSession) -> Sequence[EscalationRule]:
    """All rules, by category and then by how soon they ring."""
    order = (EscalationRule.category, EscalationRule.after_minutes, EscalationRule.channel)
    return (await session.scalars(select(EscalationRule).order_by(*order))).all()


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    rule_id: UUID,
    patch: EscalationRulePatch,
    expected_version: int | None,
) -> EscalationRule:
    """A rule with the sent fields changed, audited with what it was."""
    found = select(EscalationRule).where(EscalationRule.id == rule_id).with_for_update()
    rule = await session.scalar(found)
    if rule is None:
        raise NotFound
    versions.require(rule, expected_version)
    before = {name: _code(getattr(rule, name)) for name in patch.changes}
    for name, value in patch.changes.items():
        is_time = name in _TIMES and value is not None
        setattr(rule, name, time.fromisoformat(value) if is_time else value)
    if (rule.quiet_from is None) != (rule.quiet_until is None):
        raise invalid_field(
            "body.quiet_until", "免打扰须同时填写开始和结束时间", "Quiet hours need a beginning and an end"
        )
    versions.touch(rule, actor)
    await session.flush()
    await audit.record(
        session,
        action="escalation_rule.change",
        entity="escalation_rule",
        entity_id=rule.id,
        actor_id=actor.id,
        data={"category": rule.category, "channel": rule.channel, "before": before, "after": patch.changes},
    )
    return rule


def configured(settings: Settings) -> Mapping[Channel, bool]:
    """Which channels the deployment has; asked by those who need no adapter."""
    return {
        Channel.WECOM: settings.wecom_webhook_url is not None,
        Channel.MAIL: settings.smtp_url is not None and settings.mail_from is not None,
        Channel.SMS: settings.sms_url is not None and settings.sms_token is not None,
    }


def first_look(rules: Iterable[EscalationRule], category: str, created_at: datetime) -> datetime | None:
    """When a new message is first looked at; None where no channel ever rings for it."""
    return next_look(rules, category, created_at, escalated=0)


def next_look(
    rules: Iterable[EscalationRule], category: str, created_at: datetime, *, escalated: int
) -> datetime | None:
    """When the first rule after those of `escalated` minutes is due; None after the last."""
    later = [rule.after_minutes for rule in _of(rules, category) if rule.after_minutes > escalated]
    return created_at + timedelta(minutes=min(later)) if later else None


def due(
    rules: Iterable[EscalationRule], category: str, created_at: datetime, *, escalated: int, now: datetime
) -> list[EscalationRule]:
    """The rules that are due for a message and were not before."""
    return [
        rule
        for rule in _of(rules, category)
        if rule.after_minutes > escalated and created_at + timedelta(minutes=rule.after_minutes) <= now
    ]


def not_before(rule: EscalationRule, now: datetime) -> datetime:
    """When this rule's channel may ring: now, or at the end of its quiet hours."""
    begin, end = rule.quiet_from, rule.quiet_until
    if begin is None or end is None:
        return now
    here = now.astimezone(clock.BUSINESS_ZONE)
    at = here.time()
    quiet = begin <= at < end if begin <= end else at >= begin or at < end
    if not quiet:
        return now
    over = here.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return over if over > here else over + timedelta(days=1)


async def rings_at(
    session: AsyncSession, *, channel: Channel, categories: Collection[str], now: datetime
) -> datetime:
    """When a channel may ring for messages of these categories: now, or when the first quiet hours end."""
    concerned = [
        rule for rule in await listed(session) if rule.channel == channel and rule.category in categories
    ]
    return min((not_before(rule, now) for rule in concerned), default=now)


def _of(rules: Iterable[EscalationRule], category: str) -> Iterable[EscalationRule]:
    return (rule for rule in rules if rule.enabled and rule.category == category)


def _code(value: Any) -> Any:
    return value.isoformat("minutes") if isinstance(value, time) else value
