"""Recording a visit: the row, who went along, what was heard, photos, and when to go there next.

A phone may make the id while offline, and sending a visit twice makes one. Whether it counts is decided by
rule when it comes in; the household is locked meanwhile, so that two visits at once move its next date once.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.coordinates import Point, to_wgs84
from app.core.errors import Conflict, Forbidden, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.writes import together
from app.models.area import Area
from app.models.attachment import Attachment
from app.models.enums import Role
from app.models.registry import Household, HouseholdMember
from app.models.staff import Member
from app.models.visit import Visit, VisitAttachment, VisitPlan, VisitPlanHousehold, VisitVisitor
from app.schemas.visit import VisitCreate, VisitRead
from app.services.areas import tree
from app.services.platform import attachments, outbox, scope
from app.services.platform.actor import Actor, Dataset
from app.services.registry import care, households
from app.services.staff import members
from app.services.visits import distance, effectiveness, opinions, questionnaires, reads
from app.services.visits.effectiveness import Facts
from app.services.visits.opinions import Desk

VISITORS = (Role.GRID_WORKER, Role.GRID_ASSISTANT, Role.GRID_LEADER, Role.VILLAGE_ADMIN)
LATE = timedelta(days=1)


class VisitExists(Conflict):
    """The id is taken by another visit."""

    code = "visit_exists"
    title_zh, title_en = "该编号的走访已存在且内容不同", "Another visit has this id"


async def record(
    session: AsyncSession, *, actor: Actor, new: VisitCreate, desk: Desk
) -> tuple[VisitRead, bool]:
    """Store a visit; returns it and whether it is new (False: this very visit was sent before).

    `NotFound`, with the field, for what lies outside the caller's scope; `VisitExists` for a taken id.
    """
    if actor.member_id is None:
        raise Forbidden
    household, area = await _locked(session, actor, new.household_id)
    if new.id is not None and await _sent_before(session, actor, new.id, new):
        return await reads.detail(session, actor=actor, visit_id=new.id), False
    if household.ended_on is not None:
        raise invalid_field("body.household_id", "这一户已注销", "The household has ended")
    await _require_references(session, actor, new)
    values = _values(actor, new) | _placed(new, household, area)
    visit_id: UUID = values["id"]
    await session.execute(insert(Visit).values(values))
    await _link(session, actor.member_id, new, visit_id)
    tickets = await opinions.store(
        session,
        actor=actor,
        desk=desk,
        visit_id=visit_id,
        household=household,
        occurred_at=new.occurred_at,
        location=new.location,
        heard=new.opinions,
    )
    await care.note_visits(session, household_id=household.id)
    news = {"area_id": str(household.area_id), "effective": values["is_effective"], "tickets": tickets}
    await together(session, [outbox.append("visit.recorded", visit_id, news)])
    return await reads.detail(session, actor=actor, visit_id=visit_id), True


def as_visitor(actor: Actor) -> Actor:
    """The caller with those posts alone that visit."""
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in VISITORS))


async def _sent_before(session: AsyncSession, actor: Actor, visit_id: UUID, new: VisitCreate) -> bool:
    found = await session.get(Visit, visit_id)
    if found is None:
        return False
    sent = (actor.member_id, new.household_id, new.occurred_at, new.visit_type, new.mode)
    stored = (found.visitor_id, found.household_id, found.occurred_at, found.visit_type, found.mode)
    if sent != stored:
        raise VisitExists
    return True


async def _locked(session: AsyncSession, actor: Actor, household_id: UUID) -> tuple[Household, Area]:
    seen = scope.visible(as_visitor(actor), Dataset.REGISTRY, households.COLUMNS)
    statement = (
        select(Household, Area)
        .join(Area, Area.id == Household.area_id)
        .where(Household.id == household_id, seen)
        .with_for_update(of=Household, key_share=True)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(errors=(tree.unknown("body.household_id"),))
    household, area = row
    return household, area


async def _require_references(session: AsyncSession, actor: Actor, new: VisitCreate) -> None:
    """One statement: plan, resident, companions and photos are there, and the caller's to name."""
    found = (await session.execute(_asked(actor, new))).one()
    if new.plan_id is not None:
        _require_plan(found, new)
    questionnaires.require_fit(found.questionnaire, new.answers, needed=new.result == "met")
    if new.resident_id is not None and not found.lives_there:
        raise invalid_field("body.resident_id", "此人不在这一户", "Nobody of that id lives there")
    for field, sent, known in (
        ("companion_ids", new.companion_ids, found.companions),
        ("attachment_ids", new.attachment_ids, found.files),
    ):
        if len(set(sent)) != len(sent):
            raise invalid_field(f"body.{field}", "有重复的编号", "names one twice", "repeated")
        if known != len(sent):
            raise NotFound(errors=(tree.unknown(f"body.{field}"),))


def _asked(actor: Actor, new: VisitCreate) -> Any:
    in_plan = exists().where(
        VisitPlanHousehold.plan_id == VisitPlan.id, VisitPlanHousehold.household_id == new.household_id
    )
    lives_there = exists().where(
        HouseholdMember.household_id == new.household_id,
        HouseholdMember.resident_id == new.resident_id,
        HouseholdMember.valid_to.is_(None),
    )
    companions = select(func.count()).where(Member.id.in_(new.companion_ids), members.visible(actor))
    files = select(func.count()).where(Attachment.id.in_(new.attachment_ids), attachments.owned(actor))
    one = select(literal(1).label("one")).subquery()
    return (
        select(
            VisitPlan.id.label("plan"),
            VisitPlan.questionnaire,
            or_(VisitPlan.ended_at.is_(None), VisitPlan.ended_at > clock.now()).label("running"),
            in_plan.label("in_plan"),
            lives_there.label("lives_there"),
            companions.scalar_subquery().label("companions"),
            files.scalar_subquery().label("files"),
        )
        .select_from(one)
        .outerjoin(VisitPlan, VisitPlan.id == new.plan_id)
    )


def _require_plan(found: Any, new: VisitCreate) -> None:
    if found.plan is None or not found.in_plan:
        raise invalid_field("body.plan_id", "走访计划中没有这一户", "The plan has no such household")
    if not found.running:
        raise invalid_field("body.plan_id", "走访计划已结束", "The plan has ended")
    if new.answers is not None and found.questionnaire is None:
        raise invalid_field("body.answers", "走访计划没有问卷", "The plan has no questionnaire")


def _values(actor: Actor, new: VisitCreate) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": new.id or uuid7(),
        "visitor_id": actor.member_id,
        **new.model_dump(
            include={"plan_id", "household_id", "resident_id", "visit_type", "mode", "purposes", "result"}
        ),
        **new.model_dump(include={"occurred_at", "duration_s", "content", "needs", "answers"}),
        "received_at": now,
        "is_backfill": now - new.occurred_at > LATE,
        "created_by": actor.id,
        "updated_by": actor.id,
    }


def _placed(new: VisitCreate, household: Household, area: Area) -> dict[str, Any]:
    """Where it took place, how far from the address that is, and whether the visit counts."""
    point = to_wgs84(new.location.lng, new.location.lat, new.location.coord_type) if new.location else None
    centre = Point(area.center_lng, area.center_lat) if area.center_lng and area.center_lat else None
    metres = distance.to_area(point, boundary=area.boundary, centre=centre) if point else None
    missing = effectiveness.lacks(Facts(new.mode, new.result, new.duration_s, new.content, metres))
    values: dict[str, Any] = {
        "area_id": household.area_id,
        "town_id": household.town_id,
        "village_id": household.village_id,
        "grid_id": household.grid_id,
        "distance_m": metres,
        "lacks": list(missing),
        "is_effective": effectiveness.counts(missing, approved=None),
    }
    if new.location and point:
        values |= {"lng": point.lng, "lat": point.lat}
        values |= {"raw_lng": new.location.lng, "raw_lat": new.location.lat}
        values |= {"coord_type": new.location.coord_type, "accuracy_m": new.location.accuracy_m}
    return values


async def _link(session: AsyncSession, visitor_id: UUID, new: VisitCreate, visit_id: UUID) -> None:
    along = dict.fromkeys((visitor_id, *new.companion_ids))
    await session.execute(
        insert(VisitVisitor),
        [{"visit_id": visit_id, "member_id": one, "occurred_at": new.occurred_at} for one in along],
    )
    if new.attachment_ids:
        links = [{"visit_id": visit_id, "attachment_id": one} for one in new.attachment_ids]
        await session.execute(insert(VisitAttachment), links)
