"""Writing the small town into the template database: areas, staff, accounts, calendars, categories, limits.

What every deployment starts with (calendar days, categories, limits) comes from the same lists as there; the
people and the third party are the plan of `world`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, jwt
from app.core.crypto import Vault, hash_password, hash_token
from app.core.db import create_engine, create_sessions, transaction
from app.models import Base
from app.models.access import Account, ApiClient, ApiToken, AuthSession, SigningKey
from app.models.area import Area
from app.models.enums import AccountStatus, Employment, Gender, Role
from app.models.enums.third_party import ClientField
from app.models.platform import WorkCalendar, WorkCalendarDay, WorkCalendarSegment, WorkCalendarYear
from app.models.sla import SlaPolicy
from app.models.staff import Member, Org, Post
from app.models.ticket import Category
from app.services.exchange.public import services
from app.services.platform.calendar_seed import seed_days
from app.services.platform.calendar_years import SEEDED_FROM
from app.services.platform.worktime import DEFAULT_SEGMENTS
from app.services.tickets import sla
from app.services.tickets.category_list import CATEGORIES
from tests.support.settings import SECRET
from tests.support.world import (
    DISABLED,
    FORMER,
    KEY_ID,
    MUST_CHANGE,
    PASSWORD,
    Person,
    World,
    fixed_id,
    signing_key,
)

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
CALENDAR_ID = fixed_id(1)
# What the field may mend on the spot: the category that tests report, and another of its class.
SELF_HANDLED = {"0501", "0502"}
_FIELD_ROLES = {Role.GRID_WORKER, Role.GRID_LEADER}


async def seed(url: str) -> None:
    """Fill an empty database at head; order follows the foreign keys."""
    engine = create_engine(url)
    world = World()
    async with transaction(create_sessions(engine)) as session:
        for rows in (calendars(), categories(), limits(), places(world), staff(world), access(world)):
            await _add_in_order(session, rows)
        await services.seed(session)
    await engine.dispose()


def calendars() -> Iterator[Base]:
    """The default working calendar with all published days."""
    yield WorkCalendar(id=CALENDAR_ID, code="default", name="国家法定工作日历", is_default=True)
    for starts, ends in DEFAULT_SEGMENTS:
        yield WorkCalendarSegment(calendar_id=CALENDAR_ID, starts=starts, ends=ends)
    for day, kind, name in seed_days():
        yield WorkCalendarDay(calendar_id=CALENDAR_ID, day=day, kind=kind, name=name or "")
    for year in sorted({row.day.year for row in seed_days()}):
        yield WorkCalendarYear(calendar_id=CALENDAR_ID, year=year, source=SEEDED_FROM, published_at=SINCE)


def categories() -> Iterator[Base]:
    """The two-level category list, of which some may be mended on the spot."""
    for row in CATEGORIES:
        yield Category(
            code=row.code,
            parent_code=row.parent_code,
            label_zh=row.label_zh,
            label_en=row.label_en,
            self_handled=row.code in SELF_HANDLED,
        )


def limits() -> Iterator[Base]:
    """The default limits."""
    for row in sla.seed_rows():
        yield SlaPolicy(**row)


def places(world: World) -> Iterator[Base]:
    """The area tree, parents first."""
    for place in world.places.values():
        yield Area(
            id=place.id,
            code=place.code,
            name=place.name,
            short_name=place.name,
            level=place.level,
            kind=place.kind,
            parent_id=place.path[-2] if len(place.path) > 1 else None,
            path=list(place.path),
            center_lng=place.centre[0] if place.corner else None,
            center_lat=place.centre[1] if place.corner else None,
            boundary=place.boundary,
            is_synthetic=place.corner is not None,
            public_phone=None,
            valid_from=date(2020, 1, 1),
            valid_to=None,
        )


def staff(world: World) -> Iterator[Base]:
    """Organisations, members and posts."""
    for org in world.orgs.values():
        yield Org(
            id=org.id,
            name=org.name,
            short_name=org.name.removeprefix(org.area.name),
            kind=org.kind,
            line=org.line,
            area_id=org.area.id,
        )
    vault = Vault(SECRET)
    for person in world.people.values():
        yield _member(person, vault)
    for person in world.people.values():
        yield _post(person)


def access(world: World) -> Iterator[Base]:
    """The signing key, accounts with one open session each, the third party and its token."""
    vault, moment = Vault(SECRET), clock.now()
    yield SigningKey(
        kid=KEY_ID,
        private_sealed=vault.seal(signing_key()),
        public_jwk=jwt.public_jwk(signing_key(), KEY_ID),
        created_at=moment,
        signs_until=moment + timedelta(days=90),
    )
    password_hash = hash_password(PASSWORD)
    for person in world.people.values():
        yield _account(person, vault, password_hash)
    for person in world.people.values():
        yield AuthSession(
            id=person.session_id,
            account_id=person.account_id,
            created_at=moment,
            expires_at=moment + timedelta(days=30),
        )
    yield from _third_party(world, moment)


def _member(person: Person, vault: Vault) -> Member:
    return Member(
        id=person.member_id,
        name=person.name,
        gender=Gender.UNKNOWN,
        employment=Employment.FULL_TIME if person.role in _FIELD_ROLES else Employment.OFFICIAL,
        area_id=_home(person),
        org_id=person.org.id if person.org else None,
        phone_sealed=vault.seal(person.phone),
        phone_index=vault.index(person.phone),
        phone_last4=person.phone[-4:],
    )


def _home(person: Person) -> UUID | None:
    place = person.org.area if person.org else person.area
    return place.id if place else None


def _post(person: Person) -> Post:
    return Post(
        id=person.post_id,
        member_id=person.member_id,
        role=person.role,
        area_id=person.area.id if person.area else None,
        org_id=person.org.id if person.org else None,
        valid_from=SINCE,
        valid_to=SINCE + timedelta(days=300) if person.trait == FORMER else None,
    )


def _account(person: Person, vault: Vault, password_hash: str) -> Account:
    return Account(
        id=person.account_id,
        member_id=person.member_id,
        username=person.username,
        phone_index=vault.index(person.phone),
        password_hash=password_hash,
        password_changed_at=SINCE,
        must_change_password=person.trait == MUST_CHANGE,
        status=AccountStatus.DISABLED if person.trait == DISABLED else AccountStatus.ACTIVE,
    )


def _third_party(world: World, moment: datetime) -> Iterator[Base]:
    client = world.client
    yield ApiClient(
        id=client.id,
        name=client.name,
        purpose="村务公开",
        contact="村委会",
        status=AccountStatus.ACTIVE,
        fields=list(ClientField),
        per_minute=60_000,
    )
    yield ApiToken(
        id=client.token_id,
        client_id=client.id,
        key=client.key,
        secret_hash=hash_token(client.secret),
        scopes=list(client.scopes),
        area_id=client.area.id,
        expires_at=moment + timedelta(days=30),
        created_at=moment,
    )


async def _add_in_order(session: AsyncSession, rows: Iterator[Base]) -> None:
    """Flush whenever the table changes, because models carry no relations to sort by."""
    previous: type[Base] | None = None
    for row in rows:
        if previous is not None and type(row) is not previous:
            await session.flush()
        session.add(row)
        previous = type(row)
    await session.flush()
