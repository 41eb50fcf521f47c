"""The list of ticket categories, for everybody who is signed in, and its administration."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin, CurrentActor
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.category import CategoryCreate, CategoryDetail, CategoryList, CategoryPatch, CategoryRead
from app.schemas.types import ShortText
from app.services.tickets import categories, category_admin

router = APIRouter(
    prefix="/v1/categories", tags=["tickets"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="事件类别", operation_id="categories_list")
async def categories_list(
    *,
    session: Session,
    _actor: CurrentActor,
    disabled: Annotated[bool, Query(description="包括已停用的")] = False,
) -> CategoryList:
    """Both levels of the categories in use, by code; a report takes the four-digit ones."""
    rows = await categories.listed(session, disabled=disabled)
    return CategoryList(items=[CategoryRead.model_validate(row) for row in rows])


@router.get("/{code}", summary="事件类别详情", operation_id="category_read")
async def category_read(
    session: Session, _actor: Admin, code: ShortText, response: Response
) -> CategoryDetail:
    """One category, in use or not, with its versions: who changed what and when."""
    return _read(await category_admin.detail(session, code=code), response)


@router.post("", status_code=201, summary="新增事件类别", operation_id="category_create")
async def category_create(
    session: Session, actor: Admin, body: CategoryCreate, response: Response
) -> CategoryDetail:
    """Add a class, or a category to its class."""
    category = await category_admin.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/categories/{category.code}"
    return _read(category, response)


@router.patch("/{code}", summary="修改事件类别", operation_id="category_change")
async def category_change(
    session: Session,
    actor: Admin,
    code: ShortText,
    body: CategoryPatch,
    response: Response,
    if_match: IfMatch = None,
) -> CategoryDetail:
    """Relabel a category, switch it off or on, or have its tickets dispatched automatically."""
    version = etags.expected_version(if_match)
    category = await category_admin.change(
        session, actor=actor, code=code, changes=body, expected_version=version
    )
    return _read(category, response)


def _read(category: CategoryDetail, response: Response) -> CategoryDetail:
    response.headers["ETag"] = etags.of_version(category.version)
    return category
