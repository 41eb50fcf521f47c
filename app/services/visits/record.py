"""Recording a visit: the row, who went along, what was heard, photos, and when to go there next.

A phone may make the id while offline, and sending a visit twice makes one. Whether it counts is decided by
rule when it comes in; where it went is locked meanwhile, so that two visits at once move its next date once.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.coordinates import Point, to_wgs84
from app.core.errors import Conflict, Forbidden, NotFound, invalid_field
from app.core.ids import uuid7
from app.models.attachment import Attachment
from app.models.registry import HouseholdMember, Residence
from app.models.staff import Member
from app.models.upload import AwaitedFile
from app.models.visit import (
    Visit,
    VisitAttachment,
    VisitPlan,
    VisitPlanAssignee,
    VisitPlanHousehold,
    VisitVisitor,
)
from app.schemas.visit import VisitCreate, VisitRead
from app.services.areas import tree
from app.services.platform import attachments
from app.services.platform.actor import Actor
from app.services.registry import history, reach
from app.services.staff import members
from app.services.visits import destinations, distance, effectiveness, opinions, questionnaires, reads
from app.services.visits.destinations import Destination, Goal
from app.services.visits.effectiveness import Facts
from app.services.visits.opinions import Desk

LATE = timedelta(days=1)
# As far as a phone's clock may be ahead.
AHEAD = timedelta(minutes=10)


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
    goal = Goal(new.household_id, new.place_id, new.resident_id)
    there = await destinations.locked(session, actor=actor, goal=goal)
    if new.id is not None and await _sent_before(session, actor, new.id, new):
        return await reads.detail(session, actor=actor, visit_id=new.id), False
    _require_there(goal, there)
    if new.occurred_at > clock.now() + AHEAD:
        raise invalid_field(
            "body.occurred_at", "走访时间不能晚于现在", "must not be in the future", "date_in_future"
        )
    await _require_references(session, actor, new)
    values = _values(actor, new) | _placed(new, there)
    visit_id: UUID = values["id"]
    visit = (await session.scalars(insert(Visit).values(values).returning(Visit))).one()
    await _link(session, actor.member_id, new, visit_id)
    await _link_files(session, actor, new, visit_id)
    tickets = await opinions.store(
        session,
        actor=actor,
        desk=desk,
        visit_id=visit_id,
        there=there,
        occurred_at=new.occurred_at,
        location=new.location,
        heard=new.opinions,
    )
    if visit.is_effective:
        day = new.occurred_at.astimezone(clock.BUSINESS_ZONE).date()
        await destinations.moved(session, visit=visit, on=day, counts=True)
    news = {"area_id": str(visit.area_id), "effective": values["is_effective"], "tickets": tickets}
    await history.record(session, actor=actor, action="visit.record", entity_id=visit_id, data=news)
    return await reads.detail(session, actor=actor, visit_id=visit_id), True


def _require_there(goal: Goal, there: Destination) -> None:
    """Refuse what has ended, and somebody alone whose household there is to visit."""
    _table, _id, where = goal.row
    if there.has_ended:
        raise invalid_field(where, "这一户、居民或场所已注销", "has ended", "record_ended")
    if there.lives_with is not None:
        raise invalid_field(
            "body.household_id",
            "此人住在户中，请填写其住户",
            "lives in a household: name it",
            "household_needed",
        )


async def _sent_before(session: AsyncSession, actor: Actor, visit_id: UUID, new: VisitCreate) -> bool:
    found = await session.get(Visit, visit_id)
    if found is None:
        return False
    same = ("household_id", "place_id", "resident_id", "occurred_at", "visit_type", "mode")
    sent = (actor.member_id, *(getattr(new, name) for name in same))
    stored = (found.visitor_id, *(getattr(found, name) for name in same))
    if sent != stored:
        raise VisitExists
    return True


async def _require_references(session: AsyncSession, actor: Actor, new: VisitCreate) -> None:
    """One statement: plan, resident, companions and photos are there, and the caller's to name."""
    found = (await session.execute(_asked(actor, new))).one()
    if new.plan_id is not None:
        _require_plan(found, new)
    questionnaires.require_fit(found.questionnaire, new.answers, needed=new.result == "met")
    if new.household_id and new.resident_id and not found.lives_there:
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
    carriers = select(VisitPlanAssignee).where(VisitPlanAssignee.plan_id == VisitPlan.id)
    went = [actor.member_id, *new.companion_ids]
    assigned = or_(~carriers.exists(), carriers.where(VisitPlanAssignee.member_id.in_(went)).exists())
    in_plan = exists().where(
        VisitPlanHousehold.plan_id == VisitPlan.id, VisitPlanHousehold.household_id == new.household_id
    )
    lives_there = or_(
        *(
            exists().where(
                link.household_id == new.household_id,
                link.resident_id == new.resident_id,
                link.valid_to.is_(None),
            )
            for link in (HouseholdMember, Residence)
        )
    )
    companions = select(func.count()).where(Member.id.in_(new.companion_ids), members.visible(actor))
    files = select(func.count()).where(Attachment.id.in_(new.attachment_ids), attachments.owned(actor))
    one = select(literal(1).label("one")).subquery()
    return (
        select(
            VisitPlan.id.label("plan"),
            VisitPlan.questionnaire,
            or_(VisitPlan.ended_at.is_(None), VisitPlan.ended_at > clock.now()).label("running"),
            VisitPlan.starts_on,
            in_plan.label("in_plan"),
            assigned.label("assigned"),
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
    if new.occurred_at < clock.day_start(found.starts_on):
        raise invalid_field("body.plan_id", "走访时间早于计划的开始日期", "The plan begins after that visit")
    if not found.assigned:
        raise invalid_field(
            "body.plan_id",
            "您和同行人员都不在该走访计划的走访人中",
            "Nobody who went is to carry out the plan",
        )
    if new.answers is not None and found.questionnaire is None:
        raise invalid_field("body.answers", "走访计划没有问卷", "The plan has no questionnaire")


def _values(actor: Actor, new: VisitCreate) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": new.id or uuid7(),
        "visitor_id": actor.member_id,
        **new.model_dump(
            include={"plan_id", "household_id", "resident_id", "place_id", "visit_type", "mode", "purposes"}
        ),
        **new.model_dump(include={"result", "occurred_at", "duration_s", "content", "needs", "answers"}),
        "received_at": now,
        "is_backfill": now - new.occurred_at > LATE,
        "created_by": actor.id,
        "updated_by": actor.id,
    }


def _placed(new: VisitCreate, there: Destination) -> dict[str, Any]:
    """Where it took place, how far from the address that is, and whether the visit counts."""
    point = to_wgs84(new.location.lng, new.location.lat, new.location.coord_type) if new.location else None
    metres = _metres(point, there) if point else None
    missing = effectiveness.lacks(Facts(new.mode, new.result, new.duration_s, new.content, metres))
    values: dict[str, Any] = {
        **reach.copied(there.row),
        "distance_m": metres,
        "lacks": list(missing),
        "is_effective": effectiveness.counts(missing, approved=None),
    }
    if new.location and point:
        values |= {"lng": point.lng, "lat": point.lat}
        values |= {"raw_lng": new.location.lng, "raw_lat": new.location.lat}
        values |= {"coord_type": new.location.coord_type, "accuracy_m": new.location.accuracy_m}
    return values


def _metres(point: Point, there: Destination) -> float | None:
    area = there.area
    centre = Point(area.center_lng, area.center_lat) if area.center_lng and area.center_lat else None
    return distance.to_address(point, spot=there.spot, boundary=area.boundary, centre=centre)


async def _link(session: AsyncSession, visitor_id: UUID, new: VisitCreate, visit_id: UUID) -> None:
    along = dict.fromkeys((visitor_id, *new.companion_ids))
    await session.execute(
        insert(VisitVisitor),
        [{"visit_id": visit_id, "member_id": one, "occurred_at": new.occurred_at} for one in along],
    )


async def _link_files(session: AsyncSession, actor: Actor, new: VisitCreate, visit_id: UUID) -> None:
    """Link the files that are there; wait for those that come later and have not come already."""
    here = set(new.attachment_ids)
    later = set(new.awaited_attachment_ids) - here
    if later:
        await attachments.hold(session, later)
        mine = select(Attachment.id).where(Attachment.id.in_(later), attachments.owned(actor))
        came = set(await session.scalars(mine))
        here, later = here | came, later - came
    if here:
        links = [{"visit_id": visit_id, "attachment_id": one} for one in sorted(here)]
        await session.execute(insert(VisitAttachment), links)
    if later:
        owner = {"member_id": actor.member_id, "client_id": actor.client_id, "created_at": clock.now()}
        waits = [{"attachment_id": one, "visit_id": visit_id, **owner} for one in sorted(later)]
        await session.execute(insert(AwaitedFile), waits)
