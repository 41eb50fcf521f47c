"""Quiet hours, urgent messages and lost jobs: no phone rings at night, and none falls silent for good."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.enums.message import Channel, DeliveryState, MessageCategory
from app.models.message import Delivery, EscalationRule, Notification
from app.services.mobile import deliveries, escalation
from tests.support.receivers import HttpReceiver, channels_to, http_receiver, mail_receiver
from tests.support.settings import vault_of_tests
from tests.support.world import World

EVENING = datetime(2026, 11, 20, 20, 50, tzinfo=clock.BUSINESS_ZONE)
MORNING = datetime(2026, 11, 21, 7, 30, tzinfo=clock.BUSINESS_ZONE)


class Night:
    """A deployment whose clock the test sets, and one member who reads nothing."""

    def __init__(
        self, sessions: Sessions, web: HttpReceiver, member_id: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.sessions, self.web, self.member_id = sessions, web, member_id
        self._patch = monkeypatch
        self.at(EVENING)

    def at(self, now: datetime) -> None:
        """It is so late from now on."""
        self._patch.setattr(clock, "now", lambda: now)

    async def rule(self, category: MessageCategory, minutes: int, *, quiet: bool) -> None:
        """Texts for a category after so many minutes, at night or not."""
        times = (time(21, 0), time(7, 30)) if quiet else (None, None)
        chosen = update(EscalationRule).where(
            EscalationRule.category == category, EscalationRule.channel == Channel.SMS
        )
        async with transaction(self.sessions) as session:
            values = {"enabled": True, "after_minutes": minutes}
            await session.execute(chosen.values(**values, quiet_from=times[0], quiet_until=times[1]))

    async def tell(self, category: MessageCategory, minutes: int) -> None:
        """A message that is looked at after so many minutes."""
        kind = {"task": "visit_plan.create", "card": "transfer.create"}[category.value]
        now = clock.now()
        async with transaction(self.sessions) as session:
            session.add(
                Notification(
                    id=uuid7(),
                    member_id=self.member_id,
                    category=category.value,
                    kind=kind,
                    entity="visit_plan",
                    entity_id=uuid7(),
                    data={},
                    created_at=now,
                    next_at=now + timedelta(minutes=minutes),
                )
            )

    async def escalate(self, now: datetime) -> None:
        """What the worker does every minute."""
        self.at(now)
        async with http_receiver() as web, mail_receiver() as box:
            await escalation.run(self.sessions, channels=channels_to(web, box))

    async def delivery(self) -> Delivery:
        """The last one."""
        async with transaction(self.sessions) as session:
            return (await session.scalars(select(Delivery).order_by(Delivery.id))).all()[-1]

    async def send(self, now: datetime) -> DeliveryState | None:
        """The queue comes to it."""
        self.at(now)
        async with mail_receiver() as box:
            return await deliveries.deliver(
                self.sessions,
                delivery_id=(await self.delivery()).id,
                channels=channels_to(self.web, box),
                vault=vault_of_tests(),
            )


@pytest.fixture
async def night(
    sessions: Sessions, session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Night]:
    """An evening on which only texts go out."""
    await session.execute(update(EscalationRule).values(enabled=False))
    await session.commit()
    async with http_receiver() as web:
        web.answer(200, {"code": 0})
        yield Night(sessions, web, world["dept_handler"].member_id, monkeypatch)


async def test_a_second_try_waits_for_the_morning_when_the_night_has_begun(night: Night) -> None:
    await night.rule(MessageCategory.TASK, 5, quiet=True)
    await night.tell(MessageCategory.TASK, 5)
    await night.escalate(EVENING + timedelta(minutes=9))
    night.web.answer(503)
    assert await night.send(EVENING + timedelta(minutes=9)) == DeliveryState.WAITING
    night.web.answer(200, {"code": 0})
    assert await night.send(EVENING + timedelta(minutes=11)) is None
    assert (await night.delivery()).not_before == MORNING
    assert len(night.web.got) == 1
    assert await night.send(MORNING) == DeliveryState.SENT


async def test_a_worker_that_was_away_rings_nobody_at_night(night: Night) -> None:
    await night.rule(MessageCategory.TASK, 5, quiet=True)
    await night.tell(MessageCategory.TASK, 5)
    await night.escalate(EVENING + timedelta(minutes=6))
    assert await night.send(EVENING + timedelta(hours=6)) is None
    assert night.web.got == []
    assert await night.send(MORNING) == DeliveryState.SENT


async def test_what_is_urgent_does_not_wait_for_what_is_not(night: Night) -> None:
    await night.rule(MessageCategory.TASK, 15, quiet=True)
    await night.rule(MessageCategory.CARD, 15, quiet=False)
    await night.tell(MessageCategory.TASK, 15)
    late = EVENING + timedelta(minutes=20)
    await night.escalate(late)
    assert (await night.delivery()).not_before == MORNING
    await night.tell(MessageCategory.CARD, 15)
    await night.escalate(late + timedelta(minutes=15))
    assert (await night.delivery()).not_before == late + timedelta(minutes=15)
    assert await night.send(late + timedelta(minutes=15)) == DeliveryState.SENT
    assert "2 条未读消息" in night.web.got[0][2]["params"]["text"]


async def test_a_delivery_whose_job_was_lost_is_taken_up_again(night: Night, session: AsyncSession) -> None:
    await night.rule(MessageCategory.CARD, 5, quiet=False)
    await night.tell(MessageCategory.CARD, 5)
    await night.escalate(EVENING + timedelta(minutes=5))
    jobs = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'deliver_sms'")
    await session.execute(text("DELETE FROM pgqueuer"))
    await session.commit()
    await night.escalate(EVENING + timedelta(minutes=50))
    assert await session.scalar(jobs) == 0
    for _minute in range(2):
        await night.escalate(EVENING + timedelta(minutes=66 + _minute))
        assert await session.scalar(jobs) == 1


async def test_a_delivery_that_kills_its_worker_each_time_is_given_up(
    night: Night, session: AsyncSession
) -> None:
    await night.rule(MessageCategory.CARD, 5, quiet=False)
    await night.tell(MessageCategory.CARD, 5)
    await night.escalate(EVENING + timedelta(minutes=5))
    await session.execute(update(Delivery).values(attempts=len(deliveries.WAITS) + 1))
    await session.commit()
    assert await night.send(EVENING + timedelta(minutes=5)) == DeliveryState.FAILED
    assert (await night.delivery()).failure == "worker_died"
    assert night.web.got == []


async def test_a_robots_answer_is_never_kept_word_for_word(night: Night, session: AsyncSession) -> None:
    chosen = update(EscalationRule).where(
        EscalationRule.category == MessageCategory.CARD, EscalationRule.channel == Channel.WECOM
    )
    await session.execute(delete(Delivery))
    await session.execute(chosen.values(enabled=True, after_minutes=5, quiet_from=None, quiet_until=None))
    await session.commit()
    await night.tell(MessageCategory.CARD, 5)
    await night.escalate(EVENING + timedelta(minutes=5))
    for answer in ({"errcode": "梁婉仪\0 13812345678"}, {"errcode": [1]}, {"errcode": None}, ["errcode"]):
        night.web.answer(200, answer)
        assert await night.send(EVENING + timedelta(minutes=5)) == DeliveryState.WAITING
        assert (await night.delivery()).failure == "answer_unreadable"
