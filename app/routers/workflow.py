"""The workflow table, readable: for apps that draw it and for people who ask what may happen next."""

from fastapi import APIRouter, Request, Response

from app.api import etags
from app.api.actors import CurrentActor
from app.schemas.workflow import WorkflowRead
from app.services.tickets import workflow_read

CACHE = "private, no-cache"

router = APIRouter(prefix="/v1/workflow", tags=["tickets"])


@router.get(
    "",
    summary="工作流",
    operation_id="workflow_read",
    response_model=WorkflowRead,
    responses={304: {"description": "自上次以来没有变化"}},
)
async def read_workflow(
    request: Request, _actor: CurrentActor, response: Response
) -> WorkflowRead | Response:
    """States, actions, rows, roles and conditions, with labels, and the diagram as Mermaid text."""
    etag = workflow_read.mark()
    if etags.matches(request, etag):
        return etags.not_modified(etag, CACHE)
    response.headers.update({"ETag": etag, "Cache-Control": CACHE})
    return workflow_read.describe()
