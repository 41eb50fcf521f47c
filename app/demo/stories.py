"""What the demo's tours tell: reports and the steps that are taken on them, as data.

The first story is the main road in five steps. The second goes wrong wherever a ticket can: the wrong
organisation, work that has to wait, what the village cannot decide, a result that nobody is content with.
Two more are the main road again, of what was heard at a visit and of what a hotline sent.
Who may do a step is asked of the API when it is told (`tour`), not said here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.models.enums import (
    Action,
    Decision,
    EscalateReason,
    EvaluatedBy,
    ResolutionType,
    ReturnReason,
    RevisitMethod,
    Role,
    Satisfaction,
    Solved,
    Stage,
    SuspendReason,
)


class Blank(StrEnum):
    """What only the demo that runs can fill in."""

    ORG = "the organisation of the first handler"
    PROPER_ORG = "the organisation of the second handler"
    LATER = "a day next month"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a story: in which of the five steps, by which roles (the first that may), with what."""

    stage: Stage
    action: Action
    roles: tuple[Role, ...]
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """A report and what comes of it."""

    heading: str
    report: Mapping[str, Any]
    steps: tuple[Step, ...]


_HANDLER, _DISPATCHER, _AGENT = (Role.DEPT_HANDLER,), (Role.DISPATCHER,), (Role.REVISIT_AGENT,)
_DESK = (Role.VILLAGE_ADMIN, Role.DISPATCHER)

_CONTENT = {"satisfaction": Satisfaction.SATISFIED, "solved": Solved.SOLVED}
_ASKED_AND_CONTENT = {"method": RevisitMethod.PHONE, "reached": True, **_CONTENT}
_EVALUATED = {"evaluated_by": EvaluatedBy.RESIDENT, **_CONTENT}


def _straight(*, order: str, measures: str, reply: str) -> tuple[Step, ...]:
    """The main road: what is ordered, what was done, and what the people are told."""
    resolved = {"resolution_type": ResolutionType.SOLVED, "measures": measures, "public_reply": reply}
    return (
        Step(Stage.ROUTE, Action.ACCEPT, _DESK, {"opinion": "属实，予以受理"}),
        Step(Stage.ROUTE, Action.DISPATCH, _DISPATCHER, {"org_id": Blank.ORG, "opinion": order}),
        Step(Stage.HANDLE, Action.SIGN, _HANDLER),
        Step(Stage.HANDLE, Action.RESOLVE, _HANDLER, resolved),
        Step(Stage.REVISIT, Action.REVISIT, _AGENT, _ASKED_AND_CONTENT),
        Step(Stage.CLOSE, Action.EVALUATE, (Role.REVISIT_AGENT, Role.DISPATCHER), _EVALUATED),
        Step(Stage.CLOSE, Action.CLOSE, _DISPATCHER, {"opinion": "办结，归档"}),
    )


MAIN_ROAD = Story(
    heading="一件工单走完五步",
    report=MappingProxyType(
        {
            "title": "村口垃圾桶满溢，污水流到路面",
            "content": "村口两个垃圾桶两天没有清运，垃圾堆到路边，污水流到行人道，气味很大，老人小孩绕着走。",
            "category_code": "0501",
            "address": "村口公交站旁",
            "contact": {"name": "陈桂芳", "phone": "13800138000"},
        }
    ),
    steps=_straight(
        order="请今天内清运",
        measures="已清运垃圾、冲洗路面，并把清运改为每天一次。",
        reply="垃圾已清运，路面已冲洗，以后每天清运一次。",
    ),
)

HEARD = Story(
    heading="走访听到的意见办成一件工单",
    report=MappingProxyType(
        {
            "title": "楼道堆放杂物，拉线给电动车充电",
            "content": "五楼楼道堆满旧家具和纸皮，还拉了插线板给电动车充电，晚上上楼都怕着火。",
            "category_code": "0303",
        }
    ),
    steps=_straight(
        order="请当天上门处理",
        measures="已清走楼道杂物，拆除插线板，和住户说明充电车棚的位置。",
        reply="楼道已清空，飞线已拆除，请到楼下车棚充电。",
    ),
)

HOTLINE = Story(
    heading="热线推送的一件工单",
    report=MappingProxyType(
        {
            "title": "市场后巷垃圾堆积，夜里有人倾倒",
            "content": "来电人反映市场后巷堆了十几袋垃圾，每天夜里还有人来倒，天热发臭，希望清走并有人管。",
            "category_code": "0501",
            "address": "市场后巷",
            "contact": {"name": "潘丽珍", "phone": "13800138002"},
        }
    ),
    steps=_straight(
        order="热线工单，请当天清运",
        measures="已清运后巷垃圾，装了照明，夜间巡查一周。",
        reply="后巷垃圾已清运，夜间有人巡查。",
    ),
)

LONG_ROAD = Story(
    heading="一件难办的工单：退单、改派、挂起、研处、返工，最后才结案",
    report=MappingProxyType(
        {
            "title": "村前河涌发黑发臭，有污水流入",
            "content": "村前河涌半个月来发黑发臭，桥下有一个排口在流污水，下雨后更严重，附近住户不敢开窗。",
            "category_code": "0505",
            "address": "村前石桥下",
            "contact": {"name": "黄润好", "phone": "13800138001"},
        }
    ),
    steps=(
        Step(Stage.ROUTE, Action.ACCEPT, _DESK, {"opinion": "属实，予以受理"}),
        Step(Stage.ROUTE, Action.DISPATCH, _DISPATCHER, {"org_id": Blank.ORG, "opinion": "请到场处理"}),
        Step(
            Stage.ROUTE,
            Action.DECLINE,
            _HANDLER,
            {
                "reason": ReturnReason.WRONG_DUTY,
                "basis": "按镇职责清单，环卫只负责水面保洁，污水管网由城建水利部门管养。",
                "proposed_org_id": Blank.PROPER_ORG,
            },
        ),
        Step(
            Stage.ROUTE,
            Action.APPROVE_DECLINE,
            _DISPATCHER,
            {"org_id": Blank.PROPER_ORG, "opinion": "理由成立，改派管养单位"},
        ),
        Step(Stage.HANDLE, Action.SIGN, _HANDLER),
        Step(
            Stage.HANDLE,
            Action.CONTACT,
            _HANDLER,
            {"method": RevisitMethod.PHONE, "opinion": "已电话联系，约定明天上午到场查看"},
        ),
        Step(
            Stage.HANDLE,
            Action.REQUEST_SUSPEND,
            _HANDLER,
            {
                "reason": SuspendReason.APPRAISAL,
                "resume_on": Blank.LATER,
                "opinion": "管道须做内窥检测，待报告出来才能定方案",
            },
        ),
        Step(Stage.HANDLE, Action.APPROVE_SUSPEND, _DISPATCHER, {"opinion": "同意挂账，按期复查"}),
        Step(Stage.HANDLE, Action.RESUME, _HANDLER, {"opinion": "检测报告提前出来：管道错位，须开挖"}),
        Step(
            Stage.HANDLE,
            Action.ESCALATE,
            _DISPATCHER,
            {"reason": EscalateReason.NEEDS_FUNDS, "opinion": "开挖换管超出村级经费，提请镇级研处"},
        ),
        Step(
            Stage.HANDLE,
            Action.DECIDE,
            (Role.SUPERVISOR,),
            {"decision": Decision.SEND_BACK, "opinion": "镇研处会议决定：经费由镇统筹，原单位继续办理"},
        ),
        Step(
            Stage.HANDLE,
            Action.RESOLVE,
            _HANDLER,
            {
                "resolution_type": ResolutionType.SOLVED,
                "measures": "已开挖更换错位管道 12 米，封堵桥下排口。",
                "public_reply": "错位的污水管已经更换，桥下排口已封堵。",
            },
        ),
        Step(
            Stage.REVISIT,
            Action.REVISIT,
            _AGENT,
            {
                "method": RevisitMethod.PHONE,
                "reached": True,
                "solved": Solved.UNSOLVED,
                "satisfaction": Satisfaction.DISSATISFIED,
                "opinion": "群众反映昨晚下雨后河水又发臭",
            },
        ),
        Step(Stage.REVISIT, Action.REWORK, _AGENT, {"opinion": "没有解决，请查清上游排口"}),
        Step(
            Stage.HANDLE,
            Action.RESOLVE,
            _HANDLER,
            {
                "resolution_type": ResolutionType.SOLVED,
                "measures": "查明上游一处雨污错接，已改接并清淤 30 米，取样检测达标。",
                "public_reply": "上游雨污错接已改正，河道已清淤，水样检测达标。",
            },
        ),
        Step(
            Stage.REVISIT,
            Action.REVISIT,
            _AGENT,
            {**_ASKED_AND_CONTENT, "method": RevisitMethod.IN_PERSON, "opinion": "现场查看，河水已不发臭"},
        ),
        Step(Stage.CLOSE, Action.EVALUATE, (Role.REVISIT_AGENT, Role.DISPATCHER), _EVALUATED),
        Step(Stage.CLOSE, Action.CLOSE, _DISPATCHER, {"opinion": "两轮办理后群众满意，结案"}),
    ),
)

# Reported by a phone without a network, with so many photos each.
OFFLINE_REPORTS: tuple[tuple[Mapping[str, Any], int], ...] = (
    (
        MappingProxyType(
            {
                "title": "石桥护栏断了一截，放学的孩子从这里过",
                "content": "村尾石桥北侧护栏断开约两米，下面就是河涌，放学时段孩子多，先用绳子拦了一下。",
                "category_code": "0608",
                "address": "村尾石桥北侧",
            }
        ),
        1,
    ),
    (
        MappingProxyType(
            {
                "title": "巷尾井盖松动，车压过去会翘起来",
                "content": "巷尾拐角的井盖松动，摩托车压过去翘起一边，已用树枝做了标记。",
                "category_code": "0603",
                "address": "巷尾拐角",
            }
        ),
        1,
    ),
    (
        MappingProxyType(
            {
                "title": "鱼塘边有人露天焚烧秸秆",
                "content": "鱼塘东面空地有人烧秸秆，烟往村里飘，当面劝止，火已扑灭，请安排巡查。",
                "category_code": "0506",
                "address": "鱼塘东面空地",
            }
        ),
        0,
    ),
)

OPEN_REPORT = MappingProxyType(
    {
        "title": "巷口路灯不亮，夜里看不清路",
        "content": "巷口第三盏路灯坏了一周，晚上下班的人看不清台阶。",
        "category_code": "0602",
        "address": "文化室后巷",
    }
)
