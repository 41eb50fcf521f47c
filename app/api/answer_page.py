"""The answer page's HTML: one question, one form, no script; what residents wrote is escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType

from fastapi import Response
from pydantic import ValidationError

from app.api.validation import problem_of
from app.schemas.public_report import AnswerAsked, AnswerCreate

SOLVED = MappingProxyType({"solved": "已解决", "basically": "基本解决", "unsolved": "未解决"})
SATISFACTION = MappingProxyType(
    {
        "very": "非常满意",
        "satisfied": "满意",
        "basically": "基本满意",
        "dissatisfied": "不满意",
        "very_dis": "非常不满意",
    }
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>办理结果评价</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 1.5rem auto; padding: 0 1rem; }}
label, button {{ display: block; padding: .5rem 0; }} textarea {{ width: 100%; font: inherit; }}
button {{ font: inherit; width: 100%; }} fieldset {{ margin: 1rem 0; }}
</style></head><body><main>{content}</main></body></html>
"""


def question(asked: AnswerAsked) -> Response:
    """The form."""
    reply = f"<p>答复：{escape(asked.public_reply)}</p>" if asked.public_reply else ""
    content = (
        f"<h1>您反映的“{escape(asked.service_name)}”已办理</h1>{reply}"
        f'<form method="post">{_choice("solved", "问题解决了吗？", SOLVED)}'
        f"{_choice('satisfaction', '您对办理满意吗？', SATISFACTION)}"
        '<label for="opinion">意见（可不填）</label>'
        '<textarea id="opinion" name="opinion" rows="3" maxlength="500"></textarea>'
        '<button type="submit">提交</button></form>'
    )
    return _page(content, 200)


def said(text: str, status: int) -> Response:
    """A page that only says something."""
    return _page(f"<p>{escape(text)}</p>", status)


def answer_of(texts: Mapping[str, Sequence[str]]) -> AnswerCreate:
    """The answer in a form's texts; `Invalid`."""
    given = {name: texts[name][-1] for name in AnswerCreate.model_fields if texts.get(name, [""])[-1].strip()}
    try:
        return AnswerCreate.model_validate(given)
    except ValidationError as wrong:
        raise problem_of([dict(error) for error in wrong.errors()]) from wrong


def _choice(name: str, title: str, values: Mapping[str, str]) -> str:
    options = "".join(
        f'<label><input type="radio" name="{name}" value="{value}" required> {label}</label>'
        for value, label in values.items()
    )
    return f"<fieldset><legend>{title}</legend>{options}</fieldset>"


def _page(content: str, status: int) -> Response:
    return Response(_PAGE.format(content=content), status, _HEADERS, "text/html; charset=utf-8")
