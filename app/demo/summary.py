"""What the loader says it made: how much of everything, who can sign in, and the third party's token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.models.enums import Role

# Stated in the open, because nothing that it opens is real.
DEMO_PASSWORD = "Wangge-demo-2026"  # noqa: S105 - see above


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo who can sign in; `area_code` is empty for those of the whole deployment."""

    role: Role
    username: str
    name: str
    password: str = field(repr=False)
    area_code: str


@dataclass(frozen=True, slots=True)
class DemoToken:
    """A third party's token, whole."""

    client: str
    token: str = field(repr=False)
    scopes: Sequence[str]
    area_code: str


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """Rows by table, the demo's people (one of each role, two dispatchers and handlers), and one token."""

    counts: Mapping[str, int]
    people: Sequence[DemoPerson]
    token: DemoToken

    @property
    def accounts(self) -> list[dict[str, Any]]:
        """The people as `demo.json` lists them."""
        return [
            {
                "role": person.role.value,
                "username": person.username,
                "password": person.password,
                "area_code": person.area_code,
                "name": person.name,
            }
            for person in self.people
        ]

    @property
    def tokens(self) -> list[dict[str, Any]]:
        """The tokens as `demo.json` lists them."""
        token = self.token
        return [
            {
                "client": token.client,
                "token": token.token,
                "scopes": list(token.scopes),
                "area_code": token.area_code,
            }
        ]
