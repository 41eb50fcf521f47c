"""What is kept of a refusal: short, readable, without keys, numbers or the ticket's own words."""

import json

import pytest

from app.services.exchange.webhooks.excerpts import MOST, REPEATED, cleaned

TITLE = "沙龙路垃圾堆放三天没人清"


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b"", None),
        (b" \r\n", None),
        (b"internal error", "internal error"),
        ("数据库连接失败".encode(), "数据库连接失败"),
        (b"\xff\xfe\x00boom", "�� boom"),
        (b"bad signature v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "bad signature ***"),
        (b"secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw is wrong", "secret *** is wrong"),
        (b"Authorization: Bearer abc.def", "Authorization: ***"),
        (b"token wg_0123456789abcdef.x1", "token ***"),
        (b"key 0123456789abcdef0123456789abcdef", "key ***"),
        ("用户 13812345678 不存在".encode(), "用户 *** 不存在"),
        ("证件 44068119900101123X".encode(), "证件 ***"),
        ("电话 138 1234 5678".encode(), "电话 ***"),
    ],
)
def test_secrets_and_numbers_are_blotted_out(answer: bytes, kept: str | None) -> None:
    assert cleaned(answer, ()) == kept


@pytest.mark.parametrize(
    "answer",
    [
        f"got {TITLE}".encode(),
        f"无法解析：{TITLE[3:10]}".encode(),
        json.dumps({"echo": TITLE}).encode(),
        f"x{TITLE}".encode()[:30],
    ],
)
def test_an_answer_that_repeats_the_ticket_is_not_kept(answer: bytes) -> None:
    assert cleaned(answer, (TITLE,)) == REPEATED


def test_an_answer_is_cut() -> None:
    assert cleaned(b"no " * 1000, (TITLE,)) == ("no " * 100)[:MOST]
