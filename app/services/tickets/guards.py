"""The conditions of the table on the ticket itself, in code, with the words of their refusals.

Each is one question about the ticket as read, the command and the instant; none reads the database. What
an actor is to a ticket stands in `relations`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from app.models.enums import ClockKind, Guard, ResolutionType, SlaUnit, Status, SuperviseLevel, Urgency
from app.services.platform.actor import Actor
from app.services.platform.worktime import due
from app.services.tickets.answers import unsatisfied
from app.services.tickets.commands import Command
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.view import TicketView
from app.services.tickets.workflow import (
    MAX_APPEALS,
    MAX_DECLINES,
    MAX_LEVEL,
    MAX_REOPENS,
    MAX_REWORKS,
    Transition,
)

REOPEN_WITHIN = timedelta(days=30)
MAX_EXTENSIONS: Mapping[Urgency, int] = MappingProxyType(
    {Urgency.CRITICAL: 0, Urgency.URGENT: 1, Urgency.NORMAL: 2, Urgency.COMPLEX: 2}
)
CLOSABLE_UNSOLVED = frozenset({ResolutionType.EXPLAINED, ResolutionType.OUT_OF_SCOPE})
LEVELS = tuple(SuperviseLevel)
OWN_REQUEST = ("审批人不能是申请人", "Who approves is not who asked")


@dataclass(frozen=True, slots=True)
class Case:
    """What a guard looks at; `command` is None while the app's buttons are drawn."""

    actor: Actor
    ticket: TicketView
    command: Command | None
    now: datetime
    deadlines: Deadlines

    def count(self, column: str) -> int:
        """One of the ticket's counters."""
        return int(self.ticket.row[column])


Check = Callable[[Case], bool]
Text = tuple[str, str]


def refusals(row: Transition, case: Case) -> list[Text]:
    """Why the row's guards refuse this case, in both languages; empty when they all hold."""
    return [GUARDS[guard][1] for guard in row.guards if not GUARDS[guard][0](case)]


def _pending(kind: str) -> Check:
    return lambda case: case.ticket.row["pending"] == kind


def _not_asker(case: Case) -> bool:
    request = case.ticket.request
    return request is None or str(case.actor.id) != request["asked_by"]


def _before_due(case: Case) -> bool:
    handle = case.ticket.clock(ClockKind.HANDLE)
    return handle is not None and case.now <= handle.due_at


def _decline_in_time(case: Case) -> bool:
    handle = case.ticket.clock(ClockKind.HANDLE)
    if handle is None:
        return False
    return (
        case.now <= due(case.deadlines.calendar(handle.org_id), handle.started_at, SlaUnit.WORK_DAYS, 1).due
    )


def _closable(case: Case) -> bool:
    if not unsatisfied(case.ticket):
        return True
    explained = case.ticket.row["resolution_type"] in CLOSABLE_UNSOLVED
    return explained or case.count("rework_count") >= MAX_REWORKS


def _raises(case: Case) -> bool:
    level = None if case.command is None else case.command.value("level")
    present = LEVELS.index(SuperviseLevel(case.ticket.row["supervise_level"]))
    return present < len(LEVELS) - 1 if level is None else LEVELS.index(level) > present


def _changes(case: Case) -> bool:
    if case.command is None:
        return True
    wanted = {name: case.command.value(name) for name in ("category_code", "urgency", "area_id")}
    return any(value is not None and value != case.ticket.row[name] for name, value in wanted.items())


def _photographed(case: Case) -> bool:
    if case.command is None:
        return True
    shown = {use.purpose.value for use in case.command.value("attachments") or ()}
    return {"before", "after"} <= shown


def _reopen_in_time(case: Case) -> bool:
    closed_at = case.ticket.row["closed_at"]
    return closed_at is not None and case.now - closed_at <= REOPEN_WITHIN


def _for_me(case: Case) -> bool:
    return case.ticket.handler in {None, case.actor.id}


def _complete(case: Case) -> bool:
    return bool(case.ticket.row["address"] or case.ticket.row["raw_lng"] is not None)


GUARDS: Mapping[Guard, tuple[Check, Text]] = MappingProxyType(
    {
        Guard.COMPLETE: (_complete, ("请先填写地址或定位", "Needs an address or a place")),
        Guard.SELF_HANDLED: (
            lambda case: bool(case.ticket.row["self_handled"]),
            ("该类别不允许自办自结，请上报", "This category may not be handled by oneself"),
        ),
        Guard.BEFORE_AND_AFTER: (
            _photographed,
            ("自办自结须有处理前和处理后的照片", "Needs a photo from before and one from after"),
        ),
        Guard.NOTHING_PENDING: (
            lambda case: case.ticket.row["pending"] is None,
            ("有一项申请还在等审批", "A request is waiting for approval"),
        ),
        Guard.SOMETHING_PENDING: (
            lambda case: case.ticket.row["pending"] is not None,
            ("没有待审批的申请", "No request is waiting"),
        ),
        Guard.PENDING_WITHDRAW: (
            _pending("withdraw"),
            ("没有待审批的撤回申请", "No request to withdraw is waiting"),
        ),
        Guard.PENDING_DECLINE: (
            _pending("decline"),
            ("没有待审批的退单申请", "No request to decline is waiting"),
        ),
        Guard.PENDING_EXTENSION: (
            _pending("extension"),
            ("没有待审批的延期申请", "No request to extend is waiting"),
        ),
        Guard.PENDING_SUSPEND: (
            _pending("suspend"),
            ("没有待审批的挂起申请", "No request to suspend is waiting"),
        ),
        Guard.PENDING_REVIEW: (
            _pending("review"),
            ("没有待审批的复核申请", "No request to review is waiting"),
        ),
        Guard.NOT_ASKER: (_not_asker, OWN_REQUEST),
        Guard.APPEALS_LEFT: (
            lambda case: case.count("appeal_count") < MAX_APPEALS,
            ("只能申诉一次", "Appealed once already"),
        ),
        Guard.NOT_FOR_ANOTHER: (_for_me, ("该工单已指定他人办理", "It was given to somebody else")),
        Guard.CONTACT_DUE: (
            lambda case: case.ticket.clock(ClockKind.CONTACT) is not None,
            ("先行联系已经完成", "The first contact was made already"),
        ),
        Guard.DECLINES_LEFT: (
            lambda case: case.count("decline_count") < MAX_DECLINES,
            ("该工单已退单 2 次，须由指定单位办理", "Declined twice already, it must be handled now"),
        ),
        Guard.DECLINE_IN_TIME: (
            _decline_in_time,
            ("退单须在派单后 1 个工作日内申请", "Declining ends one working day after the dispatch"),
        ),
        Guard.LEVEL_LEFT: (
            lambda case: case.count("handling_level") < MAX_LEVEL,
            ("已是市级研处，不能再上报", "It is at the highest level already"),
        ),
        Guard.HAS_HANDLER: (
            lambda case: case.ticket.handler is not None,
            ("还没有经办人，请改为派单", "Nobody has signed it yet, route it"),
        ),
        Guard.NO_HANDLER: (
            lambda case: case.ticket.handler is None,
            ("该工单已有经办人", "Somebody handles it already"),
        ),
        Guard.BEFORE_DUE: (_before_due, ("已超过办理时限，不能再申请延期", "The deadline has passed")),
        Guard.EXTENSIONS_LEFT: (
            lambda case: case.count("extension_count") < MAX_EXTENSIONS[case.ticket.urgency],
            ("该工单的延期次数已用完", "No extension is left"),
        ),
        Guard.FIRST_EXTENSION: (
            lambda case: case.count("extension_count") == 0,
            ("第二次延期须由镇街领导或督办员审批", "The second extension is approved by the town's leader"),
        ),
        Guard.AFTER_DRAFT: (
            lambda case: case.ticket.status is not Status.DRAFT,
            ("草稿不能这样操作", "It is a draft"),
        ),
        Guard.RAISES_LEVEL: (_raises, ("督办级别只能升高", "The level can only rise")),
        Guard.SUPERVISED: (
            lambda case: case.ticket.row["supervise_level"] != SuperviseLevel.NONE,
            ("该工单没有被督办", "It is not under supervision"),
        ),
        Guard.SUPERVISION_ANSWERED: (
            lambda case: bool((case.ticket.row["supervision"] or {}).get("replied_at")),
            ("主办单位还没有回复督办", "The supervision has not been answered"),
        ),
        Guard.CHANGES_SOMETHING: (_changes, ("没有任何变更", "Nothing would change")),
        Guard.HELPERS_DONE: (
            lambda case: all(helper["done_at"] for helper in case.ticket.helpers),
            ("会办单位还没有全部办结", "A helping organisation has not finished"),
        ),
        Guard.HELPED: (
            lambda case: any(not helper["done_at"] for helper in case.ticket.helpers),
            ("没有正在会办的单位", "No organisation is helping"),
        ),
        Guard.NO_FOLLOWERS: (
            lambda case: not case.ticket.row["followers"],
            ("有其他工单并入本单，请先撤销并案", "Other tickets follow it: unmerge them first"),
        ),
        Guard.REVISIT_NEEDED: (
            lambda case: not case.ticket.exempt,
            ("该工单按规则免回访，可直接结案", "Exempt from the revisit, it can be closed"),
        ),
        Guard.REVISIT_EXEMPT: (
            lambda case: case.ticket.exempt,
            ("须先回访群众并评价，才能结案", "It needs a revisit and an evaluation before it can close"),
        ),
        Guard.UNSATISFIED: (
            lambda case: unsatisfied(case.ticket),
            ("回访和评价都没有反映不满意或未解决，不能返工", "Nobody said that it is unsolved"),
        ),
        Guard.REWORKS_LEFT: (
            lambda case: case.count("rework_count") < MAX_REWORKS,
            ("已返工 2 次，请上报研处或复核", "Reworked twice already: escalate or review it"),
        ),
        Guard.NO_REWORKS_LEFT: (
            lambda case: case.count("rework_count") >= MAX_REWORKS,
            ("还可以返工，请先返工", "It can be reworked first"),
        ),
        Guard.SATISFIED: (
            lambda case: not unsatisfied(case.ticket),
            ("群众不满意或未解决，须由调度员结案", "The person is not satisfied: a dispatcher must close it"),
        ),
        Guard.EVALUATED: (
            lambda case: bool(case.ticket.of_round(case.ticket.evaluations)),
            ("还没有评价，不能结案", "It has not been evaluated yet"),
        ),
        Guard.NOT_EVALUATED: (
            lambda case: not case.ticket.of_round(case.ticket.evaluations),
            ("本轮已经评价过", "Evaluated already in this round"),
        ),
        Guard.ANSWER_CLOSABLE: (
            _closable,
            (
                "群众反映未解决或不满意，须返工；只有办理结果为“解释说明”或“超职责”才能结案",
                "The person says it is unsolved: rework it, or explain why it cannot be done",
            ),
        ),
        Guard.NOT_ARCHIVED: (
            lambda case: case.ticket.row["archived_at"] is None,
            ("工单已归档，只能查看", "It is archived and read-only"),
        ),
        Guard.REOPENS_LEFT: (
            lambda case: case.count("reopen_count") < MAX_REOPENS,
            ("已复办 2 次，请新建工单", "Reopened twice already"),
        ),
        Guard.REOPEN_IN_TIME: (
            _reopen_in_time,
            ("结案已超过 30 天，不能复办", "Closed more than 30 days ago"),
        ),
    }
)
