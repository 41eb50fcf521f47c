"""Chinese labels of the workflow's words, for refusals, documents and the app's buttons."""

from collections.abc import Mapping
from types import MappingProxyType

from app.models.enums import Action, ClockKind, EventSource, Relation, Role, Stage, Status
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
        Status.DRAFT: "暂存",
        Status.REPORTED: "已上报待受理",
        Status.RETURNED: "退回补充",
        Status.ACCEPTED: "已受理待推送",
        Status.DISPATCHED: "已推送待签收",
        Status.PROCESSING: "处理中",
        Status.SUSPENDED: "挂起",
        Status.ESCALATING: "已上报上级研处",
        Status.RESOLVED: "已办理待回访",
        Status.EVALUATING: "待评价结案",
        Status.CLOSED: "已结案",
        Status.NOT_ACCEPTED: "不予受理",
        Status.WITHDRAWN: "已撤回",
        Status.VOIDED: "已作废",
        Status.MERGED: "已并案",
    }
)
ACTION_ZH: Mapping[Action, str] = MappingProxyType(
    {
        Action.SAVE_DRAFT: "暂存",
        Action.REPORT: "上报",
        Action.SUBMIT: "提交",
        Action.SELF_RESOLVE: "自办自结",
        Action.WITHDRAW: "撤回",
        Action.REQUEST_WITHDRAW: "申请撤回",
        Action.APPROVE_WITHDRAW: "同意撤回",
        Action.DENY_WITHDRAW: "驳回撤回",
        Action.ACCEPT: "受理",
        Action.RETURN_FOR_INFO: "退回补充",
        Action.REJECT: "不予受理",
        Action.APPEAL: "申诉",
        Action.MERGE: "并案",
        Action.UNMERGE: "撤销并案",
        Action.DISPATCH: "派单",
        Action.SIGN: "签收",
        Action.CONTACT: "先行联系",
        Action.DECLINE: "申请退单",
        Action.APPROVE_DECLINE: "同意退单",
        Action.DENY_DECLINE: "驳回退单",
        Action.REROUTE: "改派",
        Action.TRANSFER_DOWN: "下派",
        Action.REQUEST_JOINT: "发起会办",
        Action.FINISH_JOINT: "会办办结",
        Action.ESCALATE: "上报研处",
        Action.DECIDE: "研处决定",
        Action.REQUEST_EXTENSION: "申请延期",
        Action.APPROVE_EXTENSION: "同意延期",
        Action.DENY_EXTENSION: "驳回延期",
        Action.REQUEST_SUSPEND: "申请挂起",
        Action.APPROVE_SUSPEND: "同意挂起",
        Action.DENY_SUSPEND: "驳回挂起",
        Action.RESUME: "恢复办理",
        Action.REVIEW_SUSPENSION: "挂账复查",
        Action.PROGRESS: "过程反馈",
        Action.URGE: "催办",
        Action.SUPERVISE: "督办",
        Action.REPLY_SUPERVISION: "回复督办",
        Action.LIFT_SUPERVISION: "解除督办",
        Action.INSTRUCT: "领导批示",
        Action.CHANGE: "变更",
        Action.RESOLVE: "办结反馈",
        Action.REJECT_RESOLUTION: "退回重办",
        Action.REVISIT: "回访",
        Action.REWORK: "返工",
        Action.EVALUATE: "评价",
        Action.LAPSE: "逾期未评价",
        Action.CLOSE: "结案",
        Action.REQUEST_REVIEW: "申请复核",
        Action.APPROVE_REVIEW: "同意复核",
        Action.DENY_REVIEW: "驳回复核",
        Action.CANCEL_REQUEST: "取消申请",
        Action.REOPEN: "复办",
        Action.VOID: "作废",
        Action.ARCHIVE: "归档",
        Action.COMMENT: "备注",
    }
)
CLOCK_ZH: Mapping[ClockKind, str] = MappingProxyType(
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
RELATION_ZH: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.ANY: "",
        Relation.REPORTER: "上报人本人",
        Relation.LEAD_ORG: "主办单位的人员",
        Relation.HELPER_ORG: "会办单位的人员",
        Relation.ASKER: "申请人本人",
        Relation.HANDLER: "签收该工单的经办人",
        Relation.NOT_HANDLER: "不能是该工单的经办人",
        Relation.REPORTER_NOT_HANDLER: "上报人本人，且不是经办人",
        Relation.NOT_LEAD_ORG: "不能是提出申请的单位",
    }
)
ROLE_ZH: Mapping[Role, str] = MappingProxyType({role: spec.label_zh for role, spec in ROLES.items()})
SOURCE_ZH: Mapping[EventSource, str] = MappingProxyType(
    {
        EventSource.GRID_PATROL: "网格巡查",
        EventSource.VISIT: "走访发现",
        EventSource.CONTACT_TEAM: "驻点联系",
        EventSource.LEADER_WALK: "领导行走",
        EventSource.RESIDENT_APP: "居民小程序",
        EventSource.PHONE: "电话",
        EventSource.HOTLINE_12345: "12345 热线",
        EventSource.UPPER_ASSIGN: "上级交办",
        EventSource.DEPT_TRANSFER: "部门转办",
        EventSource.MEDIA: "媒体网络",
        EventSource.PETITION: "信访",
        EventSource.IOT: "物联感知",
        EventSource.VIDEO: "视频 AI",
        EventSource.THIRD_PARTY: "第三方接口",
        EventSource.CALLUP: "吹哨",
        EventSource.INSPECTION: "检查抽查",
    }
)
