"""Making, changing and ending visit plans.

The households of a plan are named once, when it is made, in the maker's own areas. Those who are to visit
must be the maker's to name.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.models.area import Area
from app.models.enums import SENSITIVE, AreaLevel, CareTag, HouseholdType, Role
from app.models.enums.visit import PlanScope
from app.models.registry import Household, Residence, ResidentTag
from app.models.staff import Member
from app.models.visit import VisitPlan, VisitPlanAssignee, VisitPlanHousehold
from app.schemas.visit_plan import VisitPlanCreate, VisitPlanDetail, VisitPlanPatch
from app.services.areas import tree
from app.services.platform import scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.registry import history, households
from app.services.staff import members
from app.services.visits import plans, questionnaires

MAKERS = (Role.GRID_LEADER, Role.VILLAGE_ADMIN, Role.DISPATCHER)
MOST_HOUSEHOLDS = 50_000


class PlanExists(Conflict):
    """The id is taken by another plan."""

    code = "visit_plan_exists"
    title_zh, title_en = "该编号的走访计划已存在", "Another plan has this id"


class PlanEnded(Conflict):
    """The plan is over already."""

    code = "visit_plan_ended"
    title_zh, title_en = "走访计划已结束", "The plan has ended"


async def create(session: AsyncSession, *, actor: Actor, new: VisitPlanCreate) -> VisitPlanDetail:
    """A new plan with its households; `NotFound` for an area in which the caller makes no plans."""
    if new.questionnaire is not None:
        questionnaires.require_schema(new.questionnaire)
    _require_open_tags(new.tags)
    if await session.scalar(select(VisitPlan.id).where(VisitPlan.id == new.id)):
        raise PlanExists
    area = await _place(session, actor, new.area_id)
    values = new.model_dump(exclude={"id", "household_ids", "assignee_ids"})
    values |= {"id": new.id or uuid7(), "created_by": actor.id, "updated_by": actor.id}
    plan_id: UUID = values["id"]
    await session.execute(insert(VisitPlan).values(values))
    count = await _name_households(session, plan_id, area, new)
    await _name_people(session, actor, plan_id, new.assignee_ids)
    data = {"area_id": str(new.area_id), "scope": new.scope.value, "households": count}
    await history.record(session, actor=actor, action="visit_plan.create", entity_id=plan_id, data=data)
    return await plans.detail(session, actor=actor, plan_id=plan_id)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    plan_id: UUID,
    changes: VisitPlanPatch,
    expected_version: int | None,
) -> VisitPlanDetail:
    """The plan with the sent fields changed; `Stale` at another version than expected."""
    plan = await _locked(session, actor, plan_id, expected_version)
    values = changes.changes
    if values.get("due_on", plan.due_on) < plan.starts_on:
        raise invalid_field("body.due_on", "截止日期早于开始日期", "must not be before the first day")
    assignees: list[UUID] | None = values.pop("assignee_ids", None)
    if assignees is not None:
        await session.execute(delete(VisitPlanAssignee).where(VisitPlanAssignee.plan_id == plan_id))
        await _name_people(session, actor, plan_id, assignees)
    for name, value in values.items():
        setattr(plan, name, value)
    versions.touch(plan, actor)
    await session.flush()
    await history.record(
        session,
        actor=actor,
        action="visit_plan.change",
        entity_id=plan_id,
        data={"fields": sorted(changes.model_fields_set)},
    )
    return await plans.detail(session, actor=actor, plan_id=plan_id)


async def end(
    session: AsyncSession, *, actor: Actor, plan_id: UUID, expected_version: int | None
) -> VisitPlanDetail:
    """End a plan now; visits for it are taken no more, what was done stays."""
    plan = await _locked(session, actor, plan_id, expected_version)
    plan.ended_at = clock.now()
    versions.touch(plan, actor)
    await session.flush()
    await history.record(session, actor=actor, action="visit_plan.end", entity_id=plan_id, data={})
    return await plans.detail(session, actor=actor, plan_id=plan_id)


def _makers(actor: Actor) -> Actor:
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in MAKERS))


async def _place(session: AsyncSession, actor: Actor, area_id: UUID) -> Area:
    within = and_(scope.visible(_makers(actor), Dataset.AREAS, tree.COLUMNS), tree.in_force())
    area = await session.scalar(select(Area).where(Area.id == area_id, within).options(tree.BRIEF))
    if area is None:
        raise NotFound(errors=(tree.unknown("body.area_id"),))
    return area


async def _name_households(session: AsyncSession, plan_id: UUID, area: Area, new: VisitPlanCreate) -> int:
    wanted = [
        households.COLUMNS.of_area(area.id, AreaLevel(area.level)),
        Household.ended_on.is_(None),
        Household.household_type != HouseholdType.VACANT,
    ]
    if new.scope is PlanScope.CARE:
        wanted.append(Household.care_level.in_(new.care_levels))
    if new.scope is PlanScope.TAG:
        wanted.append(_tagged(new.tags))
    if new.scope is PlanScope.LIST:
        wanted.append(Household.id.in_(new.household_ids))
    found = select(literal(plan_id), Household.id).where(*wanted).limit(MOST_HOUSEHOLDS + 1)
    named = insert(VisitPlanHousehold).from_select(["plan_id", "household_id"], found)
    await session.execute(named)
    meant = select(func.count()).where(VisitPlanHousehold.plan_id == plan_id)
    count = await session.scalar(meant) or 0
    if new.scope is PlanScope.LIST and count != len(set(new.household_ids)):
        raise NotFound(errors=(tree.unknown("body.household_ids"),))
    if count > MOST_HOUSEHOLDS:
        raise invalid_field(
            "body.area_id",
            f"一个计划最多 {MOST_HOUSEHOLDS} 户",
            f"takes at most {MOST_HOUSEHOLDS} households",
        )
    return count


def _tagged(tags: Sequence[CareTag]) -> ColumnElement[bool]:
    """The households with whom somebody lives who has one of the tags."""
    has_tag = and_(
        ResidentTag.resident_id == Residence.resident_id,
        ResidentTag.code.in_(tags),
        ResidentTag.valid_to.is_(None),
    )
    living = select(Residence.household_id).join(ResidentTag, has_tag)
    return Household.id.in_(living.where(Residence.valid_to.is_(None)))


def _require_open_tags(tags: Sequence[CareTag]) -> None:
    """Refuse tags of health, disability and minors: whoever sees the plan would learn who has them."""
    hidden = SENSITIVE.intersection(tags)
    if hidden:
        raise invalid_field(
            "body.tags",
            "涉及健康、残疾、未成年人的标签不能作为计划范围，请改用名单",
            "tags of health and minors make no plan: use a list",
            "tag_sensitive",
        )


async def _name_people(
    session: AsyncSession, actor: Actor, plan_id: UUID, member_ids: Sequence[UUID]
) -> None:
    wanted = list(dict.fromkeys(member_ids))
    if not wanted:
        return
    known = select(func.count()).where(Member.id.in_(wanted), members.visible(actor))
    if await session.scalar(known) != len(wanted):
        raise NotFound(errors=(tree.unknown("body.assignee_ids"),))
    rows = [{"plan_id": plan_id, "member_id": member_id} for member_id in wanted]
    await session.execute(insert(VisitPlanAssignee), rows)


async def _locked(
    session: AsyncSession, actor: Actor, plan_id: UUID, expected_version: int | None
) -> VisitPlan:
    """The plan, if it lies in an area in which the caller makes plans."""
    within = scope.visible(_makers(actor), Dataset.AREAS, tree.COLUMNS)
    mine = VisitPlan.area_id.in_(select(Area.id).where(within))
    plan = await session.scalar(select(VisitPlan).where(VisitPlan.id == plan_id, mine).with_for_update())
    if plan is None:
        raise NotFound
    versions.require(plan, expected_version)
    if plan.ended_at is not None:
        raise PlanEnded
    return plan
