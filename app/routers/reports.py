"""Reports: monthly, quarterly, half-yearly and rounds of rankings; as JSON, as a workbook, as one page."""

import asyncio
import tempfile
from io import BytesIO
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from app.api import downloads
from app.api.actors import ReportMaker, StatsReader
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums.report import ReportKind
from app.schemas.report import ReportBrief, ReportCreate, ReportRead
from app.schemas.types import PageRead
from app.services.exchange import books
from app.services.stats import report_book, report_page, reports

PATH = "/v1/reports"
HTML = "text/html; charset=utf-8"
router = APIRouter(
    prefix=PATH, tags=["stats"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="报告列表", operation_id="reports_list")
async def reports_list(
    session: Session,
    actor: StatsReader,
    kind: ReportKind | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[ReportBrief]:
    """The reports of the areas and organisations within the caller's figures, the newest first."""
    page = await reports.page(session, actor=actor, kind=kind, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="出具报告", operation_id="report_create")
async def report_create(
    session: Session, actor: ReportMaker, body: ReportCreate, response: Response
) -> ReportRead:
    """The report of a period that is over: made and frozen now, or the one that was made before."""
    found = await reports.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PATH}/{found.id}"
    return found


@router.get("/{report_id}", summary="报告", operation_id="report_read")
async def report_read(session: Session, actor: StatsReader, report_id: UUID) -> ReportRead:
    """A report with its figures as they were published."""
    return await reports.find(session, actor=actor, report_id=report_id)


@router.get(
    "/{report_id}/workbook",
    summary="下载报告（工作簿）",
    operation_id="report_workbook",
    response_class=StreamingResponse,
    responses={200: {"description": "工作簿", "content": {books.MIME: {}}}},
)
async def report_workbook(session: Session, actor: StatsReader, report_id: UUID) -> StreamingResponse:
    """The report as xlsx, a sheet for each table."""
    report = await reports.find(session, actor=actor, report_id=report_id)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    await asyncio.to_thread(report_book.write, file, report)
    return downloads.made(file, mime=books.MIME, name=f"report-{report.kind}-{report.first_on}.xlsx")


@router.get(
    "/{report_id}/page",
    summary="下载报告（网页）",
    operation_id="report_page",
    response_class=StreamingResponse,
    responses={200: {"description": "一个自带样式和图表的网页", "content": {"text/html": {}}}},
)
async def report_as_page(session: Session, actor: StatsReader, report_id: UUID) -> StreamingResponse:
    """The report as one HTML page with its charts, which needs no network and runs no script."""
    report = await reports.find(session, actor=actor, report_id=report_id)
    file = BytesIO(report_page.page(report).encode())
    return downloads.made(file, mime=HTML, name=f"report-{report.kind}-{report.first_on}.html")
