"""`docs/kpis.md`, written from the table of KPIs."""

from app.models.enums.figure import Better, Unit
from app.services.stats.kpis import CLASSES, EXCLUDED, KPIS, LEAST_FOR_RANKING, VERSION, WEIGHTS, Kpi

_UNITS = {
    Unit.COUNT: "数",
    Unit.SHARE: "比率",
    Unit.A_HUNDRED: "每百次",
    Unit.MINUTES: "分钟",
    Unit.CLASS: "工作分钟（档）",
    Unit.SCORE: "百分制",
}
_BETTER = {Better.HIGHER: "高", Better.LOWER: "低", Better.NEITHER: "–"}
_CLASSES = "、".join(str(minutes) for minutes in CLASSES.values())
_HEAD = f"""# 指标口径 / KPIs

Written from `app/services/stats/kpis.py`; do not edit. Definition version {VERSION}.

- 时段为 [开始, 结束)，以上海时间的整天计；周从周一开始。
- 一律不计：{EXCLUDED}；不予受理的只计入上报类指标。
- 分母为 0 时没有值（null），不记 0，也不记 100 %；每个比率都带分子和分母。
- 时限归到期时持有它的单位，不归最后的单位；未到期即改派的不计，到期后改派的记在原单位。
- 暂停（挂起、上报研处）的时间扣除；工作时间按承办单位的工作日历。
- 排名：分母不小于 {LEAST_FOR_RANKING} 才有名次，并列同名次；综合得分须每个有数的分项都够数。
- 排名和按区域、单位划分时，没有数的也在列。
- 按区域划分的是下一级区域，直接落在本级的不在各行之内；按单位划分的是辖区内的和在辖区内办过事的单位。
- 环比为上一等长时段，同比为上年同期。
- 处置时长的中位数、九成位按档，取占够比例的最小一档：{_CLASSES} 个工作分钟。

| 代码 | 名称 | Name | 单位 | 何为好 | 统计对象 | 分子 | 分母 | 另外不计或说明 |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
_LACKING = """
## 不在汇总之内的指标

- 走访覆盖率：期内至少有一次有效走访的户 ÷ 在册非空置户。
- 关爱对象按期走访率：应访日未过的 ÷ 在管关爱对象。
- 以上见 `/v1/stats/visits`，由答复当时的户籍和关爱登记直接清点，分母是现在的在册数，不是当期的；
  开销只随户数增长，与工单、走访的多少无关。
- 走访漏斗（走访→意见→受理→解决）见 `/v1/visits/funnel`。

## 数据尚不支持的指标

重复诉求率、漏报率（工单没有重复与漏报的标记），信息完整率、更新及时率（登记没有核实日期），
人均走访（人数不能相加），吹哨响应率、代办按时办结率、实事完成率（尚无这些业务）。
"""


def render() -> str:
    """The document, with a newline at the end."""
    rows = "".join(_row(kpi) for kpi in KPIS.values())
    weights = "、".join(f"{KPIS[code].name_zh} {weight}" for code, weight in WEIGHTS.items())
    score = f"综合得分的权重：{weights}（返工率取其差额）。没有数的指标不计，其余按比例。"
    return f"{_HEAD}{rows}\n{score}\n{_LACKING}"


def _row(kpi: Kpi) -> str:
    cells = (
        f"`{kpi.code}`", kpi.name_zh, kpi.name_en, _UNITS[kpi.unit], _BETTER[kpi.better], kpi.cohort,
        kpi.numerator, kpi.denominator or "–", kpi.excludes or "–",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"
