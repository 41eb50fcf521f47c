"""A ticket told anew from its timeline alone: what its row must say, column by column.

Knows nothing of the code that wrote it, only what an event says: action, states, who, when, and its codes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

Event = RowMapping
State = dict[str, Any]
ENDS = {"closed", "not_accepted", "withdrawn", "voided", "merged"}
# Steps after which nobody holds the ticket, where they lead to the desk that sends it out anew.
ROUTED_ANEW = {"approve_decline", "decide", "reject_resolution", "reopen"}
OF_A_ROUND = ("resolved_at", "resolution_type", "satisfaction", "solved", "exempt_policy")
CHANGEABLE = ("category_code", "urgency", "area_id")


def replayed(events: Sequence[Event]) -> State:
    """The columns of the ticket's row as its timeline tells them; ids as text."""
    state: State = {
        **dict.fromkeys(
            ("lead_org_id", "handler_id", "pending", "resume_on", "merged_into_id", "merged_from")
        ),
        **dict.fromkeys((*OF_A_ROUND, "closed_at", "archived_at", "rectify_mode")),
        "supervise_level": "none",
        "revisit_state": "needed",
        "excluded_from_assessment": False,
    }
    for event in events:
        _turn(state, event)
        state |= {"status": event["to_status"], "updated_at": event["at"]}
    return state


def changes(events: Sequence[Event], column: str) -> list[tuple[Any, Any]]:
    """Every change of a column that people may correct, oldest first: before and after."""
    told = [event["data"] for event in events if column in event["data"].get("changed", {})]
    return [(data["before"][column], data["changed"][column]) for data in told]


def _turn(state: State, event: Event) -> None:
    data, to = event["data"], event["to_status"]
    _given(state, event)
    _asked(state, event)
    if to in ENDS and to != event["from_status"]:
        state["closed_at"] = event["at"]
        state["pending"] = state["pending"] if to == "merged" else None
    elif to not in ENDS:
        state["closed_at"] = None
    if "rework" in data or "reopen" in data:
        state |= {**dict.fromkeys(OF_A_ROUND), "revisit_state": "needed"}
    if "exempt_policy" in data:
        state |= {"revisit_state": "exempt", "exempt_policy": data["exempt_policy"]}
    if event["from_status"] == "suspended" and to not in {"suspended", "merged"}:
        state["resume_on"] = None
    state["resume_on"] = (
        data["resume_on"] if to == "suspended" and "resume_on" in data else state["resume_on"]
    )
    told = _TOLD.get(event["action"])
    if told:
        state |= told(state, event)


def _given(state: State, event: Event) -> None:
    """Who holds it: an organisation, and a person of it."""
    data = event["data"]
    if "org_id" in data:
        assert data["from_org_id"] == state["lead_org_id"]
        state |= {"lead_org_id": data["org_id"], "handler_id": data.get("member_id")}
    elif "member_id" in data:
        state["handler_id"] = data["member_id"]
    elif event["action"] in ROUTED_ANEW and event["to_status"] == "accepted":
        state |= {"lead_org_id": None, "handler_id": None}
    if event["action"] in {"sign", "self_resolve"} and event["actor_id"]:
        state["handler_id"] = str(event["actor_id"])


def _asked(state: State, event: Event) -> None:
    """What waits for somebody's word."""
    action: str = event["action"]
    if action.startswith("request_") and action != "request_joint":
        state["pending"] = action.removeprefix("request_")
    elif action == "decline":
        state["pending"] = action
    elif "request" in event["data"]:
        assert event["data"]["request"] == state["pending"]
        state["pending"] = None


def _resolved(_state: State, event: Event) -> State:
    told = event["data"]
    mode, kind = told.get("rectify_mode", "ledger"), told.get("resolution_type", "solved")
    return {"resolved_at": event["at"], "resolution_type": kind, "rectify_mode": mode}


def _revisited(state: State, event: Event) -> State:
    told = {name: event["data"].get(name, state[name]) for name in ("satisfaction", "solved")}
    if event["data"]["outcome"] == "unreachable":
        told["satisfaction"] = "unreachable"
    return told if event["data"]["outcome"] == "not_reached" else {**told, "revisit_state": "done"}


def _lapsed(state: State, _event: Event) -> State:
    return {"satisfaction": state["satisfaction"] or "unevaluated"}


_TOLD: Mapping[str, Callable[[State, Event], State]] = {
    "resolve": _resolved,
    "self_resolve": _resolved,
    "revisit": _revisited,
    "evaluate": lambda _state, event: {name: event["data"][name] for name in ("satisfaction", "solved")},
    "lapse": _lapsed,
    "supervise": lambda _state, event: {"supervise_level": event["data"]["level"]},
    "lift_supervision": lambda _state, _event: {"supervise_level": "none"},
    "approve_review": lambda _state, _event: {"excluded_from_assessment": True},
    "archive": lambda _state, event: {"archived_at": event["at"]},
    "merge": lambda _state, event: {
        "merged_into_id": event["data"]["master_id"],
        "merged_from": event["from_status"],
    },
    "unmerge": lambda _state, _event: {"merged_into_id": None, "merged_from": None},
}
