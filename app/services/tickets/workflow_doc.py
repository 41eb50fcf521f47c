"""`docs/workflow.md`, printed from the workflow table: diagram, states, and every row with its words."""

from collections.abc import Iterator

from app.models.enums import Status
from app.services.tickets.guards import GUARDS
from app.services.tickets.labels import ACTION_ZH, CLOCK_ZH, RELATION_ZH, ROLE_ZH, STAGE_ZH, STATUS_ZH
from app.services.tickets.limits import LIMITS
from app.services.tickets.workflow import STAGE_OF, TABLE, TERMINAL, Transition

_HEAD = """# The workflow

Generated from `app/services/tickets/workflow.py` by `make docs`; do not edit.

One ticket goes 发现上报 → 分类推送 → 协调处理 → 跟踪回访 → 评价结案. A row says who may do what, from which
state to which, what the body needs, which conditions hold, and what happens to the clocks. An action that
the state refuses is 409 with `allowed_actions`; one that the role or the relation refuses is 403.
"""


def render() -> str:
    """The whole document as Markdown, ending in a newline."""
    parts = (_HEAD, "\n".join(_diagram()), "\n".join(_states()), "\n".join(_rows()), "\n".join(_limits()))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def mermaid() -> str:
    """The state diagram alone, as Mermaid text."""
    return "\n".join(_edges())


def _diagram() -> Iterator[str]:
    yield "## Diagram\n\n```mermaid"
    yield from _edges()
    yield "```"


def _edges() -> Iterator[str]:
    yield "stateDiagram-v2"
    for status in Status:
        yield f"    {status.value}: {STATUS_ZH[status]}"
    edges: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        if row.source is not row.to:
            source = row.source.value if row.source else "[*]"
            labels = edges.setdefault((source, row.to.value if row.to else "[*]"), [])
            if ACTION_ZH[row.action] not in labels:
                labels.append(ACTION_ZH[row.action])
    for (source, to), labels in edges.items():
        yield f"    {source} --> {to}: {' / '.join(labels)}"
    for status in sorted(TERMINAL):
        yield f"    {status.value} --> [*]"


def _states() -> Iterator[str]:
    yield "## States\n\n| status | 中文 | stage | 五步 | terminal |\n| --- | --- | --- | --- | --- |"
    for status, stage in STAGE_OF.items():
        step = f"`{stage.value}` | {STAGE_ZH[stage]}" if stage else "– | –"
        yield f"| `{status.value}` | {STATUS_ZH[status]} | {step} | {'✔' if status in TERMINAL else ''} |"


def _rows() -> Iterator[str]:
    yield "## Rows\n"
    yield "| # | action | 中文 | from | to | who | relation | needs | conditions | clocks |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for number, row in enumerate(TABLE, start=1):
        source = f"`{row.source.value}`" if row.source else "–"
        to = (f"`{row.to.value}`" if row.to else "the one before") + (
            f" ({row.outcome.value})" if row.outcome else ""
        )
        who = "、".join(ROLE_ZH[role] for role in sorted(row.roles)) or "–"
        needs = ", ".join(f"{need.field}{'' if need.required else '?'}" for need in row.needs) or "–"
        conditions = ", ".join(f"`{guard.value}`" for guard in row.guards) or "–"
        cells = (
            number, f"`{row.action.value}`", ACTION_ZH[row.action], source, to, who,
            RELATION_ZH[row.relation] or "–", needs, conditions, _clocks(row),
        )  # fmt: skip
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"
    yield "\n### Conditions\n\n| condition | refusal |\n| --- | --- |"
    for guard, (_check, (zh, en)) in GUARDS.items():
        yield f"| `{guard.value}` | {zh} ({en}) |"


def _clocks(row: Transition) -> str:
    effect = row.clocks
    parts = []
    for mark, kinds in (
        ("■", effect.stops),
        ("▶", effect.starts),
        ("‖", effect.pauses),
        ("↻", effect.resumes),
    ):
        if kinds:
            parts.append(mark + "、".join(CLOCK_ZH[kind] for kind in kinds))
    return " ".join(parts) or "–"


def _limits() -> Iterator[str]:
    yield "## Default limits\n\n■ stops, ▶ starts, ‖ pauses, ↻ resumes a clock.\n"
    yield "| clock | 中文 | critical 特急 | urgent 紧急 | normal 一般 | complex 复杂疑难 |"
    yield "| --- | --- | --- | --- | --- | --- |"
    kinds = dict.fromkeys(kind for kind, _urgency in LIMITS)
    for kind in kinds:
        row = [f"{limit.amount} {limit.unit.value}" for (k, _u), limit in LIMITS.items() if k is kind]
        yield f"| `{kind.value}` | {CLOCK_ZH[kind]} | " + " | ".join(row) + " |"
