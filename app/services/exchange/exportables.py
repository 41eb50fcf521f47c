"""What can be exported, as data: who may ask, how many rows need somebody else's approval, the columns.

Masked unless asked for otherwise, which few may ask for and others approve. The columns are those of the
imports, so that a ledger that went out can be read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.core.errors import Forbidden
from app.core.workbook.writer import Column
from app.models.enums import Role
from app.models.enums.exchange import ExportKind
from app.services.access.roles import ROLES
from app.services.exchange import codes
from app.services.platform.actor import Actor, Dataset

APPROVERS = frozenset({Role.SYSTEM_ADMIN, Role.LEADER_VIEWER})
MOST_ROWS = 200_000
UNAPPROVED_ROWS = 1_000
MOST_PLAIN_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Exportable:
    """A table that can be exported; `plain_roles` may ask for it with plain names and numbers."""

    kind: ExportKind
    label: str
    dataset: Dataset
    roles: frozenset[Role]
    columns: tuple[Column, ...]
    plain_roles: frozenset[Role] = frozenset()

    def reader(self, actor: Actor, *, masked: bool) -> Actor:
        """Whoever reads the rows: plain ones by those posts alone that may see them. `Forbidden`."""
        roles = self.roles if masked else self.plain_roles
        if actor.roles.isdisjoint(roles):
            what = self.label if masked else f"{self.label}的原文"
            names = "、".join(sorted(ROLES[role].label_zh for role in roles)) or "无岗位"
            raise Forbidden(f"只有{names}可以导出{what}", f"Only for {', '.join(sorted(roles)) or 'nobody'}")
        if masked:
            return actor
        return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in roles))


AREAS = Exportable(
    ExportKind.AREAS,
    "区域网格",
    Dataset.AREAS,
    frozenset({Role.SYSTEM_ADMIN, Role.VILLAGE_ADMIN, Role.DISPATCHER, Role.STATISTICIAN}),
    tuple(
        Column(title, 20) for title in ("区域编码", "名称", "简称", "层级", "类型", "上级编码", "公开电话")
    ),
)
MEMBERS = Exportable(
    ExportKind.MEMBERS,
    "网格人员",
    Dataset.STAFF,
    frozenset({Role.SYSTEM_ADMIN, Role.VILLAGE_ADMIN, Role.DISPATCHER}),
    tuple(
        Column(title, 18)
        for title in ("姓名", "性别", "用工性质", "职务", "所在区域", "所属单位", "工作电话", "手机号码")
    ),
)
HOUSEHOLDS = Exportable(
    ExportKind.HOUSEHOLDS,
    "住户和人员",
    Dataset.REGISTRY,
    frozenset({Role.VILLAGE_ADMIN, Role.GRID_LEADER}),
    tuple(
        Column(title, 18)
        for title in (
            "户号",
            "网格",
            "地址",
            "户类型",
            "居住状态",
            "姓名",
            "与户主关系",
            "性别",
            "公民身份号码",
            "年龄",
            "人口类型",
            "联系电话",
        )
    ),
    plain_roles=frozenset({Role.VILLAGE_ADMIN}),
)
EXPORTABLES: Mapping[ExportKind, Exportable] = MappingProxyType(
    {exportable.kind: exportable for exportable in (AREAS, MEMBERS, HOUSEHOLDS)}
)


def label_of(choices: codes.Labels, code: str | None) -> str:
    """The first label of a code."""
    return next((label for label, known in choices.items() if known == code), code or "")
