"""The people of the demo who work: members with their posts, and accounts for some.

Those who are shown have the role's code as user name, the second of a role `dispatcher_2`; the other
full-time grid workers sign in as worker0001 and on, with the same password; nobody else has an account.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from app.core.crypto import Vault
from app.demo.content.people import People
from app.demo.content.tables import seeded
from app.demo.scale import Size
from app.demo.summary import DEMO_PASSWORD, DemoPerson
from app.demo.town.founding import Founding, sealed
from app.demo.town.jobs import Job, jobs
from app.demo.town.places import Places
from app.demo.town.rows import AccountRecord, MemberRecord, PostRecord
from app.models.enums import AccountStatus, Employment, Role

_SHOWN: Mapping[Role, int] = MappingProxyType(
    {**dict.fromkeys(Role, 1), Role.DISPATCHER: 2, Role.DEPT_HANDLER: 2, Role.API_CLIENT: 0}
)


@dataclass(slots=True)
class Staff:
    """Rows of everybody who works, who of them is shown, and the first worker of each grid."""

    members: list[MemberRecord] = field(default_factory=list)
    posts: list[PostRecord] = field(default_factory=list)
    accounts: list[AccountRecord] = field(default_factory=list)
    shown: list[DemoPerson] = field(default_factory=list)
    worker_of: dict[UUID, UUID] = field(default_factory=dict)


def staff(
    founding: Founding, places: Places, size: Size, people: People, vault: Vault, password_hash: str
) -> Staff:
    """Everybody who works for the demo; `size.members` in all, of these `size.full_time` full-time."""
    office = _Personnel(founding, people, vault, password_hash)
    for job in jobs(places, size):
        office.appoint(job)
    return office.staff


class _Personnel:
    """Appoints people one after the other."""

    def __init__(self, founding: Founding, people: People, vault: Vault, password_hash: str) -> None:
        self._founding, self._people, self._vault = founding, people, vault
        self._password_hash = password_hash
        self._rng = seeded(founding.seed, "staff")
        self._left = dict(_SHOWN)
        self._workers = 0
        self.staff = Staff()

    def appoint(self, job: Job) -> None:
        """A member, the post, and an account where the job has one."""
        person = self._people.staff(self._rng)
        member_id = self._founding.new_id() if self.staff.members else self._founding.founder_id
        number = len(self.staff.members) + 1
        phone_sealed, phone_index, phone_last4 = sealed(person.phone, self._vault)
        about = (person.name, person.gender, job.employment, job.occupation, job.area_id, job.org_id)
        numbers = (f"6{number:05d}", phone_sealed, phone_index, phone_last4)
        self.staff.members.append(MemberRecord(member_id, *about, *numbers, *self._founding.stamps))
        self._post(member_id, job)
        if job.role is Role.GRID_WORKER and job.area_id is not None:
            self.staff.worker_of.setdefault(job.area_id, member_id)
        username = self._username(job, person.name)
        if username is not None:
            self._account(member_id, username, phone_index)

    def _post(self, member_id: UUID, job: Job) -> None:
        area_id, org_id = (None, job.org_id) if job.post_org else (job.area_id, None)
        founded, post_id = self._founding, self._founding.new_id()
        self.staff.posts.append(
            PostRecord(post_id, member_id, job.role, area_id, org_id, founded.at, *founded.stamps)
        )

    def _username(self, job: Job, name: str) -> str | None:
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
