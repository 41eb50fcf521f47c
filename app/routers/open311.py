"""Open311 GeoReport v2: what the public reads without a key, and what a client reports with one.

Each address is served as `.json`, `.xml` and without a suffix; the documentation names the first two. No
connection is held while a form comes in.
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import actors, downloads, forms, open311, public_limits
from app.api.deadlines import DeadlinesApart
from app.api.open311 import ApiKeyNeeded, Query, Wanted, in_jurisdiction
from app.api.open311_routes import (
    REPORT_FORM,
    REQUEST_QUERY,
    REQUESTS_QUERY,
    UPDATE_FORM,
    UPDATES_QUERY,
    body,
    queried,
    refused,
    served,
)
from app.api.parts import Configured, Files, Opener
from app.api.sessions import Session
from app.core.db import transaction
from app.core.errors import Forbidden, Unauthenticated
from app.core.media_types import EXTENSIONS
from app.models.enums.third_party import ServiceKind
from app.schemas.open311 import (
    Open311Created,
    Open311Definition,
    Open311Discovery,
    Open311Endpoint,
    Open311Request,
    Open311Service,
    Open311Token,
    Open311TokenGiven,
    Open311Update,
    Open311UpdateCreated,
)
from app.services.exchange.open311 import asked, catalogue, posting, requests, steps
from app.services.exchange.public import media, reporting
from app.services.platform.actor import Actor, Dataset

POSTED = tuple(f"{open311.PREFIX}/requests{suffix}" for suffix in ("", ".json", ".xml"))
CHANGESET = datetime(2026, 11, 22, tzinfo=UTC)
CONTACT = "请联系当地的综合治理指挥中心"
KEY_SERVICE = "接入方由系统管理员登记，令牌在登记后发放"
LISTED = "public, max-age=60"
WRITING = "tickets:write"
router = APIRouter(
    prefix=open311.PREFIX, tags=["open311"], dependencies=[Depends(public_limits.reading), in_jurisdiction]
)
_served = partial(served, router)


async def _caller(request: Request, session: AsyncSession, key: str | None) -> Actor:
    """The client of an api_key, with a token that reads tickets; `ApiKeyNeeded`."""
    try:
        actor = await actors.current_actor(request, session, key)
    except Unauthenticated as nobody:
        raise ApiKeyNeeded from nobody
    if actor.client_id is None:
        raise ApiKeyNeeded
    if not actor.grants_of(Dataset.TICKETS):
        raise Forbidden("该令牌不能查看工单", "The token does not open tickets")
    return actor


async def _reader(request: Request, session: AsyncSession, query: Query) -> Actor | None:
    key = asked.one(query, "api_key")
    return await _caller(request, session, key) if key else None


async def _writer(request: Request, opener: Opener, texts: Query, query: Query) -> Actor:
    open311.require_jurisdiction(request, asked.one(texts, "jurisdiction_id"))
    key = asked.one(texts, "api_key") or asked.one(query, "api_key")
    if key is None:
        raise ApiKeyNeeded
    async with transaction(opener) as session:
        actor = await _caller(request, session, key)
    if WRITING not in actor.token_scopes:
        raise Forbidden("该令牌不能上报", "The token does not write tickets")
    return actor


@_served(
    "GET",
    "/discovery",
    Open311Discovery,
    root="discovery",
    summary="服务发现",
    name="open311_discovery",
)
async def open311_discovery(request: Request, form: Wanted, settings: Configured) -> Response:
    """Where the services are served, in which formats, and whom to ask for a key."""
    endpoint = Open311Endpoint(
        specification="http://wiki.open311.org/GeoReport_v2",
        url=open311.base(request),
        changeset=CHANGESET,
        type="production" if settings.environment == "production" else "test",
        formats=["text/xml", "application/json"],
    )
    found = Open311Discovery(
        changeset=CHANGESET, contact=CONTACT, key_service=KEY_SERVICE, endpoints=[endpoint]
    )
    return open311.reply(form, "discovery", found, cache=LISTED)


@_served(
    "GET",
    "/services",
    list[Open311Service],
    root="services",
    summary="服务类别",
    name="open311_services",
)
async def open311_services(session: Session, form: Wanted) -> Response:
    """The categories that the public may report in."""
    return open311.reply(form, "services", await catalogue.listed(session), cache=LISTED)


@_served(
    "GET",
    "/services/{service_code}",
    Open311Definition,
    root="service_definition",
    summary="服务类别的附加项",
    name="open311_service",
)
async def open311_service(session: Session, form: Wanted, service_code: str) -> Response:
    """What is asked in a category besides the report itself."""
    found = await catalogue.definition(session, service_code)
    return open311.reply(form, "service_definition", found, cache=LISTED)


@_served(
    "GET",
    "/requests",
    list[Open311Request],
    root="service_requests",
    summary="已公开的上报",
    name="open311_requests",
    extra=queried(REQUESTS_QUERY),
)
async def open311_requests(request: Request, session: Session, form: Wanted, query: Query) -> Response:
    """Published requests, newest first; with a key those of the client's areas, and its own."""
    wanted = asked.requests(query)
    actor = await _reader(request, session, query)
    base = f"{open311.base(request)}/media"
    found = await requests.page(session, actor=actor, asked=wanted, base=base)
    return open311.reply(form, "service_requests", found, cache=None)


@_served(
    "GET",
    "/requests/{service_request_id}",
    list[Open311Request],
    root="service_requests",
    summary="一件上报",
    name="open311_request",
    extra=queried(REQUEST_QUERY),
)
async def open311_request(
    request: Request, session: Session, form: Wanted, query: Query, service_request_id: str
) -> Response:
    """One request that is published, or the client's own; a list of one."""
    actor = await _reader(request, session, query)
    found = await requests.one(
        session,
        actor=actor,
        request_id=service_request_id,
        base=f"{open311.base(request)}/media",
        extended=asked.one(query, "extensions") == "true",
    )
    return open311.reply(form, "service_requests", [found], cache=None)


@_served(
    "GET",
    "/tokens/{token}",
    list[Open311Token],
    root="service_requests",
    summary="由令牌查编号",
    name="open311_token",
)
async def open311_token(session: Session, form: Wanted, token: str) -> Response:
    """The id of the request that a token was given for; empty while nobody has accepted it."""
    found = await requests.of_token(session, token=token)
    return open311.reply(form, "service_requests", [found], cache=None)


@_served(
    "POST",
    "/requests",
    list[Open311Created | Open311TokenGiven],
    root="service_requests",
    summary="上报",
    name="open311_report",
    extra=body(REPORT_FORM, media=True),
)
async def open311_report(
    request: Request,
    form: Wanted,
    query: Query,
    opener: Opener,
    settings: Configured,
    files: Files,
    deadlines: DeadlinesApart,
) -> Response:
    """Report as a client, by an urlencoded form, or a multipart one with `media`; it is not public yet."""
    async with forms.received(request, file="media") as posted:
        actor = await _writer(request, opener, posted.texts, query)
        sent = posting.request(posted.texts)
        await public_limits.phone(request, sent.phone)
        limit = settings.max_attachment_bytes
        placed = [await forms.placed(opener, files, upload, limit=limit) for upload in posted.files]
    async with transaction(opener) as session:
        taken = await reporting.take(
            session,
            actor=actor,
            sent=replace(sent, files=placed),
            deadlines=deadlines,
            vault=request.app.state.vault,
            prefix=settings.ticket_prefix,
        )
    return open311.reply(form, "service_requests", [_created(taken)], cache=None)


@_served(
    "GET",
    "/servicerequestupdates",
    list[Open311Update],
    root="service_requests_updates",
    summary="办理进展",
    name="open311_updates",
    extra=queried(UPDATES_QUERY),
)
async def open311_updates(request: Request, session: Session, form: Wanted, query: Query) -> Response:
    """The steps of published requests, or of the client's, that changed their state; oldest first."""
    span = asked.span(query, "start_date", "end_date") or asked.lately()
    actor = await _reader(request, session, query)
    found = await steps.updates(session, actor=actor, span=span)
    return open311.reply(form, "service_requests_updates", found, cache=None)


@_served(
    "POST",
    "/servicerequestupdates",
    list[Open311UpdateCreated],
    root="service_requests_updates",
    summary="补充或撤回自己的上报",
    name="open311_update",
    extra=body(UPDATE_FORM, media=False),
)
async def open311_update(
    request: Request, form: Wanted, query: Query, opener: Opener, deadlines: DeadlinesApart
) -> Response:
    """A client's words on its own request, as a comment; CANCELLED withdraws it while that is possible."""
    async with forms.received(request) as posted:
        actor = await _writer(request, opener, posted.texts, query)
    async with transaction(opener) as session:
        update_id = await posting.update(session, actor=actor, form=posted.texts, deadlines=deadlines)
    created = Open311UpdateCreated(update_id=update_id)
    return open311.reply(form, "service_requests_updates", [created], cache=None)


@router.get(
    "/media/{attachment_id}",
    summary="已公开的照片",
    operation_id="open311_media",
    response_class=StreamingResponse,
    responses={
        200: {"description": "照片", "content": {mime: {} for mime in EXTENSIONS}},
        **downloads.REPLIES,
        **refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    },
)
async def open311_media(request: Request, opener: Opener, files: Files, attachment_id: str) -> Response:
    """A photo that a dispatcher published, to save."""
    async with transaction(opener) as session:
        row = await media.published(session, attachment_id=attachment_id)
    return await downloads.reply(request, files=files, file=downloads.whole(row))


def _created(taken: reporting.Taken) -> BaseModel:
    if taken.kind is ServiceKind.BATCH:
        return Open311TokenGiven(token=taken.number, service_notice=taken.notice)
    return Open311Created(service_request_id=str(taken.ticket_id), service_notice=taken.notice)
