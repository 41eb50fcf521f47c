"""Ticket categories in the database: the list of `category_list`, kept up to date there, and read.

A deployment may switch an entry off or add its own; seeding touches neither, it adds missing entries and
corrects labels.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.ticket import Category
from app.services.tickets.category_list import CATEGORIES


async def seed(session: AsyncSession) -> None:
    """Add or relabel every category of the list; classes come before their sub-classes."""
    listed = insert(Category).values([row._asdict() for row in CATEGORIES])
    await session.execute(
        listed.on_conflict_do_update(
            index_elements=[Category.code],
            set_={
                "label_zh": listed.excluded.label_zh,
                "label_en": listed.excluded.label_en,
                "parent_code": listed.excluded.parent_code,
            },
        )
    )


async def enabled(session: AsyncSession) -> Sequence[Category]:
    """The categories in use, classes and their sub-classes, by code."""
    return (await session.scalars(select(Category).where(Category.enabled).order_by(Category.code))).all()
