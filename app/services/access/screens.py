"""Screens: read-only tokens for the figures of one area or organisation, to be opened on a wall.

`wgs_<key>.<secret>`: the key finds it, only the secret's hash is kept, and it is shown once. It opens what
asks for it by name, which is the addresses of figures, and nothing else knows of it. An administrator makes
one for any area or organisation, a leader for those that their own figures reach.
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.crypto import hash_token, new_secret
from app.core.db import Sessions, fetch_one, transaction
from app.core.errors import FieldError, NotFound, Unauthenticated, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel, Role
from app.models.screen import Screen
from app.models.staff import Member, Org
from app.schemas.screen import ScreenCreate, ScreenTokenRead, ScreenTokenShown
from app.schemas.types import Ref
from app.services.access import places
from app.services.platform import audit
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind

PREFIX = "wgs_"
LONGEST = timedelta(days=366)
KEEPERS = (Role.SYSTEM_ADMIN, Role.LEADER_VIEWER, Role.DEPT_HEAD)
_KEY_BYTES = 8
_NOTED_EVERY = timedelta(minutes=10)
_NEWEST = Sort.by_id(Screen.id, descending=True)
_USED = """
    SELECT screen.id, screen.secret_hash, screen.last_used_at, screen.org_id,
        area.id AS area_id, area.level
    FROM screen LEFT JOIN area ON area.id = screen.area_id
    WHERE screen.key = $1 AND screen.revoked_at IS NULL AND screen.expires_at > $2
    """
_MAKER = aliased(Member)


async def resolve(session: AsyncSession, *, token: str, writers: Sessions) -> Actor:
    """The screen that holds this token; `Unauthenticated` when it does not work any more."""
    known = token.isascii() and token.isprintable()
    key, _, secret = token.removeprefix(PREFIX).partition(".") if known else ("", "", "")
    moment = clock.now()
    row = await fetch_one(session, _USED, key, moment)
    if row is None or not hmac.compare_digest(row["secret_hash"], hash_token(secret)):
        raise Unauthenticated("大屏令牌无效、已过期或已吊销", "The screen's token is not valid any more")
    if row["last_used_at"] is None or moment - row["last_used_at"] > _NOTED_EVERY:
        async with transaction(writers) as apart:
            used = update(Screen).where(Screen.id == row["id"]).values(last_used_at=moment)
            await apart.execute(used.execution_options(synchronize_session=False))
    grant = Grant(
        Role.API_CLIENT,
        ScopeKind.ORG if row["org_id"] else ScopeKind.AREA,
        frozenset({Dataset.STATS}),
        row["area_id"],
        AreaLevel(row["level"]) if row["level"] else None,
        row["org_id"],
    )
    return Actor(id=row["id"], grants=(grant,), screen_id=row["id"])


async def create(session: AsyncSession, *, actor: Actor, new: ScreenCreate) -> ScreenTokenShown:
    """A screen and its token; `NotFound`, with the field, for what the caller's figures do not reach."""
    _require_end(new.expires_at)
    await _require_reach(session, actor, new)
    key, secret = secrets.token_hex(_KEY_BYTES), new_secret()
    row = Screen(
        id=uuid7(),
        name=new.name,
        area_id=new.area_id,
        org_id=new.org_id,
        key=key,
        secret_hash=hash_token(secret),
        expires_at=new.expires_at,
        created_at=clock.now(),
        created_by=actor.id,
    )
    session.add(row)
    await session.flush()
    told = {name: str(value) for name in ("area_id", "org_id") if (value := getattr(new, name))}
    await _note(session, "screen.create", row.id, actor, told)
    (shown,) = (await session.execute(_select().where(Screen.id == row.id))).all()
    return ScreenTokenShown(**dict(_read(shown)), token=f"{PREFIX}{key}.{secret}")


async def page(
    session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int
) -> Page[ScreenTokenRead]:
    """The screens within the caller's reach, the newest first, revoked and expired ones included."""
    statement = _select().where(_kept(actor)).order_by(*_NEWEST.order()).limit(limit + 1)
    if cursor:
        statement = statement.where(_NEWEST.after(cursor))
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda row: (row.id, row.id))


async def revoke(session: AsyncSession, *, actor: Actor, screen_id: UUID) -> None:
    """Stop a screen's token for good, at once; a second time changes nothing."""
    found = await session.scalar(select(Screen).where(Screen.id == screen_id, _kept(actor)).with_for_update())
    if found is None:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        await session.flush()
        await _note(session, "screen.revoke", found.id, actor, {})


def _select() -> Any:
    return (
        select(Screen, Area.name.label("area_name"), Org.name.label("org_name"), _MAKER.name.label("maker"))
        .outerjoin(Area, Area.id == Screen.area_id)
        .outerjoin(Org, Org.id == Screen.org_id)
        .join(_MAKER, _MAKER.id == Screen.created_by)
    )


def _read(row: Any) -> ScreenTokenRead:
    screen = row.Screen
    return ScreenTokenRead(
        id=screen.id,
        name=screen.name,
        area=Ref(id=screen.area_id, name=row.area_name) if screen.area_id else None,
        org=Ref(id=screen.org_id, name=row.org_name) if screen.org_id else None,
        key=screen.key,
        expires_at=screen.expires_at,
        revoked_at=screen.revoked_at,
        last_used_at=screen.last_used_at,
        created_at=screen.created_at,
        created_by=Ref(id=screen.created_by, name=row.maker),
    )


def _kept(actor: Actor) -> ColumnElement[bool]:
    """The screens that the caller may see and stop."""
    if Role.SYSTEM_ADMIN in actor.roles:
        return true()
    return or_(Screen.area_id.in_(_areas(actor)), Screen.org_id.in_(_orgs(actor)))


def _areas(actor: Actor) -> Select[UUID]:
    """The areas that a leader's posts reach."""
    led = [grant.area_id for grant in actor.grants if grant.role is Role.LEADER_VIEWER and grant.area_id]
    return select(Area.id).where(or_(false(), *(Area.path.contains([area_id]) for area_id in led)))


def _orgs(actor: Actor) -> Select[UUID]:
    """The organisations that somebody heads, or that lie in the areas that they lead."""
    headed = [grant.org_id for grant in actor.grants if grant.role is Role.DEPT_HEAD and grant.org_id]
    return select(Org.id).where(or_(Org.id.in_(headed), Org.area_id.in_(_areas(actor))))


async def _require_reach(session: AsyncSession, actor: Actor, new: ScreenCreate) -> None:
    if Role.SYSTEM_ADMIN not in actor.roles:
        for field, wanted, reached in (
            ("body.area_id", new.area_id, _areas(actor)),
            ("body.org_id", new.org_id, _orgs(actor)),
        ):
            found = select(reached.where(reached.selected_columns.id == wanted).exists())
            if wanted is not None and not await session.scalar(found):
                raise NotFound(
                    errors=(FieldError(field, NotFound.code, NotFound.title_zh, NotFound.title_en),)
                )
    if new.area_id is not None:
        await places.require_area(session, new.area_id)
    if new.org_id is not None:
        await places.require_org(session, new.org_id)


def _require_end(expires_at: datetime) -> None:
    moment = clock.now()
    if not moment < expires_at <= moment + LONGEST:
        raise invalid_field(
            "body.expires_at", "有效期须在一年以内", "The end must lie within one year from now"
        )


async def _note(
    session: AsyncSession, action: str, screen_id: UUID, actor: Actor, data: Mapping[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="screen", entity_id=screen_id, actor_id=actor.id, data=data
    )
