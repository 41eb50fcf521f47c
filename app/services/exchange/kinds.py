"""Which plan carries out which kind of import, and in whose name."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import Forbidden
from app.models.enums.exchange import ImportKind
from app.models.exchange import ImportJob
from app.services.access import actors
from app.services.access.roles import ROLES
from app.services.exchange.area_plan import AreaPlan
from app.services.exchange.building_plan import BuildingPlan
from app.services.exchange.household_plan import HouseholdPlan
from app.services.exchange.importables import IMPORTABLES, Importable
from app.services.exchange.member_plan import MemberPlan
from app.services.exchange.plans import Plan
from app.services.exchange.room_plan import RoomPlan
from app.services.platform.actor import Actor

_PLANS: Mapping[ImportKind, type[Plan]] = MappingProxyType(
    {
        ImportKind.AREAS: AreaPlan,
        ImportKind.MEMBERS: MemberPlan,
        ImportKind.BUILDINGS: BuildingPlan,
        ImportKind.ROOMS: RoomPlan,
        ImportKind.HOUSEHOLDS: HouseholdPlan,
    }
)


def require_role(actor: Actor, importable: Importable) -> None:
    """`Forbidden` unless one of the caller's posts may import this."""
    if actor.roles.isdisjoint(importable.roles):
        names = "、".join(sorted(ROLES[role].label_zh for role in importable.roles))
        raise Forbidden(f"只有{names}可以导入{importable.label}", f"Only for {', '.join(importable.roles)}")


async def plan_of(session: AsyncSession, job: ImportJob, vault: Vault) -> Plan:
    """The prepared plan of a job; `Forbidden` when who sent it may not do this any more."""
    importable = IMPORTABLES[ImportKind(job.kind)]
    actor = await actors.of_member(session, job.member_id)
    if actor is None:
        raise Forbidden("上传人已停用或离任", "Who sent it has left")
    require_role(actor, importable)
    plan = _PLANS[importable.kind](importable, actor=actor, vault=vault, area_id=job.area_id)
    await plan.prepare(session)
    return plan
