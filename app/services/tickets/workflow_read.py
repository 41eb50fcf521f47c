"""The workflow table as data for the wire; the same table that the service asks."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from app.schemas.workflow import FieldRead, RuleRead, StatusRead, Words, WorkflowRead
from app.services.access.roles import ROLES
from app.services.tickets.commands import values_of
from app.services.tickets.guards import GUARDS
from app.services.tickets.labels import ACTION_ZH, CLOCK_ZH, RELATION_ZH, STAGE_ZH, STATUS_ZH
from app.services.tickets.workflow import STAGE_OF, TABLE, TERMINAL, Need, Transition
from app.services.tickets.workflow_doc import mermaid


@cache
def describe() -> WorkflowRead:
    """The table with its words; it cannot change while the process runs."""
    return WorkflowRead(
        states=[
            StatusRead(
                status=status,
                label=_words(status, label),
                stage=STAGE_OF[status],
                terminal=status in TERMINAL,
            )
            for status, label in STATUS_ZH.items()
        ],
        rows=[_rule(row) for row in TABLE],
        stages=_named(STAGE_ZH),
        actions=_named(ACTION_ZH),
        roles={role.value: Words(zh=spec.label_zh, en=spec.label_en) for role, spec in ROLES.items()},
        relations=_named(RELATION_ZH),
        guards={guard.value: Words(zh=zh, en=en) for guard, (_check, (zh, en)) in GUARDS.items()},
        clocks=_named(CLOCK_ZH),
        mermaid=mermaid(),
    )


@cache
def mark() -> str:
    """The ETag of the table: what changes it is another version of the server."""
    return f'"{hashlib.sha256(describe().model_dump_json().encode()).hexdigest()[:32]}"'


def _named(labels: Mapping[Any, str]) -> dict[str, Words]:
    return {code.value: _words(code, label) for code, label in labels.items()}


def _words(code: StrEnum, label: str) -> Words:
    return Words(zh=label, en=code.value.replace("_", " "))


def _rule(row: Transition) -> RuleRead:
    return RuleRead(
        from_status=row.source,
        action=row.action.value,
        to=row.to,
        outcome=row.outcome.value if row.outcome else None,
        roles=sorted(row.roles),
        relation=row.relation.value,
        needs=[_field(need) for need in row.needs],
        guards=[guard.value for guard in row.guards],
        stops=[kind.value for kind in row.clocks.stops],
        starts=[kind.value for kind in row.clocks.starts],
        pauses=[kind.value for kind in row.clocks.pauses],
        resumes=[kind.value for kind in row.clocks.resumes],
    )


def _field(need: Need) -> FieldRead:
    return FieldRead(
        field=need.field, kind=need.kind.value, required=need.required, values=values_of(need.kind)
    )
