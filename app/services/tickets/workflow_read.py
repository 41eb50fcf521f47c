"""The workflow table as data for the wire; the same table that the service asks."""

from functools import cache

from app.models.enums import Action, Status
from app.schemas.workflow import ActionRead, FieldRead, RuleRead, StatusRead, WorkflowRead
from app.services.tickets.guards import GUARDS
from app.services.tickets.labels import ACTION_ZH, ROLE_ZH, STAGE_ZH, STATUS_ZH
from app.services.tickets.workflow import STAGE_OF, TABLE, TERMINAL, Transition
from app.services.tickets.workflow_doc import mermaid


@cache
def describe() -> WorkflowRead:
    """The table with its words; it cannot change while the process runs."""
    return WorkflowRead(
        states=[_state(status) for status in Status],
        actions=[
            ActionRead(
                action=action.value, label_zh=ACTION_ZH[action], label_en=action.value.replace("_", " ")
            )
            for action in Action
        ],
        rows=[_rule(row) for row in TABLE],
        roles={role.value: label for role, label in ROLE_ZH.items()},
        guards={guard.value: words[0] for guard, (_check, words) in GUARDS.items()},
        mermaid=mermaid(),
    )


def _state(status: Status) -> StatusRead:
    stage = STAGE_OF[status]
    return StatusRead(
        status=status,
        label_zh=STATUS_ZH[status],
        stage=stage,
        stage_label_zh=STAGE_ZH[stage] if stage else None,
        terminal=status in TERMINAL,
    )


def _rule(row: Transition) -> RuleRead:
    return RuleRead(
        from_status=row.source,
        action=row.action.value,
        to=row.to,
        outcome=row.outcome.value if row.outcome else None,
        roles=sorted(row.roles),
        relation=row.relation.value,
        needs=[
            FieldRead(field=need.field, kind=need.kind.value, required=need.required) for need in row.needs
        ],
        guards=[guard.value for guard in row.guards],
        stops=[kind.value for kind in row.clocks.stops],
        starts=[kind.value for kind in row.clocks.starts],
        pauses=[kind.value for kind in row.clocks.pauses],
        resumes=[kind.value for kind in row.clocks.resumes],
    )
