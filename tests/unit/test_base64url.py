"""Letters for bytes: one spelling, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import base64url


@given(st.binary(max_size=80))
def test_what_was_spelt_is_read_as_it_was(raw: bytes) -> None:
    assert base64url.read(base64url.spelt(raw)) == raw


@pytest.mark.parametrize("text", ["AB CD", "AA==", "AB", "A", "AAA\n", "AA+/", "钥匙", "AAAA$$$$"])
def test_no_other_spelling_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"otherwise|padding|ASCII|data characters"):
        base64url.read(text)
