"""The small town that tests live in, as a plan: places, organisations, people, one third party.

Pure and deterministic, so that every process knows the same ids without asking the database; `seed`
writes it once into the template. Two villages belong to the town, a third to the town next door, so that
each test has somebody who must see a record and somebody who must not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core import clock, jwt
from app.core.ids import uuid7
from app.models.enums import AreaKind, AreaLevel, OrgKind, Role

PASSWORD = "Wangge-test-2026"
KEY_ID = "test-key"
EPOCH_MS = 1_735_689_600_000
GRID_DEGREES = 0.01
# Whoever can sign in or send a token: each has a key of the world; nobody holds the last two roles.
CALLERS = tuple(role for role in Role if role not in {Role.RESIDENT, Role.SYSTEM})
CLIENT_SCOPES = ("areas:read", "tickets:read", "tickets:write", "stats:read", "webhooks:manage")


def fixed_id(number: int) -> UUID:
    """The same UUIDv7 for the same number, in every process."""
    return uuid7(EPOCH_MS + number, number)


@dataclass(frozen=True, slots=True)
class Place:
    """An area; grids have a square of WGS-84 degrees, given by its south-western corner and side."""

    key: str
    id: UUID
    code: str
    name: str
    level: AreaLevel
    kind: AreaKind
    path: tuple[UUID, ...]
    corner: tuple[float, float] | None = None
    side: float = GRID_DEGREES

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of the square."""
        assert self.corner is not None, f"{self.key} has no square"
        return self.corner[0] + self.side / 2, self.corner[1] + self.side / 2

    @property
    def boundary(self) -> dict[str, Any] | None:
        """The square as a GeoJSON polygon."""
        if self.corner is None:
            return None
        west, south = self.corner
        east, north = west + self.side, south + self.side
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {"type": "Polygon", "coordinates": [ring]}


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation in an area, perhaps of a line."""

    key: str
    id: UUID
    name: str
    kind: OrgKind
    line: str | None
    area: Place


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, one post (`area` or `org`, or neither) and one open session."""

    key: str
    role: Role
    name: str
    username: str
    phone: str
    member_id: UUID
    account_id: UUID
    session_id: UUID
    post_id: UUID
    area: Place | None
    org: Organisation | None
    trait: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """The third party and its token, which reaches village A."""

    id: UUID
    token_id: UUID
    name: str
    area: Place
    key: str = "worldclient"
    secret: str = "world-client-secret-of-the-tests"
    scopes: tuple[str, ...] = CLIENT_SCOPES

    @property
    def token(self) -> str:
        """What goes behind `Bearer`."""
        return f"wg_{self.key}.{self.secret}"


_A, _K = AreaLevel, AreaKind
_PLACES: tuple[tuple[str, str | None, str, str, AreaLevel, AreaKind, tuple[float, float] | None], ...] = (
    ("province", None, "440000000000", "广东省", _A.PROVINCE, _K.PROVINCE, None),
    ("city", "province", "440600000000", "佛山市", _A.CITY, _K.CITY, None),
    ("county", "city", "440605000000", "南海区", _A.COUNTY, _K.COUNTY, None),
    ("town", "county", "440605121000", "九江镇", _A.TOWN, _K.TOWN, None),
    ("town_b", "county", "440605122000", "西樵镇", _A.TOWN, _K.TOWN, None),
    ("village_a", "town", "440605121001", "儒林社区", _A.VILLAGE, _K.COMMUNITY, None),
    ("village_b", "town", "440605121201", "河清村", _A.VILLAGE, _K.VILLAGE, None),
    ("village_c", "town_b", "440605122201", "岭西村", _A.VILLAGE, _K.VILLAGE, None),
    ("grid_a1", "village_a", "440605121001001", "儒林第一网格", _A.GRID, _K.BASE_GRID, (113.00, 22.83)),
    ("grid_a2", "village_a", "440605121001002", "儒林第二网格", _A.GRID, _K.BASE_GRID, (113.01, 22.83)),
    ("grid_b1", "village_b", "440605121201001", "河清第一网格", _A.GRID, _K.BASE_GRID, (113.00, 22.84)),
    ("grid_b2", "village_b", "440605121201002", "河清第二网格", _A.GRID, _K.BASE_GRID, (113.01, 22.84)),
    ("grid_c1", "village_c", "440605122201001", "岭西第一网格", _A.GRID, _K.BASE_GRID, (113.00, 22.90)),
    ("grid_c2", "village_c", "440605122201002", "岭西第二网格", _A.GRID, _K.BASE_GRID, (113.01, 22.90)),
    (
        "micro_a1",
        "grid_a1",
        "44060512100100101",
        "儒林一号楼",
        _A.MICRO_GRID,
        _K.MICRO_GRID,
        (113.00, 22.83),
    ),
)
_ORGS: tuple[tuple[str, str, str, OrgKind, str | None], ...] = (
    ("centre", "town", "九江镇综合治理指挥中心", OrgKind.COMMAND_CENTRE, None),
    ("urban", "town", "九江镇综合行政执法办公室", OrgKind.DEPARTMENT, "urban"),
    ("sanitation", "town", "九江镇环境卫生管理所", OrgKind.STATION, "sanitation"),
    ("fire", "town", "九江镇消防救援所", OrgKind.STATION, "fire"),
    ("committee_a", "village_a", "儒林社区居民委员会", OrgKind.VILLAGE_COMMITTEE, "village"),
    ("committee_b", "village_b", "河清村村民委员会", OrgKind.VILLAGE_COMMITTEE, "village"),
    ("centre_b", "town_b", "西樵镇综合治理指挥中心", OrgKind.COMMAND_CENTRE, None),
    ("committee_c", "village_c", "岭西村村民委员会", OrgKind.VILLAGE_COMMITTEE, "village"),
)
MUST_CHANGE, DISABLED, FORMER = "must_change", "disabled", "former"
_PEOPLE: tuple[tuple[str, Role, str, str | None, str | None], ...] = (
    ("grid_worker", Role.GRID_WORKER, "关小勤", "grid_a1", None),
    ("grid_assistant", Role.GRID_ASSISTANT, "陈楼长", "micro_a1", None),
    ("grid_leader", Role.GRID_LEADER, "岑格长", "grid_a1", None),
    ("village_admin", Role.VILLAGE_ADMIN, "黎村管", "village_a", None),
    ("dispatcher", Role.DISPATCHER, "吴调度", "town", None),
    ("dept_handler", Role.DEPT_HANDLER, "梁经办", None, "urban"),
    ("dept_head", Role.DEPT_HEAD, "何主任", None, "urban"),
    ("revisit_agent", Role.REVISIT_AGENT, "朱回访", "town", None),
    ("supervisor", Role.SUPERVISOR, "曾督办", "town", None),
    ("leader_viewer", Role.LEADER_VIEWER, "冯书记", "town", None),
    ("statistician", Role.STATISTICIAN, "邓统计", "town", None),
    ("system_admin", Role.SYSTEM_ADMIN, "胡管理", None, None),
    ("auditor", Role.AUDITOR, "潘审计", None, None),
    ("grid_worker_a2", Role.GRID_WORKER, "刘二格", "grid_a2", None),
    ("grid_worker_b", Role.GRID_WORKER, "张河清", "grid_b1", None),
    ("grid_worker_c", Role.GRID_WORKER, "李岭西", "grid_c1", None),
    ("village_admin_b", Role.VILLAGE_ADMIN, "罗村管", "village_b", None),
    ("dispatcher_2", Role.DISPATCHER, "区调度", "town", None),
    ("dispatcher_c", Role.DISPATCHER, "崔调度", "town_b", None),
    ("dept_handler_2", Role.DEPT_HANDLER, "谭经办", None, "urban"),
    ("dept_handler_fire", Role.DEPT_HANDLER, "卢消防", None, "fire"),
    ("dept_head_fire", Role.DEPT_HEAD, "霍所长", None, "fire"),
    ("committee_handler", Role.DEPT_HANDLER, "麦居委", None, "committee_a"),
    ("revisit_agent_2", Role.REVISIT_AGENT, "程回访", "town", None),
    ("newcomer", Role.GRID_WORKER, "新来者", "grid_a1", None),
    ("disabled", Role.GRID_WORKER, "停用者", "grid_a1", None),
    ("former", Role.GRID_WORKER, "离任者", "grid_a1", None),
)
_TRAITS = {"newcomer": MUST_CHANGE, "disabled": DISABLED, "former": FORMER}


class World:
    """Places, organisations and people by key (`world.places["grid_a1"]`), and their tokens."""

    def __init__(self) -> None:
        self.places: Mapping[str, Place] = _places()
        self.orgs: Mapping[str, Organisation] = {
            key: Organisation(key, fixed_id(200 + number), name, kind, line, self.places[area])
            for number, (key, area, name, kind, line) in enumerate(_ORGS)
        }
        self.people: Mapping[str, Person] = {
            row[0]: self._person(number, *row) for number, row in enumerate(_PEOPLE)
        }
        self.client = Client(fixed_id(800), fixed_id(801), "村务公开小程序", self.places["village_a"])
        self._tokens: dict[str, str] = {"api_client": self.client.token}

    def __getitem__(self, key: str) -> Person:
        """A person by key, which is the role's code for the first holder of each role."""
        return self.people[key]

    def token(self, who: str) -> str:
        """A bearer token of this person, or of the third party (`api_client`)."""
        if who not in self._tokens:
            # For a day: tests move the clock on, and a run of all may take long.
            self._tokens[who] = sign(claims_of(self.people[who], minutes=24 * 60))
        return self._tokens[who]

    def know(self, who: str, token: str) -> None:
        """Let a token that a test was given be somebody's."""
        self._tokens[who] = token

    def as_(self, who: str) -> dict[str, str]:
        """The headers that make a request this person's."""
        return {"Authorization": f"Bearer {self.token(who)}"}

    def _person(
        self, number: int, key: str, role: Role, name: str, area: str | None, org: str | None
    ) -> Person:
        return Person(
            key=key,
            role=role,
            name=name,
            username=key,
            phone=f"138{number:08d}",
            member_id=fixed_id(300 + number),
            account_id=fixed_id(400 + number),
            session_id=fixed_id(500 + number),
            post_id=fixed_id(600 + number),
            area=self.places[area] if area else None,
            org=self.orgs[org] if org else None,
            trait=_TRAITS.get(key),
        )


def claims_of(person: Person, *, minutes: float = 60) -> dict[str, Any]:
    """What an access token of this person says, good for so many minutes from now."""
    moment = clock.now()
    return {
        "sub": str(person.account_id),
        "sid": str(person.session_id),
        "iat": int(moment.timestamp()),
        "exp": int((moment + timedelta(minutes=minutes)).timestamp()),
    }


def sign(claims: Mapping[str, Any]) -> str:
    """A token signed with the town's key."""
    return jwt.sign(claims, private_pem=signing_key(), kid=KEY_ID)


@cache
def signing_key() -> str:
    """The town's P-256 key as PEM, the same in every process."""
    key = ec.derive_private_key(0x57414E474745, ec.SECP256R1())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def _places() -> dict[str, Place]:
    found: dict[str, Place] = {}
    for number, (key, parent, code, name, level, kind, corner) in enumerate(_PLACES):
        above = found[parent].path if parent else ()
        row_id = fixed_id(100 + number)
        side = GRID_DEGREES / 2 if level is AreaLevel.MICRO_GRID else GRID_DEGREES
        found[key] = Place(key, row_id, code, name, level, kind, (*above, row_id), corner, side)
    return found
