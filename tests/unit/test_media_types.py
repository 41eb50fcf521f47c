"""Telling files by their bytes: what is taken, what is not, and what pretends to be two things."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.media_types import EXTENSIONS, HEAD_BYTES, TAIL_BYTES, hides_another, sniff
from tests.support import media


@pytest.mark.parametrize(("content", "mime"), media.TAKEN.values(), ids=media.TAKEN)
def test_each_kind_is_told_by_its_content(content: bytes, mime: str) -> None:
    assert sniff(content[:HEAD_BYTES]) == mime
    assert not hides_another(content[:HEAD_BYTES], content[-TAIL_BYTES:])


def test_every_type_of_the_table_has_a_sample_and_an_extension() -> None:
    shown = {mime for _content, mime in media.TAKEN.values()} | {"audio/amr-wb"}
    assert shown == EXTENSIONS.keys()
    assert all(name.isalnum() and name.isascii() for name in EXTENSIONS.values())


@pytest.mark.parametrize("content", media.REFUSED.values(), ids=media.REFUSED)
def test_everything_else_is_none_of_them(content: bytes) -> None:
    assert sniff(content) is None


@pytest.mark.parametrize("content", media.TWO_FACED.values(), ids=media.TWO_FACED)
def test_what_is_two_things_at_once_is_found(content: bytes) -> None:
    assert sniff(content[:HEAD_BYTES]) is not None
    assert hides_another(content[:HEAD_BYTES], content[-TAIL_BYTES:])


def test_an_archives_mark_that_belongs_to_no_archive_is_only_noise() -> None:
    for noise in (b"PK\x05\x06", b"PK\x05\x06" + b"\x01" * 18, b"PK\x05\x06" + bytes(16) + b"\xff\xff"):
        assert not hides_another(media.jpeg(), media.jpeg() + noise)


def test_photos_full_of_noise_are_photos_and_nothing_else() -> None:
    for _turn in range(50):
        content = media.jpeg() + os.urandom(200_000)
        assert not hides_another(content[:HEAD_BYTES], content[-TAIL_BYTES:])


@given(st.binary(max_size=300))
def test_any_bytes_at_all_get_an_answer(content: bytes) -> None:
    assert sniff(content) in {None, *EXTENSIONS}
    assert hides_another(content, content) in {True, False}


@given(st.sampled_from(list(media.TAKEN.values())), st.integers(0, 40))
def test_a_file_that_is_cut_anywhere_gets_an_answer(sample: tuple[bytes, str], length: int) -> None:
    assert sniff(sample[0][:length]) in {None, sample[1], "image/heif"}
