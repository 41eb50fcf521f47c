"""Administration of the categories: new ones, labels, switching off and on, automatic dispatch.

A category is switched off, never deleted: tickets keep it. A class can be switched off once all below it
is, so that a category in use always has a class in use. Each write adds a version with who and when, and
leaves the old and the new values in the audit log. Reading the list is `categories`' business.
"""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, Stale, invalid_field
from app.models.routing import CategoryRevision
from app.models.ticket import Category
from app.schemas.category import CategoryCreate, CategoryDetail, CategoryPatch, CategoryRevisionRead
from app.services.platform import audit
from app.services.platform.actor import Actor

_CLASS_DIGITS = 2
_KEPT = ("label_zh", "label_en", "enabled", "auto_dispatch", "self_handled", "revisit_percent")


class CategoryExists(Conflict):
    """The code is taken, by a category that may be switched off."""

    code = "category_exists"
    title_zh, title_en = (
        "已有这个编码的类别（可能已停用）",
        "A category has this code, perhaps a disabled one",
    )


class ClassInUse(Conflict):
    """Categories of the class are still in use."""

    code = "category_class_in_use"
    title_zh, title_en = "请先停用该大类下的所有小类", "Disable the categories of this class first"


class ClassDisabled(Conflict):
    """The class of the category is not in use."""

    code = "category_class_disabled"
    title_zh, title_en = "所属大类不存在或已停用", "Its class does not exist or is disabled"


async def detail(session: AsyncSession, *, code: str) -> CategoryDetail:
    """One category, in use or not, with its versions; two statements."""
    category = await session.get(Category, code)
    if category is None:
        raise NotFound
    return _read(category, await _revisions(session, code))


async def create(session: AsyncSession, *, actor: Actor, new: CategoryCreate) -> CategoryDetail:
    """A new category in use; `CategoryExists`, or `ClassDisabled` when its class is not there."""
    parent_code = new.code[:_CLASS_DIGITS] if len(new.code) > _CLASS_DIGITS else None
    category = Category(parent_code=parent_code, enabled=True, **new.model_dump())
    _require_leaf(category)
    if await session.get(Category, new.code) is not None:
        raise CategoryExists
    await _require_class(session, parent_code)
    session.add(category)
    await session.flush()
    await _add_version(session, category, 1, actor)
    await _record(session, actor, "category.create", new.code, {"new": _values(category)})
    return await detail(session, code=new.code)


async def change(
    session: AsyncSession, *, actor: Actor, code: str, changes: CategoryPatch, expected_version: int | None
) -> CategoryDetail:
    """The category with the sent fields changed; `Stale` at another version than expected."""
    category = await session.get(Category, code, with_for_update=True)
    if category is None:
        raise NotFound
    version, before = await _version(session, category), _values(category)
    if expected_version is not None and expected_version != version:
        raise Stale
    for name, value in changes.changes.items():
        setattr(category, name, value)
    _require_leaf(category)
    if category.enabled != before["enabled"]:
        await _require_order(session, category)
    await session.flush()
    await _add_version(session, category, version + 1, actor)
    fields = sorted(changes.model_fields_set)
    old, new = ({name: values[name] for name in fields} for values in (before, _values(category)))
    await _record(session, actor, "category.change", code, {"fields": fields, "old": old, "new": new})
    return await detail(session, code=code)


async def _version(session: AsyncSession, category: Category) -> int:
    """The present version; the first change keeps what there was before as version 1."""
    newest = (
        select(CategoryRevision.version)
        .where(CategoryRevision.category_code == category.code)
        .order_by(CategoryRevision.version.desc())
        .limit(1)
    )
    version = await session.scalar(newest)
    if version is None:
        await _add_version(session, category, 1, None)
    return version or 1


async def _add_version(session: AsyncSession, category: Category, version: int, actor: Actor | None) -> None:
    by_whom = {"changed_at": clock.now(), "changed_by": actor.id} if actor else {}
    values = {"category_code": category.code, "version": version, **_values(category), **by_whom}
    await session.execute(insert(CategoryRevision).values(values))


def _require_leaf(category: Category) -> None:
    if category.parent_code is not None:
        return
    if category.auto_dispatch:
        raise invalid_field(
            "body.auto_dispatch", "自动派单只能设在小类上", "Only a category of four digits is dispatched"
        )
    if category.self_handled:
        raise invalid_field(
            "body.self_handled", "自办自结只能设在小类上", "Only a category of four digits is handled so"
        )


async def _require_order(session: AsyncSession, category: Category) -> None:
    if category.enabled:
        await _require_class(session, category.parent_code)
        return
    below = select(Category.code).where(Category.parent_code == category.code, Category.enabled)
    if await session.scalar(below.limit(1)) is not None:
        raise ClassInUse


async def _require_class(session: AsyncSession, code: str | None) -> None:
    """The class, held so that nobody switches it off meanwhile."""
    if code is None:
        return
    used = select(Category.code).where(Category.code == code, Category.enabled)
    if await session.scalar(used.with_for_update(read=True)) is None:
        raise ClassDisabled


async def _revisions(session: AsyncSession, code: str) -> list[CategoryRevisionRead]:
    statement = (
        select(CategoryRevision)
        .where(CategoryRevision.category_code == code)
        .order_by(CategoryRevision.version.desc())
    )
    return [CategoryRevisionRead.model_validate(row) for row in await session.scalars(statement)]


def _read(category: Category, revisions: list[CategoryRevisionRead]) -> CategoryDetail:
    return CategoryDetail(
        code=category.code,
        parent_code=category.parent_code,
        **_values(category),
        version=revisions[0].version if revisions else 1,
        revisions=revisions,
    )


def _values(category: Category) -> dict[str, Any]:
    return {name: getattr(category, name) for name in _KEPT}


async def _record(session: AsyncSession, actor: Actor, action: str, code: str, data: dict[str, Any]) -> None:
    data = {"code": code, **data}
    await audit.record(
        session, action=action, entity="category", entity_id=None, actor_id=actor.id, data=data
    )
