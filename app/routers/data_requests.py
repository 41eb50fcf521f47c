"""What residents ask of their own data: taken down, decided by somebody else, carried out."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums.privacy import DataRequestState
from app.schemas.privacy import DataRequestCreate, DataRequestRead, DataRequestStep
from app.schemas.types import PageRead
from app.services.privacy import data_requests

router = APIRouter(
    prefix="/v1/data-requests",
    tags=["privacy"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("", summary="个人信息申请列表", operation_id="data_requests_list")
async def data_requests_list(
    session: Session,
    actor: RegistryWriter,
    state: DataRequestState | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[DataRequestRead]:
    """The requests of the caller's scope, in the order in which they came."""
    page = await data_requests.page(session, actor=actor, state=state, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{request_id}", summary="个人信息申请详情", operation_id="data_request_read")
async def data_request_read(
    session: Session, actor: RegistryWriter, request_id: UUID, response: Response
) -> DataRequestRead:
    """One request, without anything personal."""
    request = await data_requests.find(session, actor=actor, request_id=request_id)
    response.headers["ETag"] = etags.of_version(request.version)
    return DataRequestRead.model_validate(request)


@router.post("", status_code=201, summary="登记个人信息申请", operation_id="data_request_create")
async def data_request_create(
    session: Session, actor: RegistryWriter, vault: AppVault, body: DataRequestCreate, response: Response
) -> DataRequestRead:
    """Take down what a resident asks: a copy, a correction or the erasure of their data."""
    request = await data_requests.create(session, actor=actor, new=body, vault=vault)
    response.headers["Location"] = f"/v1/data-requests/{request.id}"
    response.headers["ETag"] = etags.of_version(request.version)
    return DataRequestRead.model_validate(request)


@router.post("/{request_id}/actions", summary="审批或办理个人信息申请", operation_id="data_request_act")
async def data_request_act(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    request_id: UUID,
    body: DataRequestStep,
    response: Response,
    if_match: IfMatch = None,
) -> DataRequestRead:
    """Approve, reject, withdraw or carry out; whoever took the request down does not decide on it."""
    request = await data_requests.act(
        session,
        actor=actor,
        request_id=request_id,
        step=body,
        expected_version=etags.expected_version(if_match),
        vault=vault,
    )
    response.headers["ETag"] = etags.of_version(request.version)
    return DataRequestRead.model_validate(request)
