"""Texts as people type them come to one form, and what cannot be kept is refused."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.core import clock
from app.core.texts import compact, fold, fold_name, without_numbers_of_people
from app.schemas.folding import BirthDay, Code, Day, Label, Mobile, PersonName, PersonPhone


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("３栋５０２房", "3栋502房"),
        ("九江大道（北）１２号", "九江大道(北)12号"),
        ("3—502", "3-502"),
        ("  沙头\u3000\u3000水南街 ", "沙头 水南街"),
        ("朝阳\u200b路\ufeff", "朝阳路"),
        ("𠮷祥里１号", "𠮷祥里1号"),
    ],
)
def test_an_address_comes_to_its_plain_form(typed: str, kept: str) -> None:
    assert fold(typed) == kept
    assert read(Label, typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("张　三", "张三"),
        (" 欧 阳 修 ", "欧阳修"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉・买买提", "阿卜杜拉·买买提"),
        ("Ｊｏｈｎ Smith", "John Smith"),
        ("㛃𣑯", "㛃𣑯"),
    ],
)
def test_a_name_loses_blanks_and_strange_dots_but_no_rare_characters(typed: str, kept: str) -> None:
    assert fold_name(typed) == kept
    assert read(PersonName, typed) == kept


@pytest.mark.parametrize("typed", ["", " \u200b ", "张\n三", "张\x00三", "张\ud800", "三" * 31])
def test_a_name_that_cannot_be_kept_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        read(PersonName, typed)


@pytest.mark.parametrize(
    "typed", ["13800131234", "138 0013 1234", "138-0013-1234", "+86 13800131234", "１３８００１３１２３４"]
)
def test_a_mobile_number_is_eleven_digits_however_it_is_typed(typed: str) -> None:
    assert read(Mobile, typed) == "13800131234"
    assert read(PersonPhone, typed) == "13800131234"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0757-8650 1234", "075786501234"),
        ("(010)65001234", "01065001234"),
        ("+852 5123 1234", "+85251231234"),
    ],
)
def test_people_may_have_landlines_and_numbers_of_hong_kong(typed: str, kept: str) -> None:
    assert read(PersonPhone, typed) == kept


@pytest.mark.parametrize("typed", ["12800131234", "1380013123", "138001312345", "tel", "", 13800131234])
def test_what_is_no_phone_number_is_refused(typed: object) -> None:
    with pytest.raises(ValidationError):
        read(PersonPhone, typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("来电人：13812345678，请回电。", "来电人：***，请回电。"),
        ("１３８１２３４５６７８（微信）", "***（微信）"),
        ("证件 44068119900101123X，灯杆 10086001。", "证件 ***，灯杆 10086001。"),
        (" 面积 30㎡，138—1234—5678", "面积 30m2,***"),
        ("路灯不亮，灯杆 10086001，30㎡。 ", "路灯不亮，灯杆 10086001，30㎡。 "),
    ],
)
def test_numbers_of_people_go_from_a_text_and_the_rest_stays_as_it_was_typed(typed: str, kept: str) -> None:
    assert without_numbers_of_people(typed, "***") == kept


def test_a_code_is_letters_digits_and_dashes() -> None:
    assert read(Code, " ４４０６０５１２１００１ ") == "440605121001"
    assert compact("A – 1") == "A-1"
    with pytest.raises(ValidationError):
        read(Code, "44060512100?")


def test_days_far_off_are_refused() -> None:
    today = clock.today()
    assert read(Day, today) == today
    assert read(BirthDay, today) == today
    for kind, day in ((Day, "1899-12-31"), (Day, "9999-12-31"), (BirthDay, "1889-12-31")):
        with pytest.raises(ValidationError):
            read(kind, day)
    with pytest.raises(ValidationError):
        read(BirthDay, today + timedelta(days=1))
