"""Wire shapes of the category list."""

from app.schemas.types import Output


class CategoryRead(Output):
    """A class (two digits, no parent) or a category that tickets carry (four digits)."""

    code: str
    parent_code: str | None
    label_zh: str
    label_en: str


class CategoryList(Output):
    """The whole list: it is short, and apps keep it."""

    items: list[CategoryRead]
