"""Channels against receivers that speak their formats: what goes out, what counts as sent, how it fails."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr, ValidationError

from app.config import Settings
from app.core import logging as ours
from app.core.ids import uuid7
from app.models.enums.message import Channel
from app.services.mobile import rules
from app.services.mobile.channels import ChannelFailed, Channels, Outgoing, base, of_settings
from tests.support.receivers import (
    KEY,
    TOKEN,
    HttpReceiver,
    Mailbox,
    channels_to,
    http_receiver,
    mail_receiver,
)
from tests.support.settings import settings_of_tests

TEXT = "工单 WG20260304-000001（暴露垃圾）已派给您的单位，请签收。"


@pytest.fixture
async def web() -> AsyncIterator[HttpReceiver]:
    """Somebody on the web."""
    async with http_receiver() as receiver:
        yield receiver


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    """A mail server."""
    async with mail_receiver() as mailbox:
        yield mailbox


@pytest.fixture
def channels(web: HttpReceiver, box: Mailbox) -> Channels:
    """All channels, with addresses as an operator sets them."""
    return channels_to(web, box)


def out(address: str | None = None) -> Outgoing:
    """A text for somebody."""
    return Outgoing(uuid7(), address, TEXT)


async def failure(channels: Channels, channel: Channel, address: str | None = None) -> tuple[str, bool]:
    """How it fails: the code, and whether for good."""
    with pytest.raises(ChannelFailed) as failed:
        await channels.send(channel, out(address))
    return failed.value.code, failed.value.final


async def test_a_robot_says_it_in_its_group_in_the_webhooks_own_format(
    web: HttpReceiver, channels: Channels
) -> None:
    await channels.send(Channel.WECOM, out())
    ((path, headers, body),) = web.got
    assert path == f"/cgi-bin/webhook/send?key={KEY}"
    assert headers["content-type"] == "application/json"
    assert body == {"msgtype": "text", "text": {"content": TEXT}}


async def test_a_robots_text_is_cut_at_what_the_webhook_takes(web: HttpReceiver, channels: Channels) -> None:
    await channels.send(Channel.WECOM, Outgoing(uuid7(), None, "网" * 5_000))
    assert web.got[0][2]["text"]["content"] == "网" * (2048 // 3)


@pytest.mark.parametrize(
    ("errcode", "final"), [(45009, False), (-1, False), (93000, True), (40001, True)], ids=str
)
async def test_a_robots_answer_says_whether_another_try_helps(
    web: HttpReceiver, channels: Channels, errcode: int, final: bool
) -> None:
    web.answer(200, {"errcode": errcode, "errmsg": "no"})
    assert await failure(channels, Channel.WECOM) == (f"wecom_{errcode}", final)


async def test_a_gateway_gets_number_signature_template_and_an_id_for_a_second_try(
    web: HttpReceiver, channels: Channels
) -> None:
    web.answer(200, {"code": 0})
    sent = out("13800000001")
    await channels.send(Channel.SMS, sent)
    ((path, headers, body),) = web.got
    assert (path, headers["authorization"]) == ("/sms", f"Bearer {TOKEN}")
    assert body == {
        "id": str(sent.id),
        "phone": "13800000001",
        "sign": "【网格】",
        "template": "T1",
        "params": {"text": TEXT},
    }
    web.answer(200, {"code": "BLACKLIST"})
    assert await failure(channels, Channel.SMS, "13800000001") == ("sms_refused", True)


@pytest.mark.parametrize(
    ("status", "final"),
    [(500, False), (503, False), (429, False), (408, False), (400, True), (401, True), (404, True)],
    ids=str,
)
async def test_a_status_says_whether_another_try_helps(
    web: HttpReceiver, channels: Channels, status: int, final: bool
) -> None:
    web.answer(status, {"code": 0})
    assert await failure(channels, Channel.SMS, "13800000001") == (f"http_{status}", final)


async def test_a_redirect_leads_nowhere(web: HttpReceiver, channels: Channels) -> None:
    async with http_receiver() as inside:
        for channel in (Channel.WECOM, Channel.SMS):
            web.answer(307, {}, Location=f"{inside.url}/admin")
            assert await failure(channels, channel, "13800000001") == ("http_307", True)
        assert inside.got == []


@pytest.mark.parametrize("channel", [Channel.WECOM, Channel.SMS])
@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[", b"x" * 100_000, b"[]", b"null", b"[" * 60_000, b"\xff\xfe"], ids=len
)
async def test_an_answer_that_is_no_answer_is_a_failure(
    web: HttpReceiver, channels: Channels, channel: Channel, content: bytes
) -> None:
    web.answer(200, content or b" ")
    code, final = await failure(channels, channel, "13800000001")
    assert code in {"answer_unreadable", "answer_too_long"}
    assert not final


async def test_a_dead_channel_is_given_up_in_time(
    web: HttpReceiver, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "SECONDS", 0.2)
    web.hangs = True
    async with asyncio.timeout(5):
        assert await failure(channels, Channel.WECOM) == ("timeout", False)


async def test_nobody_listening_is_a_failure_that_may_pass() -> None:
    settings = settings_of_tests().model_copy(
        update={
            "wecom_webhook_url": SecretStr("http://127.0.0.1:9/x"),
            "smtp_url": SecretStr("smtp://127.0.0.1:9"),
            "mail_from": "wangge@town.example",
        }
    )
    for channel in (Channel.WECOM, Channel.MAIL):
        assert await failure(of_settings(settings), channel, "a@town.example") == ("unreachable", False)


async def test_a_mail_arrives_with_nothing_of_it_in_the_subject(box: Mailbox, channels: Channels) -> None:
    sent = out("liang@town.example")
    await channels.send(Channel.MAIL, sent)
    (letter,) = box.got
    assert (letter["To"], letter["From"]) == ("liang@town.example", "wangge@town.example")
    assert letter["Subject"] == "网格工作提醒"
    assert letter["Message-ID"] == f"<{sent.id}@town.example>"
    assert letter.get_payload(decode=True).decode().strip() == TEXT  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("says", "failed"),
    [("450 busy", ("smtp_450", False)), ("550 no such user", ("smtp_550", True))],
    ids=["later", "never"],
)
async def test_a_mail_servers_answer_says_whether_another_try_helps(
    box: Mailbox, channels: Channels, says: str, failed: tuple[str, bool]
) -> None:
    box.refuses = says
    assert await failure(channels, Channel.MAIL, "liang@town.example") == failed


async def test_no_mail_goes_to_a_domain_that_is_not_allowed(box: Mailbox, channels: Channels) -> None:
    assert await failure(channels, Channel.MAIL, "liang@elsewhere.example") == ("domain", True)
    assert box.got == []


async def test_no_log_line_holds_a_key_or_a_number(
    web: HttpReceiver, channels: Channels, caplog: pytest.LogCaptureFixture
) -> None:
    root = logging.getLogger()
    handlers = root.handlers[:]
    ours.configure("DEBUG")
    root.handlers.extend(handlers)
    try:
        with caplog.at_level(logging.DEBUG):
            for channel in (Channel.WECOM, Channel.SMS):
                await channels.send(channel, out("13800000001"))
    finally:
        ours.configure("WARNING")
        root.handlers[:] = handlers
    told = caplog.text
    assert web.got
    assert not [secret for secret in (KEY, TOKEN, "13800000001") if secret in told]


def test_a_channel_is_there_once_its_settings_are() -> None:
    assert not [channel for channel in Channel if channel in of_settings(settings_of_tests())]


@pytest.mark.parametrize(
    "wrong",
    [
        {"wecom_webhook_url": "ftp://example.org/x"},
        {"sms_url": "file:///etc/passwd"},
        {"smtp_url": "http://example.org"},
        {"smtp_url": "smtp://"},
        {"sms_url": "https://example.org:99999/sms"},
        {"sms_url": "https://[::1/sms"},
        {"mail_from": "nobody"},
    ],
    ids=str,
)
def test_settings_that_are_no_address_of_a_channel_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, environment="test", **wrong)  # type: ignore[arg-type]


def test_in_production_a_channel_of_the_web_is_encrypted() -> None:
    chosen = {"environment": "production", "secret_key": "".join(map(chr, range(48, 110)))}
    Settings(_env_file=None, **chosen, sms_url="https://sms.example.org")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **chosen, sms_url="http://sms.example.org")  # type: ignore[arg-type]


def test_what_the_api_says_is_configured_is_what_the_worker_has(channels: Channels) -> None:
    some = {"wecom_webhook_url": SecretStr("https://x.example/y"), "smtp_url": SecretStr("smtp://x.example")}
    for chosen in ({}, some, {**some, "mail_from": "a@x.example"}):
        settings = settings_of_tests().model_copy(update=chosen)
        there = of_settings(settings)
        assert rules.configured(settings) == {channel: channel in there for channel in Channel}
    assert all(channel in channels for channel in Channel)
