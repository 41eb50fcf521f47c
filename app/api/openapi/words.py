"""What stands in examples for words of definitions and lists, by the names that the wire uses.

Values of people, places and tickets are in `values`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

WORDS: Mapping[str, Sequence[Any]] = {
    "code": ("440605121001001", "0501", "illegal_transition", "01", "elderly_80"),
    "category": ("0501", "task"),
    "kind": ("patrol", "dispatch", "text"),
    "by": ("category", "关小勤"),
    "outcome": ("settled", "dispatched"),
    "method": ("phone",),
    "evaluated_by": ("reporter",),
    "end_reason": ("moved", "已办结"),
    "refusal": ("not_here", None),
    "unit": ("work_days", "count"),
    "format": ("xlsx",),
    "sheet": ("住户",),
    "column": ("手机号码",),
    "columns": ({"姓名": "name"},),
    "shown": ("1380000000",),
    "unknown": (["备注二"],),
    "needs": (["希望增设扶手"],),
    "purposes": (["了解近况"],),
    "replies": (["路灯已修好，感谢反映。"],),
    "service_items": (["政策宣传", "安全巡查"],),
    "relation": ("02",),
    "cohort": ("统计期内结案的工单",),
    "numerator": ("按期办结的工单", 19),
    "denominator": ("全部办结的工单", 20),
    "excludes": ("作废和并入他件的工单",),
    "name_zh": ("按期办结率",),
    "name_en": ("Closed on time",),
    "zh": ("路灯损坏",),
    "en": ("Street lamp broken",),
    "action_name": ("派单",),
    "mermaid": ("stateDiagram-v2",),
    "actions": (["accept", "return"],),
    "codes": (["440605121001001", "440605121001002"],),
    "fields": (["phone"],),
    "notes": (["每周上门一次"],),
    "opinions": (["希望增设扶手"],),
    "roles": (["网格员"],),
    "guards": (["separation_of_duties"],),
    "pauses": ([],),
    "resumes": ([],),
    "stops": (["accept"],),
}
