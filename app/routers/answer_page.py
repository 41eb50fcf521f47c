"""The page that a link in a text message opens: a form without scripts, for any phone."""

from fastapi import APIRouter, Depends, Request, Response

from app.api import answer_page, forms, public_limits
from app.api.deadlines import DeadlinesApart
from app.api.parts import Opener
from app.api.sessions import Session
from app.api.vault import AppVault
from app.core.db import transaction
from app.core.errors import Invalid, Problem
from app.services.exchange.public import answering

router = APIRouter(
    prefix=answering.PAGE, include_in_schema=False, dependencies=[Depends(public_limits.reading)]
)


@router.get("/{link}")
async def answer_form(session: Session, vault: AppVault, link: str) -> Response:
    """The question, or why nothing is asked any more."""
    try:
        asked = await answering.asked(session, vault=vault, link=link)
    except Problem as refused:
        return answer_page.said(refused.detail_zh, refused.status)
    return answer_page.question(asked)


@router.post("/{link}")
async def answer_sent(
    request: Request, opener: Opener, vault: AppVault, deadlines: DeadlinesApart, link: str
) -> Response:
    """Take the answer of the form."""
    try:
        async with transaction(opener) as session:
            await answering.asked(session, vault=vault, link=link)
        async with forms.received(request) as sent:
            new = answer_page.answer_of(sent.texts)
        async with transaction(opener) as session:
            await answering.answer(session, vault=vault, link=link, new=new, deadlines=deadlines)
    except Invalid as wrong:
        return answer_page.said(wrong.detail_zh, 400)
    except Problem as refused:
        return answer_page.said(refused.detail_zh, refused.status)
    return answer_page.said("谢谢，您的评价已收到。", 200)
