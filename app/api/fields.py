"""`fields=`: a list that answers only what the caller asks for, so that little travels over a slow network.

The names are those of the list's entries; `id` is always there. Which lists offer it is theirs to say.
"""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel

from app.core.errors import invalid_field
from app.schemas.types import PageRead

Fields = Annotated[
    str | None,
    Query(
        max_length=500,
        description="只要这些字段，逗号分隔，如 no,title,status；id 总是有",
        examples=["no,title"],
    ),
]
ALWAYS = "id"


def wanted(fields: str | None, shape: type[BaseModel]) -> Collection[str] | None:
    """The names asked for; None for all, `Invalid` for one that entries do not have."""
    if fields is None:
        return None
    names = {name.strip() for name in fields.split(",")} - {""}
    unknown = names - shape.model_fields.keys()
    if unknown:
        known = "、".join(shape.model_fields)
        raise invalid_field("query.fields", f"没有这样的字段，可选：{known}", f"must be among: {known}")
    return names | {ALWAYS}


def only(page: PageRead[Any], names: Collection[str]) -> Response:
    """The page with these fields of its entries."""
    include: Any = {"next_cursor": True, "items": {"__all__": set(names)}}
    return Response(page.model_dump_json(include=include), media_type="application/json")
