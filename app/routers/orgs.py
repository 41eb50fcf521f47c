"""Organisations: lists, one, its history, and their administration."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin, StaffReader
from app.api.deadlines import forgets_deadlines
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import OrgKind
from app.models.staff import Org
from app.schemas.folding import Code, Label
from app.schemas.history import ChangeRead
from app.schemas.org import OrgCreate, OrgPatch, OrgRead
from app.schemas.types import PageRead
from app.services.platform import record_history
from app.services.staff import orgs

router = APIRouter(
    prefix="/v1/orgs",
    tags=["staff"],
    route_class=IdempotentRoute,
    dependencies=[forgets_deadlines, Depends(claim_key)],
)


@router.get("", summary="组织列表", operation_id="orgs_list")
async def orgs_list(
    *,
    session: Session,
    actor: StaffReader,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    kind: OrgKind | None = None,
    line: Annotated[Code | None, Query(description="条线")] = None,
    q: Annotated[Label | None, Query(description="名称中的文字")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[OrgRead]:
    """The organisations of the areas that the caller sees, by name; without those that have ended."""
    page = await orgs.page(
        session,
        actor=actor,
        area_id=area_id,
        kind=kind,
        line=line,
        name_part=q,
        cursor=cursor,
        limit=limit,
    )
    items = [OrgRead.model_validate(org) for org in page.items]
    return PageRead(items=items, next_cursor=page.next_cursor)


@router.get("/{org_id}", summary="组织详情", operation_id="org_read")
async def org_read(session: Session, actor: StaffReader, org_id: UUID, response: Response) -> OrgRead:
    """One organisation, ended or not."""
    return _read(await orgs.detail(session, actor=actor, org_id=org_id), response)


@router.get("/{org_id}/history", summary="组织变更记录", operation_id="org_history")
async def org_history(session: Session, actor: StaffReader, org_id: UUID) -> list[ChangeRead]:
    """Who wrote what of an organisation and when, the latest first."""
    within = orgs.visible(actor)
    return await record_history.changes(session, table=Org, row_id=org_id, within=within)


@router.post("", status_code=201, summary="新增组织", operation_id="org_create")
async def org_create(session: Session, actor: Admin, body: OrgCreate, response: Response) -> OrgRead:
    """Add an organisation to an area."""
    org = await orgs.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/orgs/{org.id}"
    return _read(org, response)


@router.patch("/{org_id}", summary="修改组织", operation_id="org_change")
async def org_change(
    session: Session, actor: Admin, org_id: UUID, body: OrgPatch, response: Response, if_match: IfMatch = None
) -> OrgRead:
    """Change an organisation."""
    version = etags.expected_version(if_match)
    org = await orgs.change(session, actor=actor, org_id=org_id, changes=body, expected_version=version)
    return _read(org, response)


@router.post("/{org_id}/end", summary="撤销组织", operation_id="org_end")
async def org_end(
    session: Session, actor: Admin, org_id: UUID, response: Response, if_match: IfMatch = None
) -> OrgRead:
    """End an organisation that nobody and nothing depends on any more."""
    version = etags.expected_version(if_match)
    return _read(await orgs.end(session, actor=actor, org_id=org_id, expected_version=version), response)


def _read(org: Org, response: Response) -> OrgRead:
    response.headers["ETag"] = etags.of_version(org.version)
    return OrgRead.model_validate(org)
