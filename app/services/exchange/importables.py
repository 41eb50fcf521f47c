"""What can be imported, as data: the columns of each table, what offices call them, how cells are cleaned.

To take another column is to add a row here. `carried` columns that are blank have the value of the row
above (merged or left out below the head of a household), as long as the columns that they are `within` are
the same there: no unit of one building goes on in the next. 同上 has it in every column but identity numbers.
What rows mean together, and what they become, is the plans' business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType

from app.models.enums import Role
from app.models.enums.exchange import ImportKind
from app.services.exchange import cells, codes
from app.services.exchange.headers import normal
from app.services.platform import masks

Clean = Callable[[str], str]
_HIDDEN_FROM = 8


def hidden_number(text: str) -> str:
    """A number that may be wrong, so that neither its owner nor the rest can be told from it."""
    return text[:3] + masks.STAR * 8 + text[-2:] if len(text) >= _HIDDEN_FROM else masks.STAR * len(text)


def hidden(text: str) -> str:
    """Nothing of the text but that there is one."""
    return masks.STAR * min(len(text), 8)


def shown(text: str) -> str:
    """As it is: nothing personal."""
    return text[:40]


@dataclass(frozen=True, slots=True)
class Field:
    """A column: the header of the template, its other names, and how its cells are cleaned and masked."""

    name: str
    header: str
    clean: Clean
    aliases: tuple[str, ...] = ()
    required: bool = False
    carried: bool = False
    within: tuple[str, ...] = ()
    ditto: bool = True
    mask: Clean = shown
    choices: Mapping[str, str] | None = None
    width: int = 14


@dataclass(frozen=True)
class Importable:
    """A table that can be imported, by whom, and its columns in the order of the template."""

    kind: ImportKind
    label: str
    roles: frozenset[Role]
    fields: tuple[Field, ...]

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """The field of each normalised header."""
        return MappingProxyType(
            {normal(text): field.name for field in self.fields for text in (field.header, *field.aliases)}
        )


def _choice(
    name: str, header: str, choices: Mapping[str, str], *aliases: str, required: bool = False
) -> Field:
    clean = partial(cells.chosen, choices=choices)
    return Field(name, header, clean, aliases, required=required, choices=choices)


AREAS = Importable(
    ImportKind.AREAS,
    "区域网格",
    frozenset({Role.SYSTEM_ADMIN}),
    (
        Field(
            "code", "区域编码", cells.code, ("编码", "网格编码", "网格编号", "代码"), required=True, width=22
        ),
        Field("name", "名称", cells.label, ("区域名称", "网格名称", "村社区名称"), required=True, width=22),
        Field("short_name", "简称", cells.label, ("区域简称",)),
        _choice("level", "层级", codes.LEVELS, "区域层级", "级别", required=True),
        _choice("kind", "类型", codes.AREA_KINDS, "网格类型", "区域类型"),
        Field(
            "parent",
            "上级编码",
            cells.code,
            ("上级区域编码", "所属村社区编码", "父级编码", "所属区域编码"),
            carried=True,
            width=22,
        ),
        Field("public_phone", "公开电话", cells.public_phone, ("联系电话", "服务电话"), width=16),
    ),
)
MEMBERS = Importable(
    ImportKind.MEMBERS,
    "网格人员",
    frozenset({Role.SYSTEM_ADMIN}),
    (
        Field("name", "姓名", cells.name, ("网格员姓名", "人员姓名"), required=True, ditto=False),
        _choice("gender", "性别", codes.GENDERS),
        _choice("employment", "用工性质", codes.EMPLOYMENTS, "人员类别", "专兼职", required=True),
        Field("occupation", "职务", cells.label, ("岗位", "身份")),
        Field(
            "area",
            "所在区域",
            cells.label,
            ("网格", "所属网格", "村社区", "区域编码"),
            carried=True,
            width=22,
        ),
        Field("org", "所属单位", cells.label, ("单位", "工作单位"), width=22),
        Field("work_phone", "工作电话", cells.public_phone, ("办公电话", "公开电话"), width=16),
        Field(
            "phone",
            "手机号码",
            cells.phone,
            ("手机", "本人手机", "联系电话", "电话"),
            mask=hidden_number,
            width=16,
        ),
    ),
)
_REGISTRY_WRITERS = frozenset({Role.GRID_WORKER, Role.GRID_LEADER, Role.VILLAGE_ADMIN})
_VILLAGE = Field(
    "village", "村（社区）", cells.label, ("村", "社区", "村社区", "所属村", "村居"), carried=True
)
_GRID = Field(
    "grid",
    "网格",
    cells.label,
    ("所属网格", "网格名称", "网格编码", "微网格"),
    carried=True,
    width=22,
)
BUILDINGS = Importable(
    ImportKind.BUILDINGS,
    "楼栋",
    _REGISTRY_WRITERS,
    (
        _VILLAGE,
        _GRID,
        Field("name", "楼栋名称", cells.label, ("名称", "楼栋", "楼名", "建筑名称"), required=True, width=22),
        Field("no", "楼栋号", cells.label, ("楼号", "栋号", "楼栋编号"), ditto=False),
        Field("address", "地址", cells.label, ("楼栋地址", "详细地址", "门牌地址"), required=True, width=30),
        _choice("kind", "类型", codes.BUILDING_KINDS, "楼栋类型", "建筑类型", "用途"),
        Field("floors", "层数", cells.whole, ("楼层数", "总层数")),
        Field("units", "单元数", cells.whole, ("单元",)),
        Field("built_year", "建成年份", cells.whole, ("建成时间", "建造年份", "建成年代")),
        _choice("is_rental", "是否出租屋", codes.YES_OR_NO, "出租屋"),
        Field("lng", "经度", cells.degrees, ("东经",), ditto=False),
        Field("lat", "纬度", cells.degrees, ("北纬",), ditto=False),
        _choice("coord_type", "坐标系", codes.DATUMS, "坐标类型"),
    ),
)
_BUILDING_NAMES = ("楼栋号", "楼栋名称", "楼栋编号", "楼号", "栋号", "幢号", "栋", "幢", "座", "楼名")
_UNIT = Field("unit_no", "单元", cells.unit, ("单元号", "梯", "梯号"))
_ROOM_NAMES = (
    "房间号",
    "房屋编号",
    "房屋号",
    "房间",
    "室号",
    "室",
    "楼栋房号",
    "楼房号",
    "栋单元房号",
    "楼栋单元房号",
)
ROOMS = Importable(
    ImportKind.ROOMS,
    "房屋",
    _REGISTRY_WRITERS,
    (
        _VILLAGE,
        _GRID,
        Field("building", "楼栋", cells.label, _BUILDING_NAMES, required=True, carried=True, width=22),
        replace(_UNIT, carried=True, within=("building",)),
        Field(
            "floor",
            "楼层",
            cells.label,
            ("层", "所在楼层", "层次"),
            carried=True,
            within=("building", "unit_no"),
        ),
        Field("room_no", "房号", cells.room, _ROOM_NAMES, required=True, ditto=False),
        Field("address", "地址", cells.label, ("房屋地址", "详细地址", "门牌地址"), ditto=False, width=30),
        _choice("use", "用途", codes.ROOM_USES, "房屋用途", "使用情况"),
        Field("area_m2", "面积", cells.metres, ("建筑面积", "房屋面积")),
        Field(
            "owner_name", "产权人", cells.name, ("业主", "业主姓名", "产权人姓名", "房主"), mask=masks.name
        ),
        Field(
            "owner_phone",
            "产权人电话",
            cells.phone,
            ("业主电话", "业主联系电话", "产权人联系电话", "房主电话"),
            mask=hidden_number,
            width=16,
        ),
    ),
)
HOUSEHOLDS = Importable(
    ImportKind.HOUSEHOLDS,
    "住户和人员",
    _REGISTRY_WRITERS,
    (
        Field("no", "户号", cells.code, ("户编号", "户籍号", "家庭编号")),
        _VILLAGE,
        _GRID,
        Field("address", "地址", cells.label, ("住址", "家庭住址", "现住址", "详细地址", "门牌号"), width=30),
        Field("building", "楼栋", cells.label, _BUILDING_NAMES),
        _UNIT,
        Field("room_no", "房号", cells.room, _ROOM_NAMES),
        _choice("household_type", "户类型", codes.HOUSEHOLD_TYPES, "住户类型", "户类别"),
        _choice("residence_status", "居住状态", codes.RESIDENCE_STATUSES, "人户状态"),
        Field("name", "姓名", cells.name, ("人员姓名", "成员姓名", "家庭成员"), ditto=False, mask=masks.name),
        _choice("relation", "与户主关系", codes.RELATIONS, "关系", "家庭关系", "与户主的关系"),
        _choice("gender", "性别", codes.GENDERS),
        Field(
            "id_number",
            "公民身份号码",
            cells.id_number,
            ("身份证号", "身份证号码", "证件号码", "身份证", "身份号码", "公民身份证号码"),
            ditto=False,
            mask=hidden_number,
            width=22,
        ),
        Field(
            "birth_on", "出生日期", cells.birth, ("出生年月日", "出生年月", "生日"), ditto=False, mask=hidden
        ),
        _choice("population_type", "人口类型", codes.POPULATION_TYPES, "人口类别", "人员类型"),
        Field(
            "phone",
            "联系电话",
            cells.phone,
            ("手机", "手机号", "手机号码", "电话", "联系方式"),
            mask=hidden_number,
            width=16,
        ),
    ),
)
IMPORTABLES: Mapping[ImportKind, Importable] = MappingProxyType(
    {importable.kind: importable for importable in (AREAS, MEMBERS, BUILDINGS, ROOMS, HOUSEHOLDS)}
)
