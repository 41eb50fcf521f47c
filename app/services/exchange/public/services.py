"""The services: which categories the public may report in, and what is asked there.

A new deployment starts with the list below: what can be seen on the street. What concerns people at home
(disputes, care, leads on crime) is reported to a person. A service of a category that is switched off is
closed as well.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.errors import NotFound
from app.models.public import PublicService
from app.models.ticket import Category, Ticket
from app.services.tickets.category_list import CATEGORIES

_CLASS, _SERVICE = aliased(Category), aliased(PublicService)
OPEN_CLASSES = frozenset({"03", "04", "05", "06", "07", "10"})
OPEN_LEAVES = frozenset({"1201", "1202", "1204", "1205", "9999"})
ATTRIBUTES: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType(
    {
        "0501": (
            {
                "code": "kind",
                "datatype": "multivaluelist",
                "description": "垃圾种类",
                "values": {
                    "household": "生活垃圾",
                    "bulky": "大件垃圾",
                    "building": "建筑垃圾",
                    "other": "其他",
                },
            },
        ),
        "0602": (
            {
                "code": "fault",
                "datatype": "singlevaluelist",
                "required": True,
                "description": "故障情况",
                "values": {"out": "不亮", "flicker": "闪烁", "day": "白天常亮", "broken": "破损"},
            },
            {
                "code": "pole_no",
                "datatype": "string",
                "description": "灯杆编号",
                "help": "灯杆上的号牌，没有可不填",
            },
            {"code": "lamps", "datatype": "number", "description": "不亮的灯数"},
        ),
        "0603": ({"code": "seen_at", "datatype": "datetime", "description": "发现时间"},),
        "0607": (
            {
                "code": "hint",
                "datatype": "text",
                "variable": False,
                "description": "积水过膝或有人被困，请先拨打 110 或 119",
            },
        ),
    }
)


class UnknownService(NotFound):
    """No category of this code is open to the public."""

    code = "unknown_service"
    title_zh, title_en = "没有这个服务类别", "No such service"


async def seed(session: AsyncSession) -> None:
    """Open the services of the list above, unless a deployment has decided on them already."""
    leaves = [row for row in CATEGORIES if row.parent_code is not None]
    rows = [
        {
            "category_code": leaf.code,
            "description": f"{leaf.label_zh}的上报",
            "keywords": [leaf.label_zh, leaf.label_en],
            "attributes": [
                _attribute(order, one) for order, one in enumerate(ATTRIBUTES.get(leaf.code, ()), 1)
            ],
        }
        for leaf in leaves
        if leaf.parent_code in OPEN_CLASSES or leaf.code in OPEN_LEAVES
    ]
    await session.execute(insert(PublicService).values(rows).on_conflict_do_nothing())


async def listed(session: AsyncSession) -> Sequence[Row[Any]]:
    """The open services by code, each with its category's label and that of the class."""
    return (await session.execute(_open().order_by(PublicService.category_code))).all()


async def require(session: AsyncSession, code: str) -> Row[Any]:
    """One open service, as `listed` has it; `UnknownService`."""
    wanted = _open().where(PublicService.category_code == code)
    found = (await session.execute(wanted)).one_or_none() if is_code(code) else None
    if found is None:
        raise UnknownService
    return found


def is_code(text: str) -> bool:
    """Whether it can be a category's code at all."""
    return text.isascii() and text.isdigit()


def is_open() -> ColumnElement[bool]:
    """Whether a ticket's category is open to the public, as a condition on tickets."""
    return exists().where(_SERVICE.category_code == Ticket.category_code, _SERVICE.enabled)


def _open() -> Any:
    return (
        select(PublicService, Category.label_zh.label("name"), _CLASS.label_zh.label("group"))
        .join(Category, Category.code == PublicService.category_code)
        .outerjoin(_CLASS, _CLASS.code == Category.parent_code)
        .where(PublicService.enabled, Category.enabled)
    )


def _attribute(order: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "variable": asked.get("variable", True),
        "code": asked["code"],
        "datatype": asked["datatype"],
        "required": asked.get("required", False),
        "datatype_description": asked.get("help"),
        "order": order,
        "description": asked["description"],
        "values": [{"key": key, "name": name} for key, name in asked.get("values", {}).items()],
    }
