"""Cells as offices fill them in come to one form, or to a sentence that says what to do."""

from collections.abc import Callable
from datetime import date

import pytest

from app.core.workbook.cells import Row
from app.models.enums.exchange import ImportKind
from app.services.exchange import cells, codes, headers
from app.services.exchange.faults import CellFault
from app.services.exchange.headers import Header
from app.services.exchange.importables import HOUSEHOLDS, IMPORTABLES, hidden_number
from app.services.exchange.rows import Cleaner
from app.services.registry.identity import check_character

BODY = "44060519900307123"
NUMBER = BODY + check_character(BODY)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2024.10.11", date(2024, 10, 11)),
        ("2024/10/11", date(2024, 10, 11)),
        ("2024年10月11日", date(2024, 10, 11)),
        ("2024-10-11", date(2024, 10, 11)),
        ("2024-10-11 08:30:00", date(2024, 10, 11)),
        ("２０２４．１０．１１", date(2024, 10, 11)),
        ("2024年1月1日", date(2024, 1, 1)),
        ("45567", date(2024, 10, 2)),
        ("19900307", date(1990, 3, 7)),
        ("1990-3-7", date(1990, 3, 7)),
    ],
)
def test_a_day_is_read_in_every_fashion(typed: str, day: date) -> None:
    assert cells.day(typed) == day


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+86 13800138000", "13800138000"),
        ("13800138000/0769-22222222", "13800138000"),
        ("0769-22222222、13800138000", "13800138000"),
        ("0769-22222222", "076922222222"),
        ("13800138000 或 13900139000", "13800138000"),
    ],
)
def test_a_phone_is_found_among_what_stands_beside_it(typed: str, phone: str) -> None:
    assert cells.phone(typed) == phone


@pytest.mark.parametrize(
    "typed", [NUMBER, f" {NUMBER} ", f"'{NUMBER}", NUMBER.lower(), f"{NUMBER[:6]} {NUMBER[6:]}"]
)
def test_an_identity_number_is_read_as_typed(typed: str) -> None:
    assert cells.id_number(typed) == NUMBER


@pytest.mark.parametrize(
    ("clean", "typed", "code"),
    [
        (cells.id_number, "4.419E+17", "digits_lost"),
        (cells.id_number, "4.40605199003071E+17", "digits_lost"),
        (cells.id_number, "440605199003071???", "digits_lost"),
        (cells.id_number, "440605900307123", "id_number_legacy"),
        (cells.id_number, BODY + "A", "id_number_digits"),
        (cells.id_number, "1234", "id_number_length"),
        (cells.code, "4.40605E+11", "digits_lost"),
        (cells.phone, "1380013", "phone"),
        (cells.phone, "12345678901", "phone"),
        (cells.day, "2024.13.01", "date"),
        (cells.day, "2023年2月29日", "date"),
        (cells.day, "1990.3", "date"),
        (cells.birth, "2199-01-01", "birth"),
        (cells.name, "张" * 31, "name"),
    ],
)
def test_what_cannot_be_taken_says_why(clean: Callable[[str], object], typed: str, code: str) -> None:
    with pytest.raises(CellFault) as refused:
        clean(typed)
    assert refused.value.code == code
    assert refused.value.zh
    assert typed not in refused.value.zh


def test_labels_are_read_and_other_words_are_told_the_choice() -> None:
    assert cells.chosen(" 户 主 ", codes.RELATIONS) == "02"
    assert cells.chosen("租住户", codes.HOUSEHOLD_TYPES) == "rental"
    assert cells.chosen("1", codes.GENDERS) == "1"
    with pytest.raises(CellFault, match="choice"):
        cells.chosen("先生", codes.GENDERS)


def test_a_header_is_found_below_a_title_and_over_three_rows() -> None:
    rows = [
        Row(1, ["儒林社区台账"] * 4),
        Row(3, ["序号", "住户信息", "住户信息", "人员"]),
        Row(4, ["序号", "所属网格", "现住址（必填）", "人员"]),
        Row(5, ["", "", "", "姓 名*"]),
        Row(6, ["1", "儒林第一网格", "一巷", "关小勤"]),
    ]
    found = headers.find(rows, HOUSEHOLDS.aliases)
    assert found is not None
    assert (found.places, found.last_row) == ({"grid": 1, "address": 2, "name": 3}, 5)


def test_a_table_of_something_else_has_no_header() -> None:
    assert headers.find([Row(1, ["日期", "天气"]), Row(2, ["1", "晴"])], HOUSEHOLDS.aliases) is None


def test_blank_cells_are_carried_down_where_they_may_be_and_ditto_repeats() -> None:
    header = Header({"grid": 0, "address": 1, "name": 2, "phone": 3}, {}, 1)
    cleaner = Cleaner(HOUSEHOLDS, header)
    first = cleaner.clean(Row(2, ["第一网格", "一巷", "关小勤", "13800138000"]))
    second = cleaner.clean(Row(3, ["", "同上", "关小明", "〃"]))
    third = cleaner.clean(Row(4, ["", "无", "同上", "/"]))
    assert first is not None
    assert second is not None
    assert third is not None
    assert second[0] == {**first[0], "name": "关小明"}
    assert third[0] == {"grid": "第一网格"}
    assert [(fault.column, fault.code) for fault in third[1]] == [("姓名", "ditto")]


def test_sums_and_blank_rows_are_no_records() -> None:
    cleaner = Cleaner(HOUSEHOLDS, Header({"name": 0, "address": 1}, {}, 1))
    assert cleaner.clean(Row(2, ["合计", "20 户"])) is None
    assert cleaner.clean(Row(3, ["", "无"])) is None
    assert cleaner.clean(Row(4, ["填表人：关小勤"])) is None


@pytest.mark.parametrize("kind", list(ImportKind))
def test_no_two_columns_of_a_table_share_a_name(kind: ImportKind) -> None:
    fields = IMPORTABLES[kind].fields
    called = {
        (headers.normal(text), field.name) for field in fields for text in (field.header, *field.aliases)
    }
    assert sorted(called) == sorted({name: (name, field) for name, field in called}.values())


def test_a_wrong_number_is_shown_so_that_it_cannot_be_told() -> None:
    assert hidden_number(NUMBER) == f"440********{NUMBER[-2:]}"
    assert hidden_number("1380013") == "*******"
