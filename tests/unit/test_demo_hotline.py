"""The demo's hotline believes only what was signed just now with its secret, and hears it once."""

import json
from collections.abc import Mapping
from http import HTTPStatus

import pytest

from app.core import clock
from app.demo import hotline
from app.demo.hotline import TOLERANCE_SECONDS, Receiver
from app.runtime.failures import CommandFailed
from app.services.exchange.webhooks import signing

BODY = json.dumps({"data": {"external_ref": "DH1", "label": "受理"}}).encode()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """A hotline's receiver, which does not wait for what has not come."""
    monkeypatch.setattr(hotline, "PATIENCE_SECONDS", 0.0)
    return Receiver("http://127.0.0.1/", signing.new_secret())


def signed(secret: str, message_id: str = "evt_1", *, late: int = 0) -> Mapping[str, str]:
    """The headers of the body, signed some seconds ago."""
    return signing.headers(message_id, int(clock.now().timestamp()) - late, BODY, [secret])


def test_what_comes_twice_is_heard_once(receiver: Receiver) -> None:
    for _time in range(2):
        assert receiver.take(signed(receiver.secret), BODY) is HTTPStatus.NO_CONTENT
    assert receiver.next("DH1")["label"] == "受理"
    with pytest.raises(CommandFailed, match="没有等到 DH1"):
        receiver.next("DH1")
    assert receiver.refused == 0


def test_what_is_not_signed_with_the_secret_is_refused_and_counted(receiver: Receiver) -> None:
    for headers, body in (
        ({}, BODY),
        (signed(signing.new_secret()), BODY),
        (signed(receiver.secret), BODY + b" "),
        (signed(receiver.secret, late=TOLERANCE_SECONDS + 60), BODY),
    ):
        assert receiver.take(headers, body) is HTTPStatus.UNAUTHORIZED
    assert receiver.refused == 4
    with pytest.raises(CommandFailed):
        receiver.next("DH1")


def test_news_of_other_tickets_is_passed_over(receiver: Receiver) -> None:
    assert receiver.take(signed(receiver.secret), BODY) is HTTPStatus.NO_CONTENT
    with pytest.raises(CommandFailed):
        receiver.next("DH2")
