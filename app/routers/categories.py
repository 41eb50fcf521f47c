"""The list of ticket categories, for everybody who is signed in."""

from fastapi import APIRouter

from app.api.actors import CurrentActor
from app.api.sessions import Session
from app.schemas.category import CategoryList, CategoryRead
from app.services.tickets import categories

router = APIRouter(prefix="/v1/categories", tags=["tickets"])


@router.get("", summary="事件类别", operation_id="categories_list")
async def categories_list(session: Session, _actor: CurrentActor) -> CategoryList:
    """Both levels of the categories in use, by code; a report takes the four-digit ones."""
    rows = await categories.enabled(session)
    return CategoryList(items=[CategoryRead.model_validate(row) for row in rows])
