"""The KPIs, each once, as a line: what it is called, whom it counts, over what, and which measures say so.

Pure data and pure arithmetic; what a ticket or a visit contributes to a measure is `facts`' business. The
answers, their drill-down and `docs/kpis.md` read this one table. `VERSION` says by which definitions a
figure came about: whoever changes a line or a measure raises it. Source: the field's definitions of KPIs.

A line reads: code | Chinese name | English name | unit | better | cohort | numerator | denominator | besides
excluded | measures above | measures below. A share divides its sums, a count has nothing below; `p50` and
`p90` find the class of working time within which so much of the cohort was done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from app.models.enums.figure import Behind, Better, Unit
from app.models.enums.measure import Measure

VERSION = 1
LEAST_FOR_RANKING = 5
OF_VISITS = frozenset({Measure.VISITS, Measure.EFFECTIVE_VISITS, Measure.OPINIONS})
EXCLUDED = "草稿、作废、撤回、并入他件的工单，以及经复核不计入考核的工单"


@dataclass(frozen=True, slots=True)
class Kpi:
    """A definition; `above` and `below` are the measures whose sums make the value."""

    code: str
    name_zh: str
    name_en: str
    unit: Unit
    better: Better
    cohort: str
    numerator: str
    denominator: str
    excludes: str
    above: tuple[Measure, ...]
    below: tuple[Measure, ...]

    @property
    def behind(self) -> Behind:
        """What can be listed behind it."""
        if self.unit is Unit.SCORE:
            return Behind.FIGURES
        return Behind.VISITS if OF_VISITS & {*self.above, *self.below} else Behind.TICKETS

    @property
    def parts(self) -> tuple[str, ...]:
        """The codes of the KPIs that it is weighed from, the weightiest first."""
        return tuple(WEIGHTS) if self.unit is Unit.SCORE else ()


class Value(NamedTuple):
    """What came out; `value` is None where there is nothing to divide by."""

    value: float | None
    numerator: int
    denominator: int | None


LINES = """
reports | 上报量 | Reports | count | neither | 期内上报的工单 | 工单数 | | | reported |
valid_report_rate | 有效上报率 | Valid reports | share | higher | 期内上报的工单 | 曾被受理的（含自办自结） | 上报的，含不予受理和上报后作废的 | 作废件计入分母，视为无效上报 | valid | judged
self_resolve_rate | 自办率 | Resolved on the spot | share | higher | 期内上报且有效的工单 | 自办自结的 | 有效上报 | | self_resolved | valid
accept_on_time | 受理及时率 | Accepted in time | share | higher | 期内到期的受理时限 | 到期前受理的 | 受理时限 | 因合并、撤回而停止的时限 | accept_met | accept_due
dispatch_on_time | 推送及时率 | Dispatched in time | share | higher | 期内到期的推送时限 | 到期前推送的 | 推送时限 | 未推送而停止的时限 | dispatch_met | dispatch_due
sign_on_time | 及时签收率 | Signed in time | share | higher | 期内到期的签收时限 | 到期前签收的 | 签收时限 | 未签收而改派的，未到期的 | sign_met | sign_due
contact_on_time | 先行联系及时率 | First contact in time | share | higher | 期内到期的先行联系时限 | 到期前联系的 | 先行联系时限 | 未到期即改派的 | contact_met | contact_due
on_time_rate | 按时办结率 | Handled in time | share | higher | 期内到期的处理时限（含批准的延期，扣除挂起） | 到期前办结的 | 处理时限，超期未办结的计为未按时 | 未到期即改派的；时限归当时的承办单位 | handle_met | handle_due
revisit_on_time | 回访及时率 | Revisited in time | share | higher | 期内到期的回访时限 | 到期前回访的 | 回访时限 | | revisit_met | revisit_due
close_on_time | 结案及时率 | Closed in time | share | higher | 期内到期的结案时限 | 到期前结案的 | 结案时限 | | close_met | close_due
close_rate | 结案率 | Closed of those due | share | higher | 总时限在期内到期的工单 | 已结案的 | 应结案的 | | overall_closed | overall_due
dispatch_accuracy | 派单准确率 | Dispatched to the right owner | share | higher | 期内向主办单位的推送 | 未因派错而改派或退单的 | 推送次数 | 单位内部下派 | dispatched misrouted | dispatched
decline_rate | 退单率 | Declined | share | lower | 期内向主办单位的推送 | 经同意退单的 | 推送次数 | 单位内部下派 | declined | dispatched
results | 办结量 | Results | count | neither | 期内办结（每轮计一次） | 办结次数 | | | results |
avg_handle_time | 平均处置时长 | Mean handling time | minutes | lower | 期内办结的处理时限 | 工作时间分钟数之和（扣除暂停） | 办结的处理时限 | | work_minutes | handled
avg_handle_wall | 平均处置时长（自然时间） | Mean handling time on the wall | minutes | lower | 期内办结的处理时限 | 自然时间分钟数之和（扣除暂停） | 办结的处理时限 | | wall_minutes | handled
handle_time_p50 | 处置时长中位数 | Half handled within | class | lower | 期内办结的处理时限 | 一半在此工作时间以内（按档） | 办结的处理时限 | | handled | handled
handle_time_p90 | 处置时长九成位 | Nine of ten handled within | class | lower | 期内办结的处理时限 | 九成在此工作时间以内（按档） | 办结的处理时限 | | handled | handled
revisit_rate | 回访率 | Revisited | share | higher | 期内办结且须回访的 | 至少回访过一次的 | 须回访的 | 按规定免回访的 | revisited | revisit_needed
effective_revisit_rate | 有效回访率 | Revisits that reached somebody | share | higher | 期内的回访 | 联系上群众的 | 回访次数 | | reached | attempts
solved_rate | 解决率 | Solved | share | higher | 期内联系上群众的回访 | 群众认为解决或基本解决的 | 联系上的 | | said_solved | reached
satisfaction_rate | 满意率 | Satisfied | share | higher | 期内结案的工单 | 非常满意、满意、基本满意的 | 有人评价的 | 未评价、无法回访的 | content | answered
satisfaction_strict | 满意率（不含基本满意） | Satisfied, strictly | share | higher | 期内结案的工单 | 非常满意、满意的 | 有人评价的 | 未评价、无法回访的 | satisfied | answered
rework_rate | 返工率 | Reworked | share | lower | 期内首次办结的工单 | 返工一次以上的 | 首次办结的工单 | | reworked | resolved
reworks | 返工次数 | Reworks | count | lower | 期内的返工 | 返工次数 | | | reworks |
first_time_fix | 一次办结率 | Fixed at the first attempt | share | higher | 期内结案的工单 | 无返工、无复办、无改派的 | 结案的 | | first_time | closed
closed | 结案量 | Closed | count | neither | 期内结案的工单 | 工单数 | | | closed |
village_closure | 村级化解率 | Closed in the village | share | higher | 期内结案的工单 | 在村（社区）一级结案的 | 结案的 | | at_village | closed
town_closure | 镇级以内化解率 | Closed within the town | share | higher | 期内结案的工单 | 在村或镇一级结案的 | 结案的 | | at_village at_town | closed
mediation_success | 矛盾化解率 | Disputes settled | share | higher | 期内结案的矛盾纠纷 | 已解决且群众未说未解决的 | 结案的矛盾纠纷 | | disputes_solved | disputes
supervise_rate | 督办率 | Supervised | share | lower | 期内受理的工单 | 被督办过的 | 受理的 | | supervised | accepted
yellow_cards | 黄牌数 | Yellow cards | count | lower | 期内的黄牌 | 次数 | | | yellow_cards |
red_cards | 红牌数 | Red cards | count | lower | 期内的红牌 | 次数 | | | red_cards |
open | 在办量 | Open | count | neither | 现在未结的工单 | 工单数 | | 与时段无关 | open_report open_route open_handle open_revisit open_close |
overdue_open | 超期未办结数 | Overdue and open | count | lower | 现在未结且当前时限已过的工单 | 工单数 | | 与时段无关 | overdue |
visits | 走访量 | Visits | count | neither | 期内的走访 | 次数 | | | visits |
effective_visit_rate | 有效走访率 | Effective visits | share | higher | 期内的走访 | 有效的 | 走访次数 | | effective_visits | visits
issue_per_100_visits | 走访发现率 | Issues of a hundred visits | a_hundred | neither | 期内的走访 | 听到的意见和问题 | 走访次数 | | opinions | visits
composite | 综合得分 | Composite score | score | higher | 同各项指标 | 各项得分按权重相加 | 有数的各项的权重之和 | 分母为 0 的项不计 | |
"""  # noqa: E501 - a KPI is a line

# Weight of each part; of the rework rate, what it lacks of the whole. Volume has no part in it.
WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "on_time_rate": 25,
        "solved_rate": 20,
        "satisfaction_rate": 20,
        "effective_visit_rate": 15,
        "valid_report_rate": 10,
        "sign_on_time": 5,
        "rework_rate": 5,
    }
)
# Working minutes of the classes; a working day of seven hours.
CLASSES: Mapping[Measure, int] = MappingProxyType(
    {
        Measure.WITHIN_1H: 60,
        Measure.WITHIN_2H: 120,
        Measure.WITHIN_4H: 240,
        Measure.WITHIN_1D: 420,
        Measure.WITHIN_2D: 840,
        Measure.WITHIN_3D: 1260,
        Measure.WITHIN_5D: 2100,
        Measure.WITHIN_10D: 4200,
        Measure.WITHIN_20D: 8400,
    }
)
_PERCENT = {"handle_time_p50": 50, "handle_time_p90": 90}
Sums = Mapping[Measure, int]


def _kpis(lines: str) -> Iterator[Kpi]:
    for line in lines.strip().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        *texts, above, below = cells
        code, name_zh, name_en, unit, better, cohort, numerator, denominator, excludes = texts
        yield Kpi(
            code,
            name_zh,
            name_en,
            Unit(unit),
            Better(better),
            cohort,
            numerator,
            denominator,
            excludes,
            tuple(Measure(word) for word in above.split()),
            tuple(Measure(word) for word in below.split()),
        )


KPIS: Mapping[str, Kpi] = MappingProxyType({kpi.code: kpi for kpi in _kpis(LINES)})
# What is taken off above the line instead of added.
TAKEN_OFF: Mapping[str, Measure] = MappingProxyType({"dispatch_accuracy": Measure.MISROUTED})


def value(kpi: Kpi, sums: Sums) -> Value:
    """The value of a KPI out of the sums of its measures, which are 0 where they are missing."""
    if kpi.unit is Unit.SCORE:
        return _score(sums)
    above = sum([sums.get(name, 0) for name in kpi.above])
    off = TAKEN_OFF.get(kpi.code)
    if off is not None:
        above -= 2 * sums.get(off, 0)
    if kpi.unit is Unit.COUNT:
        return Value(above, above, None)
    below = sum([sums.get(name, 0) for name in kpi.below])
    if not below:
        return Value(None, above, below)
    if kpi.unit is Unit.CLASS:
        return _class(sums, below, _PERCENT[kpi.code])
    times = 100 if kpi.unit is Unit.A_HUNDRED else 1
    return Value(round(times * above / below, 4), above, below)


def enough(kpi: Kpi, sums: Sums, least: int) -> bool:
    """Whether there is enough below the line to be placed; of a score, below each part that has a value."""
    if kpi.unit is Unit.COUNT:
        return True
    if kpi.unit is Unit.SCORE:
        below = [value(KPIS[code], sums).denominator or 0 for code in WEIGHTS]
        return any(below) and all(number >= least for number in below if number)
    return (value(kpi, sums).denominator or 0) >= least


def measures(kpi: Kpi) -> tuple[Measure, ...]:
    """All measures that the value needs."""
    if kpi.unit is Unit.CLASS:
        return (*kpi.above, *CLASSES)
    if kpi.unit is Unit.SCORE:
        parts = [KPIS[code] for code in WEIGHTS]
        return tuple(dict.fromkeys(name for part in parts for name in (*part.above, *part.below)))
    return tuple(dict.fromkeys((*kpi.above, *kpi.below)))


def _class(sums: Sums, whole: int, percent: int) -> Value:
    """The upper end of the first class within which so many percent lie; None when none holds as many."""
    for name, minutes in CLASSES.items():
        within = sums.get(name, 0)
        if 100 * within >= percent * whole:
            return Value(minutes, within, whole)
    return Value(None, 0, whole)


def _score(sums: Sums) -> Value:
    points = weight = 0.0
    for code, share in WEIGHTS.items():
        part = value(KPIS[code], sums).value
        if part is None:
            continue
        weight += share
        points += share * (1 - part if KPIS[code].better is Better.LOWER else part)
    if not weight:
        return Value(None, 0, 0)
    return Value(round(100 * points / weight, 1), round(points), round(weight))
