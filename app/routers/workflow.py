"""The workflow table, readable: for apps that draw it and for people who ask what may happen next."""

from fastapi import APIRouter

from app.api.actors import CurrentActor
from app.schemas.workflow import WorkflowRead
from app.services.tickets import workflow_read

router = APIRouter(prefix="/v1/workflow", tags=["tickets"])


@router.get("", summary="工作流", operation_id="workflow_read")
async def read_workflow(_actor: CurrentActor) -> WorkflowRead:
    """States, actions, rows, roles and conditions, with labels, and the diagram as Mermaid text."""
    return workflow_read.describe()
