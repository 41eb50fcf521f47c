"""Roles as data: what each is called, how far its posts reach, and which datasets they open.

The three platform roles have disjoint duties: the administrator sees no tickets and no residents, the
auditor only logs. What a role may do to a ticket is the workflow table's business, not this one's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.models.enums import Role
from app.services.platform.actor import Dataset, ScopeKind

_FIELD = frozenset({Dataset.AREAS, Dataset.STAFF, Dataset.REGISTRY, Dataset.TICKETS, Dataset.STATS})
_TOWN = frozenset({Dataset.AREAS, Dataset.STAFF, Dataset.TICKETS, Dataset.STATS})


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """One role: labels, whether its post names an area, an organisation or neither, and datasets."""

    label_zh: str
    label_en: str
    kind: ScopeKind
    datasets: frozenset[Dataset]


ROLES: Mapping[Role, RoleSpec] = MappingProxyType(
    {
        Role.GRID_WORKER: RoleSpec("专职网格员", "Grid worker", ScopeKind.AREA, _FIELD),
        Role.GRID_ASSISTANT: RoleSpec(
            "兼职网格员", "Part-time grid assistant", ScopeKind.AREA, _FIELD - {Dataset.STATS}
        ),
        Role.GRID_LEADER: RoleSpec("网格长", "Grid leader", ScopeKind.AREA, _FIELD),
        Role.VILLAGE_ADMIN: RoleSpec("村社区管理员", "Village admin", ScopeKind.AREA, _FIELD),
        Role.DISPATCHER: RoleSpec("镇街受理调度员", "Dispatcher", ScopeKind.AREA, _TOWN),
        Role.DEPT_HANDLER: RoleSpec("承办单位经办人", "Department handler", ScopeKind.ORG, _TOWN),
        Role.DEPT_HEAD: RoleSpec("承办单位负责人", "Department head", ScopeKind.ORG, _TOWN),
        Role.REVISIT_AGENT: RoleSpec("回访员", "Revisit agent", ScopeKind.AREA, _TOWN),
        Role.SUPERVISOR: RoleSpec("督办员", "Supervisor", ScopeKind.AREA, _TOWN),
        Role.LEADER_VIEWER: RoleSpec("领导", "Leader (read only)", ScopeKind.AREA, _TOWN),
        Role.STATISTICIAN: RoleSpec(
            "数据分析员", "Statistician", ScopeKind.AREA, frozenset({Dataset.AREAS, Dataset.STATS})
        ),
        Role.SYSTEM_ADMIN: RoleSpec(
            "系统管理员",
            "System administrator",
            ScopeKind.ALL,
            frozenset({Dataset.AREAS, Dataset.STAFF, Dataset.ACCOUNTS}),
        ),
        Role.AUDITOR: RoleSpec("审计员", "Auditor", ScopeKind.ALL, frozenset({Dataset.AUDIT})),
        Role.RESIDENT: RoleSpec(
            "居民", "Resident without an account", ScopeKind.ALL, frozenset({Dataset.TICKETS})
        ),
        Role.SYSTEM: RoleSpec("系统", "The system itself", ScopeKind.ALL, frozenset({Dataset.TICKETS})),
        Role.API_CLIENT: RoleSpec("第三方接口", "API client", ScopeKind.AREA, frozenset()),
    }
)

TOKEN_SCOPES: Mapping[str, frozenset[Dataset]] = MappingProxyType(
    {
        "areas:read": frozenset({Dataset.AREAS}),
        "tickets:read": frozenset({Dataset.TICKETS}),
        "tickets:write": frozenset({Dataset.TICKETS}),
        "stats:read": frozenset({Dataset.STATS}),
        # Opens no data by itself: what a subscription tells is bounded by tickets:read.
        "webhooks:manage": frozenset(),
    }
)
