"""The words of messages: nothing but codes goes in, and every message can be read."""

import string

import pytest

from app.models.enums import ClockKind
from app.models.enums.message import MessageCategory
from app.services.mobile import wording
from app.services.mobile.wording import CATEGORY_ZH, CLOCK_ZH, WORDS

CODES = {
    "no": "WG20260304-000001",
    "label": "暴露垃圾",
    "clock": "handle",
    "due_at": "2026-03-04T02:00:00+00:00",
}


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_a_message_can_be_read_with_all_of_its_codes_and_with_none(kind: str) -> None:
    for data in (CODES, {}, {"no": "WG1"}):
        told = wording.text(kind, data)
        assert told.endswith("。")
        assert "{" not in told
        assert "None" not in told


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_trap_9_no_message_has_room_for_a_title_a_name_a_number_or_an_address(kind: str) -> None:
    rooms = {name for _text, name, _format, _conversion in string.Formatter().parse(WORDS[kind].text) if name}
    assert rooms <= {"no", "label", "clock", "due"}
    leaked = CODES | {"title": "某企业", "name": "公孙", "phone": "13933334444", "address": "保密巷"}
    assert wording.text(kind, leaked) == wording.text(kind, CODES)


def test_a_limit_is_told_by_the_clock_on_the_wall() -> None:
    assert "03-04 10:00" in wording.text("to_sign", CODES)
    assert "办理时限" in wording.text("clock.red", CODES)


def test_several_messages_are_one_text_of_two_segments_at_most() -> None:
    told = wording.private([("to_sign", CODES)] * 12)
    assert told.startswith("您有 12 条未读消息")
    assert len(told) <= 140


def test_a_group_is_told_whose_and_what_sort_and_no_record() -> None:
    told = wording.shared("梁经办", ["to_sign", "to_sign", "card.red"])
    assert told == "梁经办 有 3 条未读消息：待签收、红牌督办，请打开应用查看。"


def test_every_category_and_clock_has_a_name() -> None:
    assert CATEGORY_ZH.keys() == set(MessageCategory)
    assert CLOCK_ZH.keys() == set(ClockKind)
