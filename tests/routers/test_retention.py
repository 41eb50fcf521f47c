"""Retention: rules in a table say what is forgotten when; the night's run forgets that and nothing else."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.enums.retention import RetentionSubject
from app.models.platform import AuditLog
from app.models.privacy import PiiAccessReason
from app.models.registry import Resident
from app.models.team import Attendance
from app.models.ticket import TicketContact
from app.services.privacy import retention
from app.services.privacy.erasure import NOBODY
from tests.support import households
from tests.support.clients import Api
from tests.support.looks import logged, look
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import CALLERS, World, fixed_id

PATH = "/v1/retention-rules"
LEFT, CONTACTS = RetentionSubject.LEFT_RESIDENTS, RetentionSubject.TICKET_CONTACTS


async def rule_of(api: Api, subject: RetentionSubject) -> dict[str, Any]:
    """The rule of a kind of data."""
    rules: list[dict[str, Any]] = (await api.as_("auditor").get(PATH)).json()["items"]
    return next(rule for rule in rules if rule["subject"] == subject)


async def limit_of(api: Api, subject: RetentionSubject) -> int:
    """After how many days the rule forgets."""
    return int((await rule_of(api, subject))["days"])


async def names(session: AsyncSession) -> dict[UUID, str]:
    """Residents' names as they are now."""
    rows = await session.execute(select(Resident.id, Resident.name))
    return {row.id: row.name for row in rows}


async def moved_out(session: AsyncSession, number: int, days: int) -> None:
    """A resident of `households.add` left so many days ago."""
    day = clock.today() - timedelta(days=days)
    await session.execute(
        text("UPDATE household_member SET valid_from = :since, valid_to = :day WHERE resident_id = :id"),
        {"since": date(2000, 1, 1), "day": day, "id": fixed_id(20_000 + number)},
    )
    await session.commit()


async def test_only_people_who_left_long_enough_ago_are_forgotten(
    api: Api, sessions: Sessions, session: AsyncSession, world: World
) -> None:
    days = await limit_of(api, LEFT)
    for number, gone in enumerate((None, days - 2, days + 2)):
        await households.add(session, world, world.places["grid_a1"], number)
        if gone is not None:
            await moved_out(session, number, gone)
    assert (await retention.run(sessions))[LEFT] == 1
    known = await names(session)
    assert [known[fixed_id(20_000 + number)] for number in range(3)] == [
        households.NAME,
        households.NAME,
        NOBODY,
    ]
    assert (await retention.run(sessions))[LEFT] == 0


async def test_somebody_who_moved_to_another_household_is_kept(
    api: Api, sessions: Sessions, session: AsyncSession, world: World
) -> None:
    for number in (1, 2):
        await households.add(session, world, world.places["grid_a1"], number)
    await moved_out(session, 1, await limit_of(api, LEFT) + 10)
    await session.execute(
        text("UPDATE household_member SET resident_id = :mover WHERE resident_id = :other"),
        {"mover": fixed_id(20_001), "other": fixed_id(20_002)},
    )
    await session.commit()
    await retention.run(sessions)
    assert (await names(session))[fixed_id(20_001)] == households.NAME


async def test_contacts_of_tickets_closed_long_ago_are_forgotten_and_open_ones_kept(
    api: Api, sessions: Sessions, session: AsyncSession, world: World
) -> None:
    days = await limit_of(api, CONTACTS)
    for ago in (None, days - 2, days + 2):
        loop = Loop(api, world)
        await loop.report()
        if ago is not None:
            await session.execute(
                text("UPDATE ticket SET closed_at = :at WHERE id = :id"),
                {"at": clock.now() - timedelta(days=ago), "id": loop.id},
            )
    await session.commit()
    assert (await retention.run(sessions))[CONTACTS] == 1
    left = (await session.scalars(select(TicketContact.name))).all()
    assert sorted(name or "" for name in left) == ["", "关大婶", "关大婶"]


async def test_words_of_old_looks_go_and_the_log_stays(
    api: Api, sessions: Sessions, session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await households.add(session, world, world.places["grid_a1"], 1)
    await look(api, "grid_worker", f"/v1/residents/{fixed_id(20_001)}", "phone")
    assert (await retention.run(sessions))[RetentionSubject.ACCESS_REASONS] == 0
    later = clock.now() + timedelta(days=await limit_of(api, RetentionSubject.ACCESS_REASONS) + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await retention.run(sessions))[RetentionSubject.ACCESS_REASONS] == 1
    assert (await session.scalars(select(PiiAccessReason.words))).all() == []
    assert len(await logged(session)) == 1


async def test_a_rule_that_is_off_forgets_nothing(
    api: Api, sessions: Sessions, session: AsyncSession, world: World
) -> None:
    await households.add(session, world, world.places["grid_a1"], 1)
    await moved_out(session, 1, await limit_of(api, LEFT) + 10)
    rule = await rule_of(api, LEFT)
    await api.as_("system_admin").patch(f"{PATH}/{rule['id']}", json={"enabled": False})
    assert LEFT not in await retention.run(sessions)
    assert (await names(session))[fixed_id(20_001)] == households.NAME


async def test_a_rule_is_changed_by_the_administrator_with_its_version_and_audited(
    api: Api, session: AsyncSession
) -> None:
    admin, address = api.as_("system_admin"), f"{PATH}/{(await rule_of(api, LEFT))['id']}"
    changed = await admin.patch(address, json={"days": 400}, headers={"If-Match": '"1"'})
    assert (changed.json()["days"], changed.headers["etag"]) == (400, '"2"')
    stale = await admin.patch(address, json={"days": 500}, headers={"If-Match": '"1"'})
    problem_in(stale, 412, "stale_version")
    problem_in(await admin.patch(address, json={"days": 0}), 422, "invalid", "body.days")
    noted = await session.scalar(select(AuditLog.data).where(AuditLog.action == "retention_rule.change"))
    assert noted is not None
    assert (noted["before"]["days"], noted["after"]["days"]) == (1095, 400)


@pytest.mark.parametrize("who", CALLERS)
async def test_the_administrator_and_the_auditor_read_the_rules(api: Api, who: str) -> None:
    allowed = who in {"system_admin", "auditor"}
    assert (await api.as_(who).get(PATH)).status_code == (200 if allowed else 403)
    if who != "system_admin":
        address = f"{PATH}/{(await rule_of(api, LEFT))['id']}"
        problem_in(await api.as_(who).patch(address, json={"days": 9}), 403, "forbidden")


async def test_where_workers_went_on_duty_is_forgotten_after_ninety_days(
    api: Api, sessions: Sessions, session: AsyncSession, world: World
) -> None:
    assert await limit_of(api, RetentionSubject.ATTENDANCE) == 90
    member_id, now = world["grid_worker"].member_id, clock.now()
    for days in (91, 89):
        started = now - timedelta(days=days)
        session.add(Attendance(member_id=member_id, started_at=started, ended_at=started))
    session.add(Attendance(member_id=member_id, started_at=now - timedelta(days=92)))
    await session.commit()
    assert (await retention.run(sessions))[RetentionSubject.ATTENDANCE] == 2
    assert len((await session.scalars(select(Attendance.id))).all()) == 1
