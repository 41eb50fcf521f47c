"""Chinese labels of the workflow's words, for refusals, documents and the app's buttons."""

from collections.abc import Mapping
from types import MappingProxyType

from app.models.enums import Action, ClockKind, Relation, Role, Stage, Status
from app.services.access.roles import ROLES

STAGE_ZH: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.REPORT: "发现上报",
        Stage.ROUTE: "分类推送",
        Stage.HANDLE: "协调处理",
        Stage.REVISIT: "跟踪回访",
        Stage.CLOSE: "评价结案",
    }
)
STATUS_ZH: Mapping[Status, str] = MappingProxyType(
    {
        Status.REPORTED: "已上报待受理",
        Status.RETURNED: "退回补充",
        Status.ACCEPTED: "已受理待推送",
        Status.DISPATCHED: "已推送待签收",
        Status.PROCESSING: "处理中",
        Status.RESOLVED: "已办理待回访",
        Status.EVALUATING: "待评价结案",
        Status.CLOSED: "已结案",
        Status.NOT_ACCEPTED: "不予受理",
        Status.WITHDRAWN: "已撤回",
        Status.VOIDED: "已作废",
    }
)
ACTION_ZH: Mapping[Action, str] = MappingProxyType(
    {
        Action.REPORT: "上报",
        Action.SUBMIT: "补充后重新上报",
        Action.WITHDRAW: "撤回",
        Action.ACCEPT: "受理",
        Action.RETURN_FOR_INFO: "退回补充",
        Action.REJECT: "不予受理",
        Action.DISPATCH: "派单",
        Action.SIGN: "签收",
        Action.DECLINE: "申请退单",
        Action.APPROVE_DECLINE: "同意退单",
        Action.DENY_DECLINE: "驳回退单",
        Action.REROUTE: "改派",
        Action.RESOLVE: "办结反馈",
        Action.REVISIT: "回访",
        Action.REWORK: "返工",
        Action.EVALUATE: "评价",
        Action.CLOSE: "结案",
        Action.VOID: "作废",
    }
)
CLOCK_ZH: Mapping[ClockKind, str] = MappingProxyType(
    {
        ClockKind.ACCEPT: "受理",
        ClockKind.DISPATCH: "派单",
        ClockKind.SIGN: "签收",
        ClockKind.HANDLE: "办理",
        ClockKind.REVISIT: "回访",
        ClockKind.CLOSE: "结案",
    }
)
RELATION_ZH: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.ANY: "",
        Relation.REPORTER: "上报人本人",
        Relation.LEAD_ORG: "主办单位的人员",
        Relation.HANDLER: "签收该工单的经办人",
        Relation.NOT_HANDLER: "不能是该工单的经办人",
        Relation.REPORTER_NOT_HANDLER: "上报人本人，且不是经办人",
        Relation.NOT_LEAD_ORG: "不能是申请退单的单位",
    }
)
ROLE_ZH: Mapping[Role, str] = MappingProxyType({role: spec.label_zh for role, spec in ROLES.items()})
