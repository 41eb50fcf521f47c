"""What is measured: each operation as the requests that its people send, and what is asked of it.

The people are the demo's, signed in over HTTP; who takes which step of a ticket's life is found by walking
one ticket to its end, with the demo's own story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.demo.people import Account, People, Person
from app.demo.stories import MAIN_ROAD, Blank, Step
from app.demo.tour import filled, filling
from app.models.enums import Role
from bench.requests import ETAG, ID, Ask
from bench.server import CONSTANT

NOT_MODIFIED = 304
LIFE = "whole life"


@dataclass(frozen=True, slots=True)
class Operation:
    """A story of requests; `counts` is how many of them make one (a life is told as one story).

    `of_limit` and `of_pgbench` are the least shares of the constant route's and of pgbench's rate.
    """

    name: str
    story: tuple[Ask, ...]
    ids: str = ""
    expect: frozenset[int] = frozenset({200, 201})
    whole: bool = False
    writes: bool = False
    of_limit: float | None = None
    of_pgbench: float | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Who reports, where, and the requests of the steps after that, each with its person's token."""

    reporter: Person
    dispatcher: Person
    area_id: str
    steps: tuple[Ask, ...] = field(repr=False)

    @property
    def report(self) -> Ask:
        """The report that begins a life."""
        return Ask("POST", "/v1/tickets", self.reporter.token, {**MAIN_ROAD.report, "area_id": self.area_id})


def cast(client: Any, accounts: Sequence[Account]) -> Cast:
    """Sign everybody in and walk one ticket from report to close, to learn who takes which step."""
    people = People(client, accounts)
    reporter, dispatcher = (
        people.sign_in(people.of_role(role)[0]) for role in (Role.GRID_WORKER, Role.DISPATCHER)
    )
    area_id = str(reporter.area_id)
    ticket = reporter.post("/v1/tickets", {**MAIN_ROAD.report, "area_id": area_id})
    blanks = filling(people)
    steps = [_step(people, step, ticket["id"], blanks) for step in MAIN_ROAD.steps]
    return Cast(reporter, dispatcher, area_id, tuple(steps))


def operations(cast: Cast) -> list[Operation]:
    """Everything that is measured, the constant route first; shares as the house wants them at least."""
    token = cast.dispatcher.token
    overview = "/v1/stats/overview"
    conditional = Ask("GET", overview, token, headers={"If-None-Match": ETAG})
    badges = Ask("GET", "/v1/todo", cast.reporter.token)
    polled = Ask("GET", "/v1/todo", cast.reporter.token, headers={"If-None-Match": ETAG})
    return [
        Operation("constant route", (Ask("GET", CONSTANT),)),
        Operation("report", (cast.report,), writes=True, of_limit=0.05, of_pgbench=0.04),
        Operation("one step", cast.steps, ids="reported", writes=True, of_limit=0.04, of_pgbench=0.04),
        Operation(LIFE, (cast.report, *cast.steps), whole=True, writes=True),
        Operation("list of 50, newest", (Ask("GET", "/v1/tickets?limit=50", token),), of_limit=0.06),
        Operation(
            "list of 50, queue", (Ask("GET", "/v1/tickets?limit=50&status=processing", token),), of_limit=0.06
        ),
        Operation("detail", (Ask("GET", f"/v1/tickets/{ID}", token),), ids="loaded", of_limit=0.10),
        Operation("overview, 200", (Ask("GET", overview, token),), of_limit=0.08),
        Operation("overview, 304", (conditional,), expect=frozenset({200, NOT_MODIFIED}), of_limit=0.35),
        Operation("badges of a worker, 200", (badges,), of_limit=0.20),
        Operation("badges of a worker, 304", (polled,), expect=frozenset({200, NOT_MODIFIED}), of_limit=0.20),
    ]


def _step(people: People, step: Step, ticket_id: str, blanks: Mapping[Blank, str | None]) -> Ask:
    """Take the step with the first who may; the request that did it, for any ticket."""
    body = {"action": step.action.value, **filled(step.body, blanks)}
    for role in step.roles:
        for account in people.of_role(role):
            person = people.sign_in(account)
            seen = person.get(f"/v1/tickets/{ticket_id}") or {"allowed_actions": []}
            if step.action in {entry["action"] for entry in seen["allowed_actions"]}:
                person.post(f"/v1/tickets/{ticket_id}/actions", body)
                return Ask("POST", f"/v1/tickets/{ID}/actions", person.token, body)
    raise RuntimeError(f"nobody may {step.action}")
