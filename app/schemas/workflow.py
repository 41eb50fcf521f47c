"""Wire shapes of the workflow table, for apps that draw it and people who read it."""

from app.models.enums import Stage, Status
from app.schemas.types import Output


class Words(Output):
    """What a code is called."""

    zh: str
    en: str


class StatusRead(Output):
    """A state of the machine and the step of the loop that it belongs to."""

    status: Status
    label: Words
    stage: Stage | None
    terminal: bool


class FieldRead(Output):
    """A field of an action's body; `values` lists the codes where there is a list."""

    field: str
    kind: str
    required: bool
    values: list[str] | None


class RuleRead(Output):
    """One row: who may do what from where to where; `from_status` null: a new ticket, `to` null: restored.

    No roles: anybody of whom `relation` holds. The clocks are those that it stops, starts, pauses, resumes.
    """

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
    """The whole table, what its codes are called in both languages, and the diagram as Mermaid text."""

    states: list[StatusRead]
    rows: list[RuleRead]
    stages: dict[str, Words]
    actions: dict[str, Words]
    roles: dict[str, Words]
    relations: dict[str, Words]
    guards: dict[str, Words]
    clocks: dict[str, Words]
    mermaid: str
