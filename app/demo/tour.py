"""The tour: five people take one ticket from report to close, over real HTTP, and it is told as it happens.

The story is data (`STORY`); who may do a step is asked of the API (`allowed_actions`), not assumed. A
second ticket is left open, with the next step ready to be taken by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from app.core.clock import BUSINESS_ZONE
from app.demo.people import People, Person
from app.models.enums import (
    Action,
    ClockKind,
    EvaluatedBy,
    Kind,
    ResolutionType,
    RevisitMethod,
    Role,
    Satisfaction,
    Solved,
    Stage,
    Status,
)
from app.runtime.failures import CommandFailed
from app.services.tickets.labels import CLOCK_ZH, STAGE_ZH, STATUS_ZH

ORG = "org_id"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of the story: in which of the five steps, by which roles (the first that may), with what."""

    stage: Stage
    action: Action
    roles: tuple[Role, ...]
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happened:
    """One action as its timeline tells it; clocks are (name, in time, deadline)."""

    number: int
    stage: str
    who: str
    label: str
    before: str
    after: str
    clocks: tuple[tuple[str, bool, datetime], ...]


@dataclass(frozen=True, slots=True)
class NextStep:
    """A request that is ready to be sent: whose, where to, and the body."""

    person: Person
    label: str
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Toured:
    """What came of the tour: the closed ticket's number, how many people, and the step left open."""

    number: str
    people: int
    next_step: NextStep


REPORT = MappingProxyType(
    {
        "title": "村口垃圾桶满溢，污水流到路面",
        "content": "村口两个垃圾桶两天没有清运，垃圾堆到路边，污水流到行人道，气味很大，老人小孩绕着走。",
        "category_code": "0501",
        "address": "村口公交站旁",
        "contact": {"name": "陈桂芳", "phone": "13800138000"},
    }
)
OPEN_REPORT = MappingProxyType(
    {
        "title": "巷口路灯不亮，夜里看不清路",
        "content": "巷口第三盏路灯坏了一周，晚上下班的人看不清台阶。",
        "category_code": "0602",
        "address": "文化室后巷",
    }
)
STORY = (
    Step(Stage.ROUTE, Action.ACCEPT, (Role.VILLAGE_ADMIN, Role.DISPATCHER), {"opinion": "属实，予以受理"}),
    Step(Stage.ROUTE, Action.DISPATCH, (Role.DISPATCHER,), {ORG: None, "opinion": "请今天内清运"}),
    Step(Stage.HANDLE, Action.SIGN, (Role.DEPT_HANDLER,)),
    Step(
        Stage.HANDLE,
        Action.RESOLVE,
        (Role.DEPT_HANDLER,),
        {
            "resolution_type": ResolutionType.SOLVED,
            "measures": "已清运垃圾、冲洗路面，并把清运改为每天一次。",
            "public_reply": "垃圾已清运，路面已冲洗，以后每天清运一次。",
        },
    ),
    Step(
        Stage.REVISIT,
        Action.REVISIT,
        (Role.REVISIT_AGENT,),
        {
            "method": RevisitMethod.PHONE,
            "reached": True,
            "solved": Solved.SOLVED,
            "satisfaction": Satisfaction.SATISFIED,
        },
    ),
    Step(
        Stage.CLOSE,
        Action.EVALUATE,
        (Role.REVISIT_AGENT, Role.DISPATCHER),
        {
            "evaluated_by": EvaluatedBy.RESIDENT,
            "satisfaction": Satisfaction.SATISFIED,
            "solved": Solved.SOLVED,
        },
    ),
    Step(Stage.CLOSE, Action.CLOSE, (Role.DISPATCHER,), {"opinion": "办结，归档"}),
)
_MAIN_ROAD = (
    Action.ACCEPT,
    Action.DISPATCH,
    Action.SIGN,
    Action.RESOLVE,
    Action.REVISIT,
    Action.EVALUATE,
    Action.CLOSE,
)


def walk(people: People, tell: Callable[[Happened], None]) -> Toured:
    """Take one ticket round the loop, telling each action; `CommandFailed` where the API refuses one."""
    handler = _first(people, Role.DEPT_HANDLER)
    reporter = _first(people, Role.GRID_WORKER)
    ticket = reporter.post("/v1/tickets", {**REPORT, "area_id": reporter.area_id})
    tell(_happened(reporter, ticket["id"], Stage.REPORT))
    cast = {reporter.account.username}
    for step in STORY:
        person = _who_may(people, step.roles, ticket["id"], step.action)
        body = {**step.body, **({ORG: handler.org_id} if ORG in step.body else {})}
        ticket = person.post(f"/v1/tickets/{ticket['id']}/actions", {"action": step.action, **body})
        tell(_happened(person, ticket["id"], step.stage))
        cast.add(person.account.username)
    if ticket["status"] != Status.CLOSED:
        raise CommandFailed(f"工单 {ticket['no']} 走完后是 {ticket['status']}，不是 closed")
    return Toured(ticket["no"], len(cast), _leave_one_open(people, reporter, handler))


def _leave_one_open(people: People, reporter: Person, handler: Person) -> NextStep:
    ticket = reporter.post("/v1/tickets", {**OPEN_REPORT, "area_id": reporter.area_id})
    person = _who_may(people, (Role.DISPATCHER,), ticket["id"], Action.ACCEPT)
    open_now = {entry["action"]: entry for entry in _actions(person, ticket["id"])}
    entry = open_now[next(action for action in _MAIN_ROAD if action in open_now)]
    body = {need["field"]: _sample(need, handler.org_id) for need in entry["needs"] if need["required"]}
    path = f"/v1/tickets/{ticket['id']}/actions"
    return NextStep(person, entry["label"], path, {"action": entry["action"], **body})


def _first(people: People, role: Role) -> Person:
    accounts = people.of_role(role)
    if not accounts:
        raise CommandFailed(f"demo.json 里没有 {role} 的账号")
    return people.sign_in(accounts[0])


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


def _happened(person: Person, ticket_id: str, stage: Stage) -> Happened:
    event = person.get(f"/v1/tickets/{ticket_id}/events")["items"][-1]
    stopped = event["data"].get("clocks", {}).get("stopped", [])
    return Happened(
        number=tuple(Stage).index(stage) + 1,
        stage=STAGE_ZH[stage],
        who=person.title,
        label=event["label"],
        before=STATUS_ZH[Status(event["from_status"])] if event["from_status"] else "（新工单）",
        after=STATUS_ZH[Status(event["to_status"])],
        clocks=tuple(
            (
                CLOCK_ZH[ClockKind(clock["kind"])],
                clock["in_time"],
                datetime.fromisoformat(clock["due_at"]).astimezone(BUSINESS_ZONE),
            )
            for clock in stopped
        ),
    )
