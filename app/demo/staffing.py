"""The demo's people who work: grid teams, village and town officials, their posts and sign-ins.

Quotas are data. Everybody has one role. One of each role, and a second dispatcher, live or work where the
demo is shown and have the role's code as user name; the other full-time grid workers sign in as worker0001
and on, with the same password; nobody else has an account.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from uuid import UUID

from app.core.crypto import Vault
from app.demo.content.people import People
from app.demo.content.tables import pick, seeded, slots
from app.demo.founding import Founding
from app.demo.places import GridPlace, Places, TownPlace, VillagePlace
from app.demo.scale import Size
from app.demo.summary import DEMO_PASSWORD, DemoPerson
from app.demo.town_rows import AccountRecord, MemberRecord, PostRecord
from app.models.enums import AccountStatus, Employment, Role
from app.services.platform.sealing import sealed_columns

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
_SHOWN_LINE = "sanitation"
_SHOWN: Mapping[Role, int] = MappingProxyType(
    {**dict.fromkeys(Role, 1), Role.DISPATCHER: 2, Role.API_CLIENT: 0}
)
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


@dataclass(slots=True)
class Staff:
    """Rows of everybody who works, and who of them is shown."""

    members: list[MemberRecord] = field(default_factory=list)
    posts: list[PostRecord] = field(default_factory=list)
    accounts: list[AccountRecord] = field(default_factory=list)
    shown: list[DemoPerson] = field(default_factory=list)
    worker_of: dict[UUID, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Job:
    """What somebody is: role, employment, and where; posts name the area or the organisation."""

    role: Role
    employment: Employment
    area_id: UUID | None = None
    org_id: UUID | None = None
    post_org: bool = False
    occupation: str | None = None
    area_code: str = ""
    shown: bool = False


def staff(
    founding: Founding, places: Places, size: Size, people: People, vault: Vault, password_hash: str
) -> Staff:
    """Everybody who works for the demo; `size.members` in all, of these `size.full_time` full-time."""
    office = _Personnel(founding, people, vault, password_hash)
    for job in _jobs(places, size):
        office.appoint(job)
    return office.staff


def _jobs(places: Places, size: Size) -> Iterator[_Job]:
    fixed = [*_official(places), *_grid_jobs(places, size)]
    yield from fixed
    rng = seeded("assistants", size.members)
    for grid in slots(((grid, 1) for grid in places.grids), size.members - len(fixed)):
        employment, occupation = pick(rng, _ASSISTANTS)
        yield _in_grid(places, grid, Role.GRID_ASSISTANT, employment, occupation)


def _official(places: Places) -> Iterator[_Job]:
    for role in _PLATFORM:
        yield _Job(role, Employment.OFFICIAL, shown=True)
    for town in places.towns:
        shown = town is places.shown.town
        yield from _centre(town, shown=shown)
        for line, org_id in town.departments.items():
            here = (town.id, org_id, town.row.code)
            yield from _office(_OFFICE, *here, shown=shown and line == _SHOWN_LINE)
        for village in town.villages:
            yield from _village(village, shown=village is places.shown)


def _centre(town: TownPlace, *, shown: bool) -> Iterator[_Job]:
    for role, count in _CENTRE.items():
        for _ in range(count):
            yield _Job(
                role,
                Employment.OFFICIAL,
                town.id,
                town.centre_id,
                area_code=town.row.code,
                shown=shown,
            )


def _office(quota: Mapping[Role, int], area_id: UUID, org_id: UUID, area_code: str, *, shown: bool) -> Iterator[_Job]:
    for role, count in quota.items():
        for _ in range(count):
            yield _Job(
                role, Employment.OFFICIAL, area_id, org_id, post_org=True, area_code=area_code, shown=shown
            )


def _village(village: VillagePlace, *, shown: bool) -> Iterator[_Job]:
    for _ in range(_VILLAGE_ADMINS):
        yield _Job(
            Role.VILLAGE_ADMIN,
            Employment.OFFICIAL,
            village.id,
            village.committee_id,
            area_code=village.row.code,
            shown=shown,
        )
    yield from _office(_COMMITTEE, village.id, village.committee_id, village.row.code, shown=False)


def _grid_jobs(places: Places, size: Size) -> Iterator[_Job]:
    """A full-time worker in every grid, a second one in some, and a leader in each."""
    grids = places.grids
    for grid in (*grids, *slots(((grid, 1) for grid in grids), size.full_time - len(grids))):
        yield _in_grid(places, grid, Role.GRID_WORKER, Employment.FULL_TIME, "专职网格员")
    for grid in grids:
        yield _in_grid(places, grid, Role.GRID_LEADER, Employment.PART_TIME, "村干部")


def _in_grid(
    places: Places, grid: GridPlace, role: Role, employment: Employment, occupation: str
) -> _Job:
    shown = grid is places.shown.grids[0]
    return _Job(
        role,
        employment,
        grid.id,
        grid.village.committee_id,
        occupation=occupation,
        area_code=grid.row.code,
        shown=shown,
    )


class _Personnel:
    """Appoints people one after the other."""

    def __init__(self, founding: Founding, people: People, vault: Vault, password_hash: str) -> None:
        self._founding, self._people, self._vault = founding, people, vault
        self._password_hash = password_hash
        self._rng = seeded(founding.seed, "staff")
        self._left = dict(_SHOWN)
        self._workers = 0
        self.staff = Staff()

    def appoint(self, job: _Job) -> None:
        """A member, the post, and an account where the job has one."""
        person = self._people.staff(self._rng)
        member_id = self._founding.new_id() if self.staff.members else self._founding.founder_id
        number = len(self.staff.members) + 1
        phone = sealed_columns("phone", person.phone, self._vault)
        member = MemberRecord(
            id=member_id,
            name=person.name,
            gender=person.gender,
            employment=job.employment,
            occupation=job.occupation,
            area_id=job.area_id,
            org_id=job.org_id,
            work_phone=f"6{number:05d}",
            phone_sealed=phone["phone_sealed"],
            phone_index=phone["phone_index"],
            phone_last4=person.phone[-4:],
            **self._founding.stamps._asdict(),
        )
        self.staff.members.append(member)
        self._post(member_id, job)
        if job.role is Role.GRID_WORKER and job.area_id is not None:
            self.staff.worker_of.setdefault(job.area_id, member_id)
        username = self._username(job, person.name)
        if username is not None:
            self._account(member_id, username, member.phone_index)

    def _post(self, member_id: UUID, job: _Job) -> None:
        area_id, org_id = (None, job.org_id) if job.post_org else (job.area_id, None)
        place = (area_id, org_id, self._founding.at)
        self.staff.posts.append(
            PostRecord(self._founding.new_id(), member_id, job.role, *place, *self._founding.stamps)
        )

    def _username(self, job: _Job, name: str) -> str | None:
        if job.shown and self._left[job.role]:
            again = "" if self._left[job.role] == _SHOWN[job.role] else "_2"
            self._left[job.role] -= 1
            username = f"{job.role}{again}"
            self.staff.shown.append(DemoPerson(job.role, username, name, DEMO_PASSWORD, job.area_code))
            return username
        if job.employment is Employment.FULL_TIME:
            self._workers += 1
            return f"worker{self._workers:04d}"
        return None

    def _account(self, member_id: UUID, username: str, phone_index: bytes) -> None:
        secret = (phone_index, self._password_hash, self._founding.at, False, AccountStatus.ACTIVE)
        self.staff.accounts.append(
            AccountRecord(self._founding.new_id(), member_id, username, *secret, *self._founding.stamps)
        )
