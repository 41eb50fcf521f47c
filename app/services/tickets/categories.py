"""Ticket categories in the database: the list of `category_list`, kept up to date there, and read.

A deployment may switch an entry off, change it or add its own; seeding touches none of these, it adds
missing entries and corrects those that nobody changed. Administration is `category_admin`'s.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.routing import CategoryRevision
from app.models.ticket import Category
from app.services.tickets.category_list import CATEGORIES


async def seed(session: AsyncSession) -> None:
    """Add or correct every category of the list; classes come before their sub-classes."""
    listed = insert(Category).values([row._asdict() for row in CATEGORIES])
    changed = select(CategoryRevision.category_code)
    await session.execute(
        listed.on_conflict_do_update(
            index_elements=[Category.code],
            set_={
                "label_zh": listed.excluded.label_zh,
                "label_en": listed.excluded.label_en,
                "parent_code": listed.excluded.parent_code,
                "self_handled": listed.excluded.self_handled,
            },
            where=Category.code.not_in(changed),
        )
    )


async def listed(session: AsyncSession, *, disabled: bool = False) -> Sequence[Category]:
    """The categories in use, or with `disabled` all of them, classes and their sub-classes, by code."""
    statement = select(Category).order_by(Category.code)
    return (await session.scalars(statement if disabled else statement.where(Category.enabled))).all()
