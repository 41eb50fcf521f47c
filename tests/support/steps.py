"""Every action of the workflow with a body that fills all it may carry, and the way to where it is taken."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.models.enums import Action, Kind
from app.services.tickets import workflow
from tests.support.tickets import Loop
from tests.support.world import World

TEXT = "现场情况已核实，按程序办理。"
_SAMPLES: Mapping[Kind, Any] = {
    Kind.TEXT: TEXT,
    Kind.CATEGORY: "0503",
    Kind.URGENCY: "urgent",
    Kind.RETURN_REASON: "wrong_duty",
    Kind.REJECT_REASON: "not_ours",
    Kind.VOID_REASON: "test_data",
    Kind.RESOLUTION: "solved",
    Kind.REVISIT_METHOD: "phone",
    Kind.FLAG: True,
    Kind.SOLVED: "solved",
    Kind.SATISFACTION: "very",
    Kind.EVALUATED_BY: "resident",
}
# What leads from the report to the state in which an action is taken, and who takes it.
_ACCEPTED = (("dispatcher", Action.ACCEPT),)
_DISPATCHED = (*_ACCEPTED, ("dispatcher", Action.DISPATCH))
_DECLINED = (*_DISPATCHED, ("dept_handler", Action.DECLINE))
_PROCESSING = (*_DISPATCHED, ("dept_handler", Action.SIGN))
_RESOLVED = (*_PROCESSING, ("dept_handler", Action.RESOLVE))
_REVISITED = (*_RESOLVED, ("revisit_agent", Action.REVISIT))
_EVALUATED = (*_REVISITED, ("dispatcher_2", Action.EVALUATE))
Way = Sequence[tuple[str, Action]]
WAYS: Mapping[Action, tuple[Way, str]] = {
    Action.SUBMIT: ((("dispatcher", Action.RETURN_FOR_INFO),), "grid_worker"),
    Action.WITHDRAW: ((), "grid_worker"),
    Action.ACCEPT: ((), "dispatcher"),
    Action.RETURN_FOR_INFO: ((), "dispatcher"),
    Action.REJECT: (_ACCEPTED, "dispatcher"),
    Action.DISPATCH: (_ACCEPTED, "dispatcher"),
    Action.SIGN: (_DISPATCHED, "dept_handler"),
    Action.DECLINE: (_PROCESSING, "dept_handler"),
    Action.APPROVE_DECLINE: (_DECLINED, "dispatcher"),
    Action.DENY_DECLINE: (_DECLINED, "dispatcher"),
    Action.REROUTE: (_PROCESSING, "dispatcher"),
    Action.RESOLVE: (_PROCESSING, "dept_handler"),
    Action.REVISIT: (_RESOLVED, "revisit_agent"),
    Action.REWORK: (_REVISITED, "revisit_agent"),
    Action.EVALUATE: (_REVISITED, "dispatcher_2"),
    Action.CLOSE: (_EVALUATED, "dispatcher_2"),
    Action.VOID: (_DECLINED, "supervisor"),
}


def body(action: Action, world: World, **chosen: Any) -> dict[str, Any]:
    """The action with every field that it may carry, some of them chosen."""
    org = "urban" if action is Action.DISPATCH else "fire"
    samples = {**_SAMPLES, Kind.ORG: str(world.orgs[org].id)}
    needs = {need.field: samples[need.kind] for need in workflow.needs_of(action)}
    return {"action": action.value, **needs, **chosen}


async def bring(loop: Loop, world: World, action: Action) -> str:
    """Report a ticket and bring it to where the action can be taken; returns by whom."""
    way, who = WAYS[action]
    await loop.report()
    for actor, step in way:
        unhappy = {"solved": "unsolved"} if (action, step) == (Action.REWORK, Action.REVISIT) else {}
        await loop.act(actor, **body(step, world, **unhappy))
    return who
