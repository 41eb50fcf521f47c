"""Passwords: which are good enough, and what is done with them."""

import pytest

from app.core.errors import Unavailable
from app.services.access import passwords
from app.services.access.passwords import WeakPassword

NAME = "liang.jingban"


@pytest.mark.parametrize(
    "password", ["Abcdef12", "abcdef1!", "ABCDEF1!", "Abcdefg!", "a1 网格员八个字", "Aa1" * 40]
)
def test_eight_characters_of_three_kinds_are_good_enough(password: str) -> None:
    passwords.require_good(password, username=NAME)


@pytest.mark.parametrize(
    ("password", "lacks"),
    [
        ("Abc12!x", "8"),
        ("abcdefgh", "三种"),
        ("abcdefg1", "三种"),
        ("ABCDEFG1", "三种"),
        ("12345678!", "三种"),
        ("Xliang.jingban1", "账号名"),
        ("1LIANG.JINGBANx", "账号名"),
    ],
)
def test_a_weak_password_is_told_what_it_lacks(password: str, lacks: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        passwords.require_good(password, username=NAME)
    assert lacks in refused.value.detail_zh
    assert refused.value.errors[0].where == "body.new_password"
    assert password not in refused.value.detail_zh + refused.value.detail_en


def test_initial_passwords_are_good_enough_and_never_twice_the_same() -> None:
    made = {passwords.initial() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        passwords.require_good(password, username=NAME)
        assert not set(password) & set("0O1lI")


async def test_a_password_matches_its_own_hash_only() -> None:
    hashed = await passwords.hashed("Right-123")
    assert "Right-123" not in hashed
    assert await passwords.matches("Right-123", hashed)
    assert not await passwords.matches("right-123", hashed)


async def test_without_an_account_nothing_matches() -> None:
    assert not await passwords.matches("", None)
    assert not await passwords.matches("Right-123", None)


async def test_the_hash_of_a_new_account_is_opened_by_nothing() -> None:
    hashed = await passwords.unusable()
    assert hashed.startswith("$argon2id$")
    assert not await passwords.matches("", hashed)


async def test_a_flood_of_sign_ins_is_sent_away_instead_of_queueing_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    with pytest.raises(Unavailable) as refused:
        await passwords.hashed("Right-123")
    assert refused.value.headers["Retry-After"]
