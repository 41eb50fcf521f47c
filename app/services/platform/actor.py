"""Who is asking: a member with posts or a third party's client, reduced to grants.

A grant says over which area, organisation or whole deployment the actor sees which datasets. Where the
grants come from (posts, tokens, roles) is the access wing's business; how they become SQL is `scope`'s.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.models.enums import AreaLevel, Role


class Dataset(StrEnum):
    """What a grant opens; a role opens some of them."""

    AREAS = "areas"
    STAFF = "staff"
    REGISTRY = "registry"
    TICKETS = "tickets"
    STATS = "stats"
    ACCOUNTS = "accounts"
    AUDIT = "audit"


class ScopeKind(StrEnum):
    """How far a grant reaches."""

    ALL = "all"
    AREA = "area"
    ORG = "org"


@dataclass(frozen=True, slots=True)
class Grant:
    """One post's (or token's) reach: its area or organisation, and the datasets its role opens."""

    role: Role
    kind: ScopeKind
    datasets: frozenset[Dataset]
    area_id: UUID | None = None
    level: AreaLevel | None = None
    org_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a third party's token works: what it is given of people, from where, how often.

    fields: of all that may tell of somebody, what it is given; networks: where its calls come from, anywhere
    if there are none; per_minute, per_day: calls of all tokens of the client.
    """

    token_id: UUID
    fields: frozenset[str]
    networks: tuple[str, ...]
    per_minute: int
    per_day: int


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of this request; `id` is the member's, or that of a third party or of a screen."""

    id: UUID
    grants: tuple[Grant, ...]
    account_id: UUID | None = None
    session_id: UUID | None = None
    member_id: UUID | None = None
    client_id: UUID | None = None
    screen_id: UUID | None = None
    must_change_password: bool = False
    token_scopes: frozenset[str] = frozenset()
    terms: Terms | None = None

    def grants_of(self, dataset: Dataset) -> tuple[Grant, ...]:
        """The grants that open a dataset, in a stable order."""
        return tuple(grant for grant in self.grants if dataset in grant.datasets)

    @property
    def roles(self) -> frozenset[Role]:
        """All roles that the caller holds now."""
        return frozenset(grant.role for grant in self.grants)

    def given(self, field: str, *, confidential: bool = False) -> bool:
        """Whether a field that may tell of somebody is for this caller: a third party has what it was given.

        Of a confidential record it has none; people have what their posts open.
        """
        return self.terms is None or (not confidential and field in self.terms.fields)

    def reach(self, dataset: Dataset) -> str:
        """What the caller's grants open of a dataset, as a short text for ETags."""
        grants = self.grants_of(dataset)
        return ",".join(
            sorted({f"{grant.kind}:{grant.area_id or ''}:{grant.org_id or ''}" for grant in grants})
        )

    def fingerprint(self, dataset: Dataset) -> str:
        """What the caller sees of a dataset, as a short text for ETags: by grants, and what is their own."""
        given = ".".join(sorted(self.terms.fields)) if self.terms else ""
        return f"{self.reach(dataset)},{self.member_id or ''},{given}"
