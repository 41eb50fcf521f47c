"""Wire shapes of the workflow table, for apps that draw it and people who read it."""

from app.models.enums import Stage, Status
from app.schemas.types import Output


class StatusRead(Output):
    """A state of the machine and the step of the loop that it belongs to."""

    status: Status
    label_zh: str
    stage: Stage | None
    stage_label_zh: str | None
    terminal: bool


class FieldRead(Output):
    """A field of an action's body."""

    field: str
    kind: str
    required: bool


class ActionRead(Output):
    """An action by its code and its words."""

    action: str
    label_zh: str
    label_en: str


class RuleRead(Output):
    """One row: who may do what from where to where; `from_status` null: a new ticket, `to` null: restored."""

    from_status: Status | None
    action: str
    to: Status | None
    outcome: str | None
    roles: list[str]
    relation: str
    needs: list[FieldRead]
    guards: list[str]
    stops: list[str]
    starts: list[str]
    pauses: list[str]
    resumes: list[str]


class WorkflowRead(Output):
    """The whole table, with labels in both languages and the diagram as Mermaid text."""

    states: list[StatusRead]
    actions: list[ActionRead]
    rows: list[RuleRead]
    roles: dict[str, str]
    guards: dict[str, str]
    mermaid: str
