"""Lists of care objects by the day on which they are due, and their history."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.enums import CareLevel
from app.models.registry import CareObject, CareReview
from app.schemas.care import CareHistory, CareRead, ReviewRead
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.registry import care, history, reach
from app.services.staff import members

COLUMNS = reach.columns_of(CareObject)
_ORDER = Sort.by_day(CareObject.next_visit_due, CareObject.id)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    area_id: UUID | None = None,
    care_level: CareLevel | None = None,
    responsible_id: UUID | None = None,
    due_by: date | None = None,
    unassigned: bool = False,
    cursor: str | None = None,
    limit: int,
) -> Page[CareRead]:
    """One page of the open care objects, those due first at the top."""
    filters: list[ColumnElement[bool]] = [CareObject.ended_on.is_(None)]
    filters += await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS)
    if care_level:
        filters.append(CareObject.care_level == care_level)
    if responsible_id:
        filters.append(CareObject.responsible_id == responsible_id)
    if due_by:
        filters.append(CareObject.next_visit_due <= due_by)
    if unassigned:
        filters.append(members.gone(CareObject.responsible_id))
    statement = page_statement(
        care.with_names(),
        sort=_ORDER,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [care.read(row, actor) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda found: (found.next_visit_due, found.id))


async def past(session: AsyncSession, *, actor: Actor, care_id: UUID) -> CareHistory:
    """The reviews of a care object; `NotFound` outside the scope."""
    seen = select(CareObject).where(CareObject.id == care_id, reach.visible(actor, CareObject))
    about = await session.scalar(seen)
    if about is None:
        raise NotFound
    found = await session.scalars(
        select(CareReview)
        .where(CareReview.care_object_id == care_id)
        .order_by(CareReview.reviewed_on.desc(), CareReview.id.desc())
    )
    reviews = [ReviewRead.model_validate(review) for review in found]
    if not care.may_know(actor, about):
        reviews = [review.model_copy(update={"note": None}) for review in reviews]
    changes = await history.written(session, entity="care_object", row_id=care_id)
    return CareHistory(reviews=reviews, changes=changes)
