"""The tours: the demo's people take a ticket from report to close, over real HTTP, told as it happens.

What happens is data (`stories`); who may do a step is asked of the API (`allowed_actions`), not assumed, and
what was done is read from the timeline, the system's own steps with it. At the end the timeline must be
whole. One more ticket is left open, with the next step ready to be taken by hand.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from app.core import clock
from app.core.clock import BUSINESS_ZONE
from app.demo.people import People, Person
from app.demo.stories import MAIN_ROAD, OPEN_REPORT, Blank, Step, Story
from app.models.enums import Action, ClockKind, Kind, Role, Stage, Status
from app.runtime.failures import CommandFailed
from app.services.tickets.labels import ACTION_ZH, CLOCK_ZH, ROLE_ZH, STAGE_ZH, STATUS_ZH
from app.services.tickets.telling import TOLD_TO_REPORTER

EFFECTS = ("stopped", "started", "paused", "resumed", "moved")
_LATER = timedelta(days=30)
_TURNS = (Action.DECLINE, Action.APPROVE_SUSPEND, Action.ESCALATE, Action.REWORK)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a step did to a clock: which, one of `EFFECTS`, its deadline.

    `in_time` and `met` (what it measures was done) are told of those that stopped only.
    """

    name: str
    what: str
    due_at: datetime
    in_time: bool | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One action as its timeline tells it; `org` is an organisation that it names.

    `told` says that the person who complained gets a notice.
    """

    number: int
    stage: str
    who: str
    label: str
    before: str
    after: str
    org: str
    words: str
    told: bool
    clocks: tuple[Ticked, ...]


@dataclass(frozen=True, slots=True)
class NextStep:
    """A request that is ready to be sent: whose, on which ticket, and the body."""

    person: Person
    label: str
    ticket_id: str
    body: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Where to."""
        return f"/v1/tickets/{self.ticket_id}/actions"


@dataclass(frozen=True, slots=True)
class Toured:
    """What came of a story: the closed ticket, its people and steps, and what held it up."""

    ticket_id: str
    number: str
    people: int
    steps: int
    turns: tuple[str, ...]


def walk(
    people: People, story: Story, tell: Callable[[Happened], None], *, reported: str | None = None
) -> Toured:
    """Take one ticket through a story, telling each action; `CommandFailed` where the API refuses one.

    The ticket is reported first, unless the id of one that was `reported` is given.
    """
    tour = _Tour(people, story, tell, reported)
    for step in story.steps:
        tour.take(step)
    return tour.ended()


def leave_one_open(people: People) -> NextStep:
    """Another report, and the first step of the main road that somebody may take on it now."""
    reporter, handler = people.first(Role.GRID_WORKER), people.first(Role.DEPT_HANDLER)
    ticket = reporter.post("/v1/tickets", {**OPEN_REPORT, "area_id": reporter.area_id})
    person = _who_may(people, (Role.DISPATCHER,), ticket["id"], Action.ACCEPT)
    open_now = {entry["action"]: entry for entry in _actions(person, ticket["id"])}
    entry = open_now[next(step.action for step in MAIN_ROAD.steps if step.action in open_now)]
    body = {need["field"]: _sample(need, handler.org_id) for need in entry["needs"] if need["required"]}
    return NextStep(person, entry["label"], ticket["id"], {"action": entry["action"], **body})


def filling(people: People) -> Mapping[Blank, str | None]:
    """What this demo puts into the blanks of a story."""
    handlers = [people.sign_in(account) for account in people.of_role(Role.DEPT_HANDLER)]
    if len({handler.org_id for handler in handlers}) < len((Blank.ORG, Blank.PROPER_ORG)):
        raise CommandFailed("demo.json 里没有两个单位的经办人：数据来自旧版本，请清空后重新开始")
    first, second, *_ = handlers
    later = (clock.today() + _LATER).isoformat()
    return {Blank.ORG: first.org_id, Blank.PROPER_ORG: second.org_id, Blank.LATER: later}


def filled(body: Mapping[str, Any], blanks: Mapping[Blank, str | None]) -> dict[str, Any]:
    """A body without blanks."""
    return {name: blanks[value] if isinstance(value, Blank) else value for name, value in body.items()}


def _who_may(people: People, roles: tuple[Role, ...], ticket_id: str, action: Action) -> Person:
    for role in roles:
        for account in people.of_role(role):
            person = people.sign_in(account)
            if any(entry["action"] == action for entry in _actions(person, ticket_id)):
                return person
    raise CommandFailed(f"演示账号中没有人能对工单 {ticket_id} 执行 {action}")


def _actions(person: Person, ticket_id: str) -> list[dict[str, Any]]:
    ticket = person.get(f"/v1/tickets/{ticket_id}")
    return [] if ticket is None else list(ticket["allowed_actions"])


def _sample(need: Mapping[str, Any], org_id: str | None) -> Any:
    """A value that fits a needed field."""
    if need["values"]:
        return need["values"][0]
    known = {Kind.ORG: org_id, Kind.FLAG: True, Kind.CATEGORY: OPEN_REPORT["category_code"]}
    return known.get(Kind(need["kind"]), "已核实")


class _Tour:
    """One ticket on its way, from its report on."""

    def __init__(
        self, people: People, story: Story, tell: Callable[[Happened], None], reported: str | None
    ) -> None:
        self._people, self._tell = people, tell
        self._blanks, self._orgs = filling(people), _orgs(people)
        reporter = people.first(Role.GRID_WORKER)
        self._ticket: dict[str, Any] = (
            reporter.get(f"/v1/tickets/{reported}") if reported else self._reported(reporter, story)
        )
        self._cast = {reporter.account.username}
        self._news(reporter, Stage.REPORT, story.report, after=0)

    def _reported(self, reporter: Person, story: Story) -> Any:
        report = {**filled(story.report, self._blanks), "area_id": reporter.area_id}
        return reporter.post("/v1/tickets", report)

    def take(self, step: Step) -> None:
        """Let somebody take a step, unless the system has: rules of the town may dispatch by themselves."""
        if step.action in self._passed:
            return
        person = _who_may(self._people, step.roles, self._ticket["id"], step.action)
        body = {"action": step.action, **filled(step.body, self._blanks)}
        known = self._ticket["version"]
        self._ticket = person.post(f"/v1/tickets/{self._ticket['id']}/actions", body)
        self._cast.add(person.account.username)
        self._news(person, step.stage, body, after=known)

    def ended(self) -> Toured:
        """The story must have ended well, and its timeline must be whole and agree with the ticket."""
        ticket, no = self._ticket, self._ticket["no"]
        dispatcher = self._people.first(Role.DISPATCHER)
        events = dispatcher.get(f"/v1/tickets/{ticket['id']}/events")["items"]
        if ticket["status"] != Status.CLOSED:
            raise CommandFailed(f"工单 {no} 走完后是 {ticket['status']}，不是 closed")
        if not _is_whole(events, ticket):
            raise CommandFailed(f"工单 {no} 的流转记录与工单不符")
        taken = [event["action"] for event in events]
        turns = tuple(ACTION_ZH[action] for action in _TURNS if action in taken)
        return Toured(ticket["id"], no, len(self._cast), len(events), turns)

    def _news(self, person: Person, stage: Stage, body: Mapping[str, Any], *, after: int) -> None:
        news = person.get(f"/v1/tickets/{self._ticket['id']}/events?after={after}")["items"]
        for event in news:
            self._tell(_happened(event, stage, body, self._orgs))
        self._passed = {event["action"] for event in news if event["actor_role"] == Role.SYSTEM}


def _is_whole(events: Sequence[Mapping[str, Any]], ticket: Mapping[str, Any]) -> bool:
    """Whether a timeline has no gap, and its end and its counts are the ticket's; no clock may run."""
    taken = Counter(event["action"] for event in events)
    return (
        [event["seq"] for event in events] == list(range(1, ticket["version"] + 1))
        and all(after["from_status"] == before["to_status"] for before, after in pairwise(events))
        and events[-1]["to_status"] == ticket["status"]
        and taken[Action.APPROVE_DECLINE] == ticket["decline_count"]
        and taken[Action.REWORK] == ticket["rework_count"]
        and all(ticking["stopped_at"] for ticking in ticket["clocks"])
    )


def _orgs(people: People) -> Mapping[str, str]:
    """The names of the organisations that the handlers work for."""
    handlers = [people.sign_in(account) for account in people.of_role(Role.DEPT_HANDLER)]
    return {
        str(post["org"]["id"]): post["org"]["name"]
        for handler in handlers
        for post in handler.posts
        if post["org"]
    }


def _happened(
    event: Mapping[str, Any], stage: Stage, body: Mapping[str, Any], orgs: Mapping[str, str]
) -> Happened:
    role, data = event["actor_role"], event["data"]
    label = ROLE_ZH.get(role, "上报人")
    named = data.get("org_id") or data.get("proposed_org_id")
    return Happened(
        number=tuple(Stage).index(stage) + 1,
        stage=STAGE_ZH[stage],
        who=f"{event['actor_name']}（{label}）" if event["actor_name"] else label,
        label=event["label"],
        before=STATUS_ZH[Status(event["from_status"])] if event["from_status"] else "（新工单）",
        after=STATUS_ZH[Status(event["to_status"])],
        org=orgs.get(named, ""),
        words=event["opinion"] or body.get("basis", ""),
        told=event["action"] in TOLD_TO_REPORTER,
        clocks=tuple(_ticked(data.get("clocks", {}))),
    )


def _ticked(clocks: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Ticked]:
    for what in EFFECTS:
        for one in clocks.get(what, ()):
            due_at = datetime.fromisoformat(one["due_at"]).astimezone(BUSINESS_ZONE)
            yield Ticked(CLOCK_ZH[ClockKind(one["kind"])], what, due_at, one.get("in_time"), one.get("met"))
