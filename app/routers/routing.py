"""Routing: the dry run that says where a ticket would go and why."""

from fastapi import APIRouter, Depends

from app.api.actors import RoutingReader
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.routing import RoutingPreviewAsk, RoutingPreviewRead
from app.services.tickets import routing_preview

router = APIRouter(
    prefix="/v1/routing", tags=["tickets"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.post("/preview", summary="试算推送", operation_id="routing_preview")
async def routing_preview_ask(
    session: Session, actor: RoutingReader, body: RoutingPreviewAsk
) -> RoutingPreviewRead:
    """Where a ticket, or one like it, would go: the rules in the order of trying, and why one won."""
    return await routing_preview.preview(session, actor=actor, asked=body)
