"""How a client's words map to ours: read and replaced as a whole by administrators, read for each call.

A code is looked up in the client's table. A client without a table speaks our codes. A code that is not
there, or whose category is not in use any more, goes into the client's default category, where whoever
accepts it corrects it; a client without one gets a refusal that names the field.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import FieldError, Invalid, invalid_field
from app.core.ids import uuid7
from app.models.access import ApiClient
from app.models.enums import EventSource, Status
from app.models.intake import IntakeCategory, IntakeProfile
from app.models.ticket import Category
from app.schemas.intake import CategoryPairRead, IntakeProfileRead, IntakeProfileWrite
from app.services.access import api_clients
from app.services.platform import audit, versions
from app.services.platform.actor import Actor
from app.services.tickets.labels import STATUS_ZH
from app.services.tickets.problems import UnknownCategory

FIELD = "body.category_code"


@dataclass(frozen=True, slots=True)
class Words:
    """A client's words as far as one call needs them: of its codes those that come to a category in use."""

    source: EventSource = EventSource.THIRD_PARTY
    default_category: str | None = None
    statuses: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)

    def status(self, status: str) -> str:
        """What the client calls a status."""
        return self.statuses.get(status, STATUS_ZH[Status(status)])

    def category(self, code: str | None) -> str:
        """Our category for the client's code; `Invalid`, with the field, where there is none."""
        found = self.categories.get(code or "") or self.default_category
        if found is None and code is None:
            raise invalid_field(FIELD, "缺少类别，且该接入方没有默认类别", "is required", "missing")
        if found is None:
            zh, en = (
                "没有这个类别代码，或对应的类别已停用，请联系管理员",
                "No such code, or not in use any more",
            )
            raise UnknownCategory(zh, en, errors=(FieldError(FIELD, "unknown", zh, en),))
        return found


async def words(session: AsyncSession, *, client_id: UUID, codes: Collection[str]) -> Words:
    """What a client calls statuses, and what these of its category codes are; a statement, or two."""
    has_table = exists().where(IntakeCategory.client_id == client_id)
    about = (
        select(IntakeProfile, has_table)
        .select_from(ApiClient)
        .outerjoin(IntakeProfile, IntakeProfile.client_id == ApiClient.id)
        .where(ApiClient.id == client_id)
    )
    profile, has_any = (await session.execute(about)).one()
    told = Words(categories=await _in_use(session, client_id if has_any else None, codes) if codes else {})
    if profile is None:
        return told
    return dataclasses.replace(
        told,
        source=EventSource(profile.source),
        default_category=profile.default_category_code,
        statuses=profile.statuses,
    )


async def _in_use(session: AsyncSession, client_id: UUID | None, codes: Collection[str]) -> Mapping[str, str]:
    """What each of these codes is here, by a client's table, or, of ours, itself; only what is in use."""
    leaf = Category.parent_code.is_not(None)
    own = select(Category.code, Category.code.label("category_code")).where(Category.code.in_(codes), leaf)
    by_table = (
        select(IntakeCategory.code, IntakeCategory.category_code)
        .join(Category, Category.code == IntakeCategory.category_code)
        .where(IntakeCategory.client_id == client_id, IntakeCategory.code.in_(codes))
    )
    rows = await session.execute((by_table if client_id else own).where(Category.enabled))
    return {row.code: row.category_code for row in rows}


async def read(session: AsyncSession, *, client_id: UUID) -> IntakeProfileRead:
    """How a client's tickets come in; the defaults where nothing was ever set."""
    await api_clients.read(session, client_id=client_id)
    profile = await _profile(session, client_id)
    pairs = await session.execute(
        select(IntakeCategory.code, IntakeCategory.category_code)
        .where(IntakeCategory.client_id == client_id)
        .order_by(IntakeCategory.code)
    )
    return IntakeProfileRead(
        source=EventSource(profile.source) if profile else EventSource.THIRD_PARTY,
        default_category_code=profile.default_category_code if profile else None,
        categories=[CategoryPairRead.model_validate(pair) for pair in pairs],
        statuses={Status(code): word for code, word in profile.statuses.items()} if profile else {},
        updated_at=profile.updated_at if profile else None,
        version=profile.version if profile else 0,
    )


async def replace(
    session: AsyncSession,
    *,
    actor: Actor,
    client_id: UUID,
    expected_version: int | None,
    new: IntakeProfileWrite,
) -> IntakeProfileRead:
    """Set all of it; `Invalid` names the categories that are not in use, or codes that stand twice."""
    await api_clients.locked(session, client_id=client_id)
    profile = await _profile(session, client_id) or _first(actor, client_id)
    versions.require(profile, expected_version)
    await _require_categories(session, new)
    profile.source, profile.default_category_code = new.source, new.default_category_code
    profile.statuses = {status.value: word for status, word in new.statuses.items()}
    versions.touch(profile, actor)
    session.add(profile)
    await session.flush()
    await session.execute(delete(IntakeCategory).where(IntakeCategory.client_id == client_id))
    if new.categories:
        rows = [{"client_id": client_id, **pair.model_dump()} for pair in new.categories]
        await session.execute(insert(IntakeCategory), rows)
    await _note(session, actor, client_id, new)
    return await read(session, client_id=client_id)


async def _profile(session: AsyncSession, client_id: UUID) -> IntakeProfile | None:
    found: IntakeProfile | None = await session.scalar(
        select(IntakeProfile).where(IntakeProfile.client_id == client_id)
    )
    return found


def _first(actor: Actor, client_id: UUID) -> IntakeProfile:
    return IntakeProfile(
        id=uuid7(), version=0, client_id=client_id, created_at=clock.now(), created_by=actor.id
    )


async def _require_categories(session: AsyncSession, new: IntakeProfileWrite) -> None:
    often = Counter(pair.code for pair in new.categories)
    errors = [
        FieldError(f"body.categories.{number}.code", "repeated", "这个代码重复了", "stands twice")
        for number, pair in enumerate(new.categories)
        if often[pair.code] > 1
    ]
    named = {
        f"body.categories.{n}.category_code": pair.category_code for n, pair in enumerate(new.categories)
    }
    if new.default_category_code:
        named["body.default_category_code"] = new.default_category_code
    known = set(
        await session.scalars(
            select(Category.code).where(Category.code.in_(named.values()), Category.enabled)
        )
    )
    errors += [
        FieldError(where, "unknown", "没有这个事件类别", "No such category")
        for where, code in named.items()
        if code not in known
    ]
    if errors:
        raise Invalid("类别对照有误", "The mapping of categories is wrong", errors=tuple(errors[:20]))


async def _note(session: AsyncSession, actor: Actor, client_id: UUID, new: IntakeProfileWrite) -> None:
    await audit.record(
        session,
        action="client.intake",
        entity="api_client",
        entity_id=client_id,
        actor_id=actor.id,
        data={
            "source": new.source.value,
            "default_category_code": new.default_category_code,
            "categories": len(new.categories),
            "statuses": len(new.statuses),
        },
    )
