"""Why the workflow refuses, one class for each cause, in words fit to show to a worker."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.core.errors import Conflict, Forbidden, Invalid
from app.models.enums import Action, Relation, Role, Status
from app.services.tickets.labels import ACTION_ZH, RELATION_ZH, ROLE_ZH, STATUS_ZH


class IllegalTransition(Conflict):
    """The ticket's state does not know this action."""

    code = "illegal_transition"
    title_zh, title_en = "当前状态不能这样操作", "Not possible in this state"

    def __init__(self, status: Status, action: Action, allowed: Sequence[dict[str, Any]]) -> None:
        names = "、".join(ACTION_ZH[Action(entry["action"])] for entry in allowed) or "无"
        super().__init__(
            f"工单现在是“{STATUS_ZH[status]}”，不能{ACTION_ZH[action]}；您现在可以：{names}",
            f"The ticket is {status.value}: {action.value} is not possible now",
            status_now=status.value,
            allowed_actions=list(allowed),
        )


class GuardRefused(Conflict):
    """State and role would do, but the ticket itself does not allow it now."""

    code = "action_refused"
    title_zh, title_en = "暂时不能这样操作", "Not possible now"

    def __init__(self, reasons: Sequence[tuple[str, str]], allowed: Sequence[dict[str, Any]]) -> None:
        super().__init__(
            "；".join(zh for zh, _en in reasons),
            "; ".join(en for _zh, en in reasons),
            allowed_actions=list(allowed),
        )


class NotYours(Forbidden):
    """The state knows the action, but not from this person."""

    code = "not_your_action"
    title_zh, title_en = "这一步不由您操作", "Somebody else does this step"

    def __init__(self, action: Action, who: Iterable[tuple[frozenset[Role], Relation]]) -> None:
        told = dict.fromkeys(_who(roles, relation) for roles, relation in who)
        super().__init__(
            f"{ACTION_ZH[action]}须由{'，或'.join(told)}操作",
            f"{action.value} is for somebody else",
        )


class OwnRequest(Forbidden):
    """Who asked for something is not who decides on it."""

    code = NotYours.code
    title_zh, title_en = NotYours.title_zh, NotYours.title_en


class UnknownCategory(Invalid):
    """No such category, or it is switched off."""

    code = "unknown_category"
    title_zh, title_en = "没有这个事件类别", "No such category"


def _who(roles: frozenset[Role], relation: Relation) -> str:
    names = "、".join(ROLE_ZH[role] for role in sorted(roles)) or "相关人员"
    note = RELATION_ZH[relation]
    return f"{names}（{note}）" if note else names
