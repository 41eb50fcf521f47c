"""Every action of the workflow with a body that fills all it may carry, and the way to where it is taken."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Action, Kind
from app.services.tickets import workflow
from tests.support.tickets import Loop
from tests.support.world import World

TEXT = "现场情况已核实，按程序办理。"
A = Action
_SAMPLES: Mapping[Kind, Any] = {
    Kind.TEXT: TEXT,
    Kind.CATEGORY: "0503",
    Kind.URGENCY: "urgent",
    Kind.RETURN_REASON: "wrong_duty",
    Kind.REJECT_REASON: "not_ours",
    Kind.VOID_REASON: "test_data",
    Kind.ESCALATE_REASON: "beyond_powers",
    Kind.SUSPEND_REASON: "funds",
    Kind.DECISION: "take_over",
    Kind.SUPERVISE_LEVEL: "yellow",
    Kind.RESOLUTION: "solved",
    Kind.REVISIT_METHOD: "phone",
    Kind.FLAG: True,
    Kind.SOLVED: "solved",
    Kind.SATISFACTION: "very",
    Kind.EVALUATED_BY: "resident",
    Kind.AMOUNT: 3,
}
Move = tuple[str, Action]
Way = Sequence[Move]
# What leads from the report to the state in which an action is taken, and who takes it.
_ACCEPTED: Way = (("dispatcher", A.ACCEPT),)
_DISPATCHED: Way = (*_ACCEPTED, ("dispatcher", A.DISPATCH))
_DECLINED: Way = (*_DISPATCHED, ("dept_handler", A.DECLINE))
_PROCESSING: Way = (*_DISPATCHED, ("dept_handler", A.SIGN))
_ESCALATED: Way = (*_PROCESSING, ("dept_head", A.ESCALATE))
_LONGER: Way = (*_PROCESSING, ("dept_handler", A.REQUEST_EXTENSION))
_WAITING: Way = (*_PROCESSING, ("dept_handler", A.REQUEST_SUSPEND))
_SUSPENDED: Way = (*_WAITING, ("dispatcher", A.APPROVE_SUSPEND))
_JOINT: Way = (*_PROCESSING, ("dispatcher", A.REQUEST_JOINT))
_PRESSED: Way = (*_PROCESSING, ("supervisor", A.SUPERVISE))
_ANSWERED: Way = (*_PRESSED, ("dept_handler", A.REPLY_SUPERVISION))
_RESOLVED: Way = (*_PROCESSING, ("dept_handler", A.RESOLVE))
_REVISITED: Way = (*_RESOLVED, ("revisit_agent", A.REVISIT))
_EVALUATED: Way = (*_REVISITED, ("dispatcher_2", A.EVALUATE))
_CLOSED: Way = (*_EVALUATED, ("dispatcher_2", A.CLOSE))
_REVIEWED: Way = (*_CLOSED, ("dept_handler", A.REQUEST_REVIEW))
_UNDONE: Way = (*_ACCEPTED, ("grid_worker", A.REQUEST_WITHDRAW))
WAYS: Mapping[Action, tuple[Way, str]] = {
    A.SUBMIT: ((("dispatcher", A.RETURN_FOR_INFO),), "grid_worker"),
    A.SELF_RESOLVE: ((), "grid_worker"),
    A.WITHDRAW: ((), "grid_worker"),
    A.REQUEST_WITHDRAW: (_ACCEPTED, "grid_worker"),
    A.APPROVE_WITHDRAW: (_UNDONE, "dispatcher"),
    A.DENY_WITHDRAW: (_UNDONE, "dispatcher"),
    A.ACCEPT: ((), "dispatcher"),
    A.RETURN_FOR_INFO: ((), "dispatcher"),
    A.REJECT: (_ACCEPTED, "dispatcher"),
    A.APPEAL: ((("dispatcher", A.REJECT),), "grid_worker"),
    A.MERGE: (_PROCESSING, "dispatcher"),
    A.UNMERGE: ((*_PROCESSING, ("dispatcher", A.MERGE)), "dispatcher"),
    A.DISPATCH: (_ACCEPTED, "dispatcher"),
    A.SIGN: (_DISPATCHED, "dept_handler"),
    A.CONTACT: (_PROCESSING, "dept_handler"),
    A.DECLINE: (_PROCESSING, "dept_handler"),
    A.APPROVE_DECLINE: (_DECLINED, "dispatcher"),
    A.DENY_DECLINE: (_DECLINED, "dispatcher"),
    A.REROUTE: (_PROCESSING, "dispatcher"),
    A.TRANSFER_DOWN: (_PROCESSING, "dept_head"),
    A.REQUEST_JOINT: (_PROCESSING, "dept_handler"),
    A.FINISH_JOINT: (_JOINT, "dept_handler_fire"),
    A.ESCALATE: (_PROCESSING, "dept_head"),
    A.DECIDE: (_ESCALATED, "supervisor"),
    A.REQUEST_EXTENSION: (_PROCESSING, "dept_handler"),
    A.APPROVE_EXTENSION: (_LONGER, "leader_viewer"),
    A.DENY_EXTENSION: (_LONGER, "dispatcher"),
    A.REQUEST_SUSPEND: (_PROCESSING, "dept_handler"),
    A.APPROVE_SUSPEND: (_WAITING, "dispatcher"),
    A.DENY_SUSPEND: (_WAITING, "dispatcher"),
    A.RESUME: (_SUSPENDED, "dept_handler"),
    A.REVIEW_SUSPENSION: (_SUSPENDED, "dispatcher"),
    A.PROGRESS: (_PROCESSING, "dept_handler"),
    A.URGE: (_PROCESSING, "supervisor"),
    A.SUPERVISE: (_PROCESSING, "supervisor"),
    A.REPLY_SUPERVISION: (_PRESSED, "dept_handler"),
    A.LIFT_SUPERVISION: (_ANSWERED, "supervisor"),
    A.INSTRUCT: (_PROCESSING, "leader_viewer"),
    A.CHANGE: (_PROCESSING, "dispatcher"),
    A.RESOLVE: (_PROCESSING, "dept_handler"),
    A.REJECT_RESOLUTION: (_RESOLVED, "dispatcher"),
    A.REVISIT: (_RESOLVED, "revisit_agent"),
    A.REWORK: (_REVISITED, "revisit_agent"),
    A.EVALUATE: (_REVISITED, "dispatcher_2"),
    A.CLOSE: (_EVALUATED, "dispatcher_2"),
    A.REQUEST_REVIEW: (_CLOSED, "dept_handler"),
    A.APPROVE_REVIEW: (_REVIEWED, "dispatcher"),
    A.DENY_REVIEW: (_REVIEWED, "dispatcher"),
    A.CANCEL_REQUEST: (_WAITING, "dept_handler"),
    A.REOPEN: (_CLOSED, "dispatcher"),
    A.VOID: (_SUSPENDED, "supervisor"),
    A.COMMENT: (_PROCESSING, "village_admin"),
}


def body(action: Action, world: World, **chosen: Any) -> dict[str, Any]:
    """The action with every field that it may carry, some of them chosen."""
    needs = workflow.needs_of(action)
    return {"action": action.value, **{need.field: _sample(action, need, world) for need in needs}, **chosen}


def plain(action: Action, world: World, **chosen: Any) -> dict[str, Any]:
    """The action with no more than it must carry, and what is chosen; a revisit reaches the person."""
    needs = [need for need in workflow.needs_of(action) if need.required]
    answers = {"solved": "solved", "satisfaction": "very"} if action is A.REVISIT else {}
    sampled = {need.field: _sample(action, need, world) for need in needs}
    return {"action": action.value, **sampled, **answers, **chosen}


async def bring(loop: Loop, world: World, action: Action) -> str:
    """Report a ticket and bring it to where the action can be taken; returns by whom."""
    way, who = WAYS[action]
    await loop.report()
    for actor, step in way:
        await loop.act(actor, **plain(step, world, **await needed(loop, actor, step, towards=action)))
    return who


async def needed(loop: Loop, who: str, step: Action, towards: Action) -> dict[str, Any]:
    """What a step's body must name of this very ticket's life: its master, photos, an unhappy answer."""
    if step is A.MERGE:
        return {"master_id": (await loop.another()).id}
    if any(need.kind is Kind.ATTACHMENTS for need in workflow.needs_of(step)):
        return {"attachments": await loop.photos(who)}
    return {"solved": "unsolved"} if (towards, step) == (A.REWORK, A.REVISIT) else {}


def _sample(action: Action, need: workflow.Need, world: World) -> Any:
    lead = "urban" if action is A.DISPATCH else "fire"
    handler = "dept_handler" if action is A.DISPATCH else "dept_handler_fire"
    helper = "fire" if action is A.REQUEST_JOINT else "sanitation"
    named: Mapping[Kind, Any] = {
        Kind.ORG: str(world.orgs[lead].id),
        Kind.MEMBER: str(world[handler].member_id),
        Kind.ORGS: [str(world.orgs[helper].id)],
        Kind.AREA: str(world.places["grid_a2"].id),
        Kind.TICKET: str(uuid7()),
        Kind.DAY: str(clock.today() + timedelta(days=10)),
        Kind.ATTACHMENTS: [],
    }
    return named[need.kind] if need.kind in named else _SAMPLES[need.kind]


async def mended(loop: Loop, world: World) -> dict[str, Any]:
    """The body of the grid worker who mended it on the spot."""
    return plain(A.SELF_RESOLVE, world, attachments=await loop.photos("grid_worker"))
