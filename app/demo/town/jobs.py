"""Who works for the demo: how many of each role in every town, village, office and grid. Quotas are data.

Everybody has one role. Those who are shown live or work in one place: somebody of each role.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from app.demo.content.tables import pick, seeded, slots
from app.demo.scale import Size
from app.demo.town.places import GridPlace, Places, TownPlace, VillagePlace
from app.models.enums import Employment, Role

_PLATFORM = (Role.SYSTEM_ADMIN, Role.AUDITOR)
_CENTRE: Mapping[Role, int] = MappingProxyType(
    {
        Role.DISPATCHER: 6,
        Role.REVISIT_AGENT: 5,
        Role.SUPERVISOR: 3,
        Role.LEADER_VIEWER: 4,
        Role.STATISTICIAN: 2,
    }
)
_OFFICE: Mapping[Role, int] = MappingProxyType({Role.DEPT_HEAD: 1, Role.DEPT_HANDLER: 3})
_VILLAGE_ADMINS = 2
_COMMITTEE: Mapping[Role, int] = MappingProxyType({Role.DEPT_HANDLER: 2})
_SHOWN_LINES = frozenset({"sanitation", "works"})
_ASSISTANTS = slots(
    (
        ((Employment.PART_TIME, "出租屋主"), 22),
        ((Employment.PART_TIME, "村民代表"), 20),
        ((Employment.PART_TIME, "楼长"), 20),
        ((Employment.PART_TIME, "物业"), 10),
        ((Employment.PART_TIME, "社工"), 5),
        ((Employment.PART_TIME, "辅警"), 5),
        ((Employment.VOLUNTEER, "志愿者"), 18),
    ),
    100,
)


@dataclass(frozen=True, slots=True)
class Job:
    """What somebody is: role, employment, and where; posts name the area or the organisation."""

    role: Role
    employment: Employment
    area_id: UUID | None = None
    org_id: UUID | None = None
    post_org: bool = False
    occupation: str | None = None
    area_code: str = ""
    shown: bool = False


def jobs(places: Places, size: Size) -> Iterator[Job]:
    """`size.members` jobs, `size.full_time` of them full-time; the first is the administrator's."""
    fixed = [*_official(places), *_grid_jobs(places, size)]
    yield from fixed
    rng = seeded("assistants", size.members)
    for grid in slots(((grid, 1) for grid in places.grids), size.members - len(fixed)):
        employment, occupation = pick(rng, _ASSISTANTS)
        yield _in_grid(places, grid, Role.GRID_ASSISTANT, employment, occupation)


def _official(places: Places) -> Iterator[Job]:
    for role in _PLATFORM:
        yield Job(role, Employment.OFFICIAL, shown=True)
    for town in places.towns:
        shown = town is places.shown.town
        yield from _centre(town, shown=shown)
        for line, org_id in town.departments.items():
            here = (town.id, org_id, town.row.code)
            yield from _office(_OFFICE, *here, shown=shown and line in _SHOWN_LINES)
        for village in town.villages:
            yield from _village(village, shown=village is places.shown)


def _centre(town: TownPlace, *, shown: bool) -> Iterator[Job]:
    for role, count in _CENTRE.items():
        for _ in range(count):
            yield Job(
                role,
                Employment.OFFICIAL,
                town.id,
                town.centre_id,
                area_code=town.row.code,
                shown=shown,
            )


def _office(
    quota: Mapping[Role, int], area_id: UUID, org_id: UUID, area_code: str, *, shown: bool
) -> Iterator[Job]:
    for role, count in quota.items():
        for place in range(count):
            yield Job(
                role,
                Employment.OFFICIAL,
                area_id,
                org_id,
                post_org=True,
                area_code=area_code,
                shown=shown and not place,
            )


def _village(village: VillagePlace, *, shown: bool) -> Iterator[Job]:
    for _ in range(_VILLAGE_ADMINS):
        yield Job(
            Role.VILLAGE_ADMIN,
            Employment.OFFICIAL,
            village.id,
            village.committee_id,
            area_code=village.row.code,
            shown=shown,
        )
    yield from _office(_COMMITTEE, village.id, village.committee_id, village.row.code, shown=False)


def _grid_jobs(places: Places, size: Size) -> Iterator[Job]:
    """A full-time worker in every grid, a second one in some, and a leader in each."""
    grids = places.grids
    for grid in (*grids, *slots(((grid, 1) for grid in grids), size.full_time - len(grids))):
        yield _in_grid(places, grid, Role.GRID_WORKER, Employment.FULL_TIME, "专职网格员")
    for grid in grids:
        yield _in_grid(places, grid, Role.GRID_LEADER, Employment.PART_TIME, "村干部")


def _in_grid(places: Places, grid: GridPlace, role: Role, employment: Employment, occupation: str) -> Job:
    shown = grid is places.shown.grids[0]
    return Job(
        role,
        employment,
        grid.id,
        grid.village.committee_id,
        occupation=occupation,
        area_code=grid.row.code,
        shown=shown,
    )
