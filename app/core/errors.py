"""Errors as classes: one for each cause, raised by the service that knows, rendered once.

A `Problem` is what RFC 9457 calls one; its title and detail exist in Chinese and English. This floor
knows nothing of HTTP replies: `app/api/problems.py` renders. A detail never holds personal data.
"""

from collections.abc import Mapping
from typing import ClassVar


class FieldError:
    """One field that is wrong: where (`body.title`), a code, and what to do about it."""

    __slots__ = ("code", "message_en", "message_zh", "where")

    def __init__(self, where: str, code: str, message_zh: str, message_en: str) -> None:
        self.where = where
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en


class Problem(Exception):
    """A refusal or failure that the caller should understand; `extra` goes into the body as it is."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title_zh: ClassVar[str] = "服务器出错"
    title_en: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail_zh: str | None = None,
        detail_en: str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail_en or self.title_en)
        self.detail_zh = detail_zh or self.title_zh
        self.detail_en = detail_en or self.title_en
        self.errors = errors
        self.headers = dict(headers or {})
        self.extra = extra


class BadRequest(Problem):
    """The request cannot be read at all."""

    status, code = 400, "bad_request"
    title_zh, title_en = "请求格式有误", "Bad request"


class Unauthenticated(Problem):
    """Nobody is signed in: no token, or an expired, forged or revoked one."""

    status, code = 401, "unauthenticated"
    title_zh, title_en = "请先登录", "Sign in first"


class Forbidden(Problem):
    """The caller is known and may not do this."""

    status, code = 403, "forbidden"
    title_zh, title_en = "您没有权限做这件事", "You may not do this"


class NotFound(Problem):
    """It does not exist, or lies outside the caller's scope: the two look the same."""

    status, code = 404, "not_found"
    title_zh, title_en = "没有找到，或不在您的管辖范围内", "Not found, or outside your area"


class Conflict(Problem):
    """It cannot be done as things stand now."""

    status, code = 409, "conflict"
    title_zh, title_en = "与现有数据冲突", "Conflicts with what is there"


class Busy(Problem):
    """Somebody else holds what is needed; try again."""

    status, code = 409, "busy"
    title_zh, title_en = (
        "有人正在处理同一条数据，请稍后重试",
        "Somebody is working on it, try again",
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class Stale(Problem):
    """`If-Match` names another version than the present one."""

    status, code = 412, "stale_version"
    title_zh, title_en = "数据已被他人更新，请刷新后再试", "Changed by somebody else, reload it"


class TooLarge(Problem):
    """The body is longer than the deployment allows."""

    status, code = 413, "body_too_large"
    title_zh, title_en = "提交的内容过大", "The body is too large"


class Invalid(Problem):
    """Fields are missing or wrong; `errors` names each."""

    status, code = 422, "invalid"
    title_zh, title_en = "填写的内容有误", "Some fields are wrong"


class Unavailable(Problem):
    """A part that is needed (the database) is away; the same call may work soon."""

    status, code = 503, "unavailable"
    title_zh, title_en = "服务暂时不可用，请稍后重试", "Temporarily unavailable, try again"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


def invalid_field(where: str, message_zh: str, message_en: str, code: str = "invalid") -> Invalid:
    """An `Invalid` for one field, whose message is also the detail."""
    return Invalid(message_zh, message_en, errors=(FieldError(where, code, message_zh, message_en),))
