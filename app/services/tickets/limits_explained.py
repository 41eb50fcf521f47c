"""Which limit a clock would get and why, for people who wonder: the rules that were tried, in order.

Reads the rules' names and nothing else; the decision is `sla`'s.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.schemas.sla import SlaLimitRead, StageLimit, TriedPolicy, Why
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.tickets import sla, sla_policies
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.limits import OVERALL_STAGES, Limit
from app.services.tickets.sla import Case, Policy, Resolution

MOST_MISSED = 50
UNIT_ZH: Mapping[SlaUnit, str] = MappingProxyType(
    {
        SlaUnit.WALL_MINUTES: "分钟（自然时间）",
        SlaUnit.WORK_MINUTES: "分钟（工作时间）",
        SlaUnit.WORK_DAYS: "个工作日",
    }
)
WHY_ZH: Mapping[Why, str] = MappingProxyType(
    {
        Why.WON: "采用：条件全部符合，且比其他符合的规则更具体",
        Why.OUTRANKED: "符合，但已有更具体的规则",
        Why.CATEGORY: "类别不符",
        Why.AREA: "不在规则的区域内",
        Why.ORG_LEVEL: "承办单位的层级不符",
        Why.URGENCY: "紧急程度不符",
    }
)


async def explain(
    session: AsyncSession,
    *,
    actor: Actor,
    deadlines: Deadlines,
    clock: ClockKind,
    category: str | None,
    urgency: Urgency,
    area_id: UUID | None,
    org_level: AreaLevel | None,
) -> SlaLimitRead:
    """The limit of a clock; `NotFound` for an area that the caller does not see."""
    areas = await tree.require(session, actor=actor, named={"query.area_id": area_id})
    path: Sequence[UUID] = areas["query.area_id"].path if areas else ()
    subject, case = Subject(category, urgency, path), Case(category, urgency, path, org_level)
    found = None
    if clock is not ClockKind.OVERALL or not deadlines.is_chained(subject, level=org_level):
        found = deadlines.resolve(clock, subject, level=org_level)
    tried = found.tried if found else ()
    missed = [policy for policy in deadlines.policies if policy.clock is clock and policy not in tried]
    return await _told(session, deadlines, subject, case, clock, found, missed)


async def _told(
    session: AsyncSession,
    deadlines: Deadlines,
    subject: Subject,
    case: Case,
    clock: ClockKind,
    found: Resolution | None,
    missed: Sequence[Policy],
) -> SlaLimitRead:
    tried = found.tried if found else ()
    listed = [(policy, Why.OUTRANKED if number else Why.WON) for number, policy in enumerate(tried)]
    listed += [
        (policy, Why(criterion))
        for policy in missed[:MOST_MISSED]
        if (criterion := sla.unmet(policy, case)) is not None
    ]
    names = await sla_policies.named(session, ids=[policy.id for policy, _why in listed])
    won = found.policy if found else None
    return SlaLimitRead(
        clock=clock,
        unit=found.limit.unit if found else None,
        amount=found.limit.amount if found else None,
        policy=names.get(won.id) if won else None,
        stages=None if found else _stages(deadlines, subject),
        text=_text(found),
        tried=[
            TriedPolicy(policy=names[policy.id], matched=policy in tried, why=why, text=WHY_ZH[why])
            for policy, why in listed
            if policy.id in names
        ],
        left_off=max(len(missed) - MOST_MISSED, 0),
    )


def _stages(deadlines: Deadlines, subject: Subject) -> list[StageLimit]:
    stages = []
    for stage in OVERALL_STAGES:
        found = deadlines.resolve(stage, subject)
        policy_id = found.policy.id if found.policy else None
        stages.append(
            StageLimit(clock=stage, unit=found.limit.unit, amount=found.limit.amount, policy_id=policy_id)
        )
    return stages


def _text(found: Resolution | None) -> str:
    if found is None:
        return "总时限没有单独的规则：按各阶段时限依次相接计算"
    if found.policy is None:
        return f"没有规则适用，按默认时限表：{_limit(found.limit)}"
    others = len(found.tried) - 1
    compared = f"，比另外 {others} 条也符合的规则更具体" if others else ""
    return f"按命中的规则：{_limit(found.limit)}{compared}"


def _limit(limit: Limit) -> str:
    return f"{limit.amount} {UNIT_ZH[limit.unit]}"
