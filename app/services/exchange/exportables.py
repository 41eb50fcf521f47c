"""What can be exported, as data: who may ask, how many rows need somebody else's approval, the columns.

Masked, always: an export has what the lists show and no plain personal number. The columns are those of
the imports, so that a ledger that went out can be read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.core.workbook.writer import Column
from app.models.enums import Role
from app.models.enums.exchange import ExportKind
from app.services.exchange import codes
from app.services.platform.actor import Dataset

APPROVERS = frozenset({Role.SYSTEM_ADMIN, Role.LEADER_VIEWER})
MOST_ROWS = 200_000
UNAPPROVED_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Exportable:
    """A table that can be exported."""

    kind: ExportKind
    label: str
    dataset: Dataset
    roles: frozenset[Role]
    columns: tuple[Column, ...]


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
)
EXPORTABLES: Mapping[ExportKind, Exportable] = MappingProxyType(
    {exportable.kind: exportable for exportable in (AREAS, MEMBERS, HOUSEHOLDS)}
)


def label_of(choices: codes.Labels, code: str | None) -> str:
    """The first label of a code."""
    return next((label for label, known in choices.items() if known == code), code or "")
