"""Whose figures a caller may have: areas or organisations out of their posts, or the one that they name.

The one place where the scope of figures is decided, from the same grants as everywhere. A figure is of
areas, or of organisations: who holds posts of both kinds gets the areas, unless they ask for an
organisation. What somebody only reported or helps with elsewhere is no part of a figure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.area import Area
from app.models.enums import AreaLevel
from app.models.staff import Org
from app.schemas.stats_figures import ScopeRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform.actor import Actor, Dataset, ScopeKind

EVERYTHING = UUID(int=0)
_LARGE = (AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.COUNTY)


@dataclass(frozen=True, slots=True)
class Place:
    """An area that figures are of; the whole deployment has the nil id and no level.

    The rollups have towns and what lies in them: a larger area is `of` the towns below, itself and what
    lies between, where a record has no town.
    """

    id: UUID
    name: str
    level: AreaLevel | None
    of: tuple[UUID, ...] = ()

    @property
    def keys(self) -> tuple[UUID, ...]:
        """Its areas in the rollups."""
        return self.of or (self.id,)


@dataclass(frozen=True, slots=True)
class Whose:
    """Areas that do not overlap, of which all, or only what some organisations held, is counted.

    No organisations: all of them. No areas: nothing.
    """

    places: tuple[Place, ...]
    orgs: tuple[Ref, ...] = ()

    @property
    def area_ids(self) -> list[UUID]:
        """The keys of the rollups."""
        return [key for place in self.places for key in place.keys]

    @property
    def org_ids(self) -> list[UUID]:
        """The organisations, or the nil id for all."""
        return [org.id for org in self.orgs] or [EVERYTHING]

    def read(self) -> ScopeRead:
        """As an answer tells it."""
        areas = [Ref(id=place.id, name=place.name) for place in self.places if place.id != EVERYTHING]
        return ScopeRead(areas=areas, orgs=list(self.orgs))


async def of(
    session: AsyncSession, *, actor: Actor, area_id: UUID | None = None, org_id: UUID | None = None
) -> Whose:
    """The caller's figures, narrowed to an area or an organisation; `NotFound` outside their reach."""
    reach = _reach(actor)
    if org_id is None and not reach.by_area:
        org_ids, within = list(reach.orgs), None
    elif org_id is None:
        org_ids, within = [], reach.within
    elif org_id in reach.orgs:
        org_ids, within = [org_id], None
    else:
        org_ids, within = [org_id], reach.within
        if not reach.by_area:
            raise NotFound
    orgs = await _orgs(session, org_ids)
    if len(orgs) < len(org_ids) or (area_id is not None and not (orgs or reach.by_area)):
        raise NotFound
    if area_id is not None:
        return Whose((await _place(session, area_id, within),), orgs)
    if within is not None:
        return Whose(await _places(session, within), orgs)
    return Whose((Place(EVERYTHING, "", None),) if reach.everything or orgs else (), orgs)


async def together(session: AsyncSession, actor: Actor) -> list[tuple[int, Whose]]:
    """All that the caller's posts reach, areas and organisations, as what to add and what to take off."""
    reach, everywhere = _reach(actor), (Place(EVERYTHING, "", None),)
    if reach.everything:
        return [(1, Whose(everywhere))]
    places = await _places(session, reach.areas) if reach.areas else ()
    orgs = await _orgs(session, list(reach.orgs))
    within = [(1, Whose(places))] if places else []
    held = [(1, Whose(everywhere, orgs))] if orgs else []
    both = [(-1, Whose(places, orgs))] if places and orgs else []
    return [*within, *held, *both]


async def held_by(session: AsyncSession, whole: Whose, org_id: UUID) -> Whose:
    """The part of some figures that an organisation held; `NotFound` where they are of others."""
    orgs = await _orgs(session, [org_id])
    if not orgs or (whole.orgs and org_id not in whole.org_ids):
        raise NotFound
    return Whose(whole.places, orgs)


@dataclass(frozen=True, slots=True)
class _Reach:
    """What the posts say: everything, or areas, and organisations."""

    everything: bool
    areas: frozenset[UUID]
    orgs: frozenset[UUID]

    @property
    def by_area(self) -> bool:
        return self.everything or bool(self.areas)

    @property
    def within(self) -> frozenset[UUID] | None:
        return None if self.everything else self.areas


def _reach(actor: Actor) -> _Reach:
    grants = actor.grants_of(Dataset.STATS)
    return _Reach(
        any(grant.kind is ScopeKind.ALL for grant in grants),
        frozenset(grant.area_id for grant in grants if grant.kind is ScopeKind.AREA and grant.area_id),
        frozenset(grant.org_id for grant in grants if grant.kind is ScopeKind.ORG and grant.org_id),
    )


async def places(session: AsyncSession, rows: Iterable[Area]) -> tuple[Place, ...]:
    """The areas as places, with what the rollups have of them."""
    found = list(rows)
    large = [row.id for row in found if row.level in _LARGE]
    below: dict[UUID, list[UUID]] = {}
    if large:
        levels = [*_LARGE, AreaLevel.TOWN]
        within = select(Area.id, Area.path).where(Area.path.overlap(large), Area.level.in_(levels))
        for row in await session.execute(within):
            for area_id in set(row.path) & set(large):
                below.setdefault(area_id, []).append(row.id)
    return tuple(
        Place(row.id, row.name, AreaLevel(row.level), tuple(sorted(below.get(row.id, ())))) for row in found
    )


async def _places(session: AsyncSession, ids: frozenset[UUID]) -> tuple[Place, ...]:
    """The areas without those that lie within another of them."""
    wanted = select(Area).where(Area.id.in_(ids)).order_by(Area.code).options(tree.BRIEF)
    rows = await session.scalars(wanted)
    return await places(session, [row for row in rows if not ids & (set(row.path) - {row.id})])


async def _place(session: AsyncSession, area_id: UUID, within: frozenset[UUID] | None) -> Place:
    row = await session.scalar(select(Area).where(Area.id == area_id).options(tree.BRIEF))
    if row is None or (within is not None and not within & set(row.path)):
        raise NotFound
    return (await places(session, [row]))[0]


async def _orgs(session: AsyncSession, ids: Sequence[UUID]) -> tuple[Ref, ...]:
    if not ids:
        return ()
    rows = await session.execute(select(Org.id, Org.name).where(Org.id.in_(ids)).order_by(Org.name, Org.id))
    return tuple(Ref(id=row.id, name=row.name) for row in rows)
