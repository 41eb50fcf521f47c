"""The demo's people over HTTP: signing in with what `demo.json` says, asking and acting as them.

It speaks to a real server through httpx and knows no database. What the people do is `tour.py`'s story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.models.enums import Role
from app.runtime.failures import CommandFailed

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """One sign-in of `demo.json`."""

    role: Role
    username: str
    password: str
    area_code: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Account":
        """The account that a row of `demo.json` describes."""
        return cls(Role(row["role"]), row["username"], row["password"], row["area_code"])


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in: name, role, and the posts that `/v1/me` told."""

    account: Account
    name: str
    role_label: str
    posts: Sequence[Mapping[str, Any]]
    token: str = field(repr=False)
    client: httpx.Client = field(repr=False)

    @property
    def title(self) -> str:
        """Name and role, as people read them."""
        return f"{self.name}（{self.role_label}）"

    @property
    def area_id(self) -> str | None:
        """The area of the post that the account stands for."""
        return self._of_post("area")

    @property
    def org_id(self) -> str | None:
        """The organisation of that post."""
        return self._of_post("org")

    def get(self, path: str) -> Any:
        """The answer to a GET; None where the person may not see it (404)."""
        reply = self.client.get(path, headers=self._headers())
        return None if reply.status_code == httpx.codes.NOT_FOUND else answer(reply)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a POST."""
        return answer(self.client.post(path, json=body, headers=self._headers()))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a PUT."""
        return answer(self.client.put(path, json=body, headers=self._headers()))

    def upload(self, path: str, file: Path, fields: Mapping[str, str]) -> Any:
        """The answer to a POST of a file with the fields of its form."""
        with file.open("rb") as content:
            parts = {"file": (file.name, content)}
            return answer(self.client.post(path, data=dict(fields), files=parts, headers=self._headers()))

    def download(self, path: str) -> bytes:
        """The content of a file."""
        return accepted(self.client.get(path, headers=self._headers())).content

    def _headers(self) -> dict[str, str]:
        return bearing(self.token)

    def _of_post(self, what: str) -> str | None:
        held = [post for post in self.posts if post["role"] == self.account.role and post[what]]
        return str(held[0][what]["id"]) if held else None


class People:
    """The demo's people, each signed in when first needed."""

    def __init__(self, client: httpx.Client, accounts: Sequence[Account]) -> None:
        self._client = client
        self._accounts = accounts
        self._known: dict[str, Person] = {}

    @property
    def base_url(self) -> str:
        """Where they all work."""
        return str(self._client.base_url)

    def of_role(self, role: Role) -> list[Account]:
        """The accounts of a role, in the order of `demo.json`."""
        return [account for account in self._accounts if account.role is role]

    def first(self, role: Role) -> Person:
        """The first person of a role, signed in; `CommandFailed` where `demo.json` has none."""
        accounts = self.of_role(role)
        if not accounts:
            raise CommandFailed(f"demo.json 里没有 {role} 的账号")
        return self.sign_in(accounts[0])

    def sign_in(self, account: Account) -> Person:
        """The person of an account, with a token."""
        if account.username not in self._known:
            form = {"username": account.username, "password": account.password}
            token = answer(self._client.post("/v1/auth/token", data=form))["access_token"]
            me = answer(self._client.get("/v1/me", headers=bearing(token)))
            label = next(role["label"] for role in me["roles"] if role["role"] == account.role)
            person = Person(account, me["name"], label, me["posts"], token, self._client)
            self._known[account.username] = person
        return self._known[account.username]


def client_for(base_url: str) -> httpx.Client:
    """A client of our own server: no proxies, whatever the environment says."""
    return httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS, trust_env=False)


def bearing(token: str) -> dict[str, str]:
    """The header that says who asks."""
    return {"Authorization": f"Bearer {token}"}


def answer(reply: httpx.Response) -> Any:
    """What a reply says; `CommandFailed` for an error."""
    return accepted(reply).json()


def accepted(reply: httpx.Response) -> httpx.Response:
    """The reply, unless it is an error: then `CommandFailed` says what was asked and answered."""
    if reply.is_success:
        return reply
    try:
        detail = reply.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = reply.reason_phrase
    method, path = reply.request.method, reply.request.url.path
    raise CommandFailed(f"{method} {path} 得到 {reply.status_code}：{detail}")
