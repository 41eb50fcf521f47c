"""What each action does besides moving the state: fields of the ticket, rows of its own, codes to record.

One pure function an action: it gets the ticket as read, the command and the instant, and returns an
`Effect`. Clocks and timeline are the same for all actions and stand in `transitions`. An action without
an entry only moves the state, or only says something.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.models.enums import Action
from app.services.tickets.effects import closing, handling, ledger, requests, routing
from app.services.tickets.effects.step import Effect, Step

__all__ = ["EFFECTS", "Effect", "Step", "of"]

EFFECTS: Mapping[Action, Callable[[Step], Effect]] = MappingProxyType(
    {
        Action.SELF_RESOLVE: handling.self_resolve,
        Action.WITHDRAW: closing.ended,
        Action.REQUEST_WITHDRAW: requests.ask,
        Action.APPROVE_WITHDRAW: requests.approve,
        Action.DENY_WITHDRAW: requests.deny,
        Action.ACCEPT: routing.accept,
        Action.RETURN_FOR_INFO: routing.with_reason,
        Action.REJECT: closing.ended,
        Action.APPEAL: routing.appeal,
        Action.MERGE: routing.merge,
        Action.UNMERGE: routing.unmerge,
        Action.DISPATCH: routing.to_org,
        Action.SIGN: handling.sign,
        Action.CONTACT: handling.contact,
        Action.DECLINE: requests.ask,
        Action.APPROVE_DECLINE: requests.approve,
        Action.DENY_DECLINE: requests.deny,
        Action.REROUTE: routing.to_org,
        Action.TRANSFER_DOWN: routing.transfer_down,
        Action.REQUEST_JOINT: routing.joined,
        Action.FINISH_JOINT: handling.finish_joint,
        Action.ESCALATE: routing.escalate,
        Action.DECIDE: routing.decide,
        Action.REQUEST_EXTENSION: requests.ask,
        Action.APPROVE_EXTENSION: requests.approve,
        Action.DENY_EXTENSION: requests.deny,
        Action.REQUEST_SUSPEND: requests.ask,
        Action.APPROVE_SUSPEND: requests.approve,
        Action.DENY_SUSPEND: requests.deny,
        Action.RESUME: ledger.resume,
        Action.REVIEW_SUSPENSION: ledger.review,
        Action.SUPERVISE: handling.supervise,
        Action.REPLY_SUPERVISION: handling.reply_supervision,
        Action.LIFT_SUPERVISION: handling.lift_supervision,
        Action.INSTRUCT: routing.instruct,
        Action.CHANGE: routing.change,
        Action.RESOLVE: handling.resolve,
        Action.REJECT_RESOLUTION: closing.rework,
        Action.REVISIT: closing.revisit,
        Action.REWORK: closing.rework,
        Action.EVALUATE: closing.evaluate,
        Action.LAPSE: closing.lapse,
        Action.REQUEST_REVIEW: requests.ask,
        Action.APPROVE_REVIEW: requests.approve,
        Action.DENY_REVIEW: requests.deny,
        Action.CANCEL_REQUEST: requests.cancel,
        Action.REOPEN: closing.reopen,
        Action.VOID: closing.ended,
        Action.ARCHIVE: closing.archive,
    }
)


def of(step: Step) -> Effect:
    """The effect of a step."""
    build = EFFECTS.get(step.command.action)
    return build(step) if build else Effect()
