"""The words of messages, made of codes when somebody reads them.

A message is a kind with codes beside it: the ticket's number, its category, a limit. No title, name, phone or
address of anybody is among them, so no text can tell who reported a confidential ticket. What goes to a
channel that others see, too, names no record at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from app.core.clock import BUSINESS_ZONE
from app.models.enums import ClockKind
from app.models.enums.message import MessageCategory as C

CATEGORY_ZH: Mapping[str, str] = MappingProxyType(
    {C.TASK: "待办", C.LIMIT: "时限", C.CARD: "督办", C.ANSWER: "结果", C.REGISTRY: "人口房屋"}
)
CLOCK_ZH: Mapping[str, str] = MappingProxyType(
    {
        ClockKind.ACCEPT: "受理",
        ClockKind.DISPATCH: "派单",
        ClockKind.SIGN: "签收",
        ClockKind.CONTACT: "先行联系",
        ClockKind.HANDLE: "办理",
        ClockKind.REVISIT: "回访",
        ClockKind.CLOSE: "结案",
        ClockKind.OVERALL: "全程",
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """A kind of message: its category, heading and sentence, whose `{…}` are codes of the message."""

    category: C
    title: str
    text: str


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "to_accept": Words(C.TASK, "待受理", "新上报工单 {no}（{label}）等待受理{due}。"),
        "to_route": Words(C.TASK, "待派单", "工单 {no}（{label}）等待重新派单{due}。"),
        "to_sign": Words(C.TASK, "待签收", "工单 {no}（{label}）已派给您的单位，请签收{due}。"),
        "to_handle": Words(C.TASK, "待办理", "工单 {no}（{label}）由您继续办理{due}。"),
        "to_redo": Words(C.TASK, "返工", "工单 {no}（{label}）被退回重办，请尽快处理{due}。"),
        "to_help": Words(C.TASK, "待会办", "工单 {no}（{label}）请您的单位会办{due}。"),
        "to_supplement": Words(C.TASK, "待补充", "您上报的工单 {no} 被退回补充材料，补充后请重新提交。"),
        "supplemented": Words(C.TASK, "来电补充", "工单 {no}（{label}）有新的补充或撤单说明，请查看。"),
        "to_approve": Words(C.TASK, "待审批", "工单 {no}（{label}）有一项申请等待审批。"),
        "to_decide": Words(C.TASK, "待研处", "工单 {no}（{label}）已上报研处，请决定。"),
        "to_revisit": Words(C.TASK, "待回访", "工单 {no}（{label}）已办结，请回访{due}。"),
        "clock.yellow": Words(C.LIMIT, "时限预警", "工单 {no}（{label}）的{clock}时限将到{due}。"),
        "clock.red": Words(C.LIMIT, "已超时", "工单 {no}（{label}）的{clock}时限已过，请立即处理。"),
        "suspension.review": Words(C.LIMIT, "挂账复核", "工单 {no}（{label}）挂账满期，请复核。"),
        "urged": Words(C.LIMIT, "催办", "工单 {no}（{label}）被催办，请尽快处理{due}。"),
        "card.yellow": Words(C.CARD, "黄牌督办", "工单 {no}（{label}）被黄牌督办，请回复。"),
        "card.red": Words(C.CARD, "红牌督办", "工单 {no}（{label}）被红牌督办，请立即回复。"),
        "supervised": Words(C.CARD, "督办", "工单 {no}（{label}）被督办，请回复。"),
        "instructed": Words(C.CARD, "领导批示", "工单 {no}（{label}）有领导批示，请查看。"),
        "card.answered": Words(C.ANSWER, "督办已回复", "工单 {no}（{label}）的督办已有回复，请查看。"),
        "approved": Words(C.ANSWER, "申请已同意", "工单 {no} 的申请已同意。"),
        "denied": Words(C.ANSWER, "申请未同意", "工单 {no} 的申请未同意。"),
        "reporter.accept": Words(C.ANSWER, "已受理", "您上报的工单 {no} 已受理。"),
        "reporter.approve_extension": Words(C.ANSWER, "办理延期", "您上报的工单 {no} 办理时间已延长。"),
        "reporter.reject": Words(C.ANSWER, "不予受理", "您上报的工单 {no} 不予受理，可以查看原因并申诉。"),
        "reporter.resolve": Words(C.ANSWER, "已办理", "您上报的工单 {no} 已办理，等待回访。"),
        "reporter.self_resolve": Words(C.ANSWER, "已办理", "您上报的工单 {no} 已办理，等待回访。"),
        "reporter.close": Words(C.ANSWER, "已结案", "您上报的工单 {no} 已结案。"),
        "reporter.supplement": Words(C.TASK, "请补充材料", "您上报的工单 {no} 仍等待补充材料，请尽快补充。"),
        "transfer.create": Words(C.REGISTRY, "迁移待接收", "有一户或一人等待您的辖区接收。"),
        "transfer.accept": Words(C.REGISTRY, "迁移已接收", "您发起的迁移交接已被接收。"),
        "transfer.refuse": Words(C.REGISTRY, "迁移被退回", "您发起的迁移交接被退回，请查看原因。"),
        "webhook.disable": Words(
            C.TASK, "订阅已停用", "一个接入方的消息订阅因对方不再接收已停用，请联系接入方后重新启用。"
        ),
        "visit_plan.create": Words(C.TASK, "走访计划", "有新的走访计划由您执行。"),
    }
)


def title(kind: str) -> str:
    """The heading of a kind."""
    return WORDS[kind].title


def text(kind: str, data: Mapping[str, Any]) -> str:
    """The sentence of a message, for its receiver alone."""
    filled = {
        "no": data.get("no", ""),
        "label": data.get("label", ""),
        "clock": CLOCK_ZH.get(str(data.get("clock")), ""),
        "due": _due(data.get("due_at")),
    }
    return WORDS[kind].text.format_map(filled)


def private(messages: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """What goes to somebody's own address for these unread messages, the newest last."""
    kind, data = messages[-1]
    if len(messages) == 1:
        return text(kind, data)
    return f"您有 {len(messages)} 条未读消息，最近一条：{text(kind, data)}"


def shared(name: str, kinds: Sequence[str]) -> str:
    """What goes to a group that others read, too: whose messages of what sort, and no record."""
    told = dict.fromkeys(title(kind) for kind in kinds)
    return f"{name} 有 {len(kinds)} 条未读消息：{'、'.join(told)}，请打开应用查看。"


def _due(told: str | None) -> str:
    if not told:
        return ""
    return f"（期限 {datetime.fromisoformat(told).astimezone(BUSINESS_ZONE):%m-%d %H:%M}）"
