"""The to-do: the badges of the app in one call that is cheap to poll, and the tickets of a task."""

from fastapi import APIRouter, Request, Response

from app.api import etags
from app.api.actors import Person
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums.message import Task
from app.schemas.message import TodoRead
from app.schemas.ticket import TicketBrief
from app.schemas.types import PageRead
from app.services.mobile import todo
from app.services.tickets import present

router = APIRouter(prefix="/v1/todo", tags=["mobile"])
CACHE = "private, no-cache"


@router.get(
    "",
    summary="待办和未读数",
    operation_id="todo_read",
    response_model=TodoRead,
    responses={304: {"description": "自上次以来没有变化"}},
)
async def todo_read(
    session: Session, actor: Person, request: Request, response: Response
) -> TodoRead | Response:
    """How many of each of the caller's tasks there are now, and how many messages are unread."""
    found = await todo.counts(session, actor=actor)
    etag = todo.etag(found)
    if etags.matches(request, etag):
        return etags.not_modified(etag, CACHE)
    response.headers["ETag"], response.headers["Cache-Control"] = etag, CACHE
    return found


@router.get("/tickets", summary="某类待办的工单", operation_id="todo_tickets")
async def todo_tickets(
    session: Session,
    actor: Person,
    task: Task | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[TicketBrief]:
    """The tickets of one task, or of all, the oldest first; none for a task that is not the caller's."""
    page = await todo.page(session, actor=actor, task=task, cursor=cursor, limit=limit)
    return present.briefs(actor, page)
