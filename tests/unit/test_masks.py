"""What is left of a name or a number for those who may not read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.platform import masks


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("陈李佳怡", "陈**怡"),
        ("欧阳修", "欧阳*"),
        ("欧阳小修", "欧阳*修"),
        ("司马相如", "司马*如"),
        ("欧阳", "欧*"),
        ("𠮷野", "𠮷*"),
        ("张", "*"),
        ("", ""),
        ("阿卜杜拉·买买提", "阿***"),
        ("古丽·阿", "古***"),
        ("John Smith", "J***"),
        ("Li", "L***"),
    ],
)
def test_a_name_keeps_its_surname_and_at_most_the_last_character(full: str, shown: str) -> None:
    assert masks.name(full) == shown


@given(st.text(alphabet="张王李欧阳司马明华丽𠮷·", min_size=2, max_size=12))
def test_a_masked_name_is_never_the_name(full: str) -> None:
    assert masks.name(full) != full
    assert masks.STAR in masks.name(full)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800131234", "138****1234"),
        ("075786501234", "****1234"),
        ("01065001234", "****1234"),
        ("+85251231234", "****1234"),
    ],
)
def test_a_phone_keeps_its_segment_and_the_last_four(number: str, shown: str) -> None:
    assert masks.phone(number) == shown


def test_of_a_sealed_phone_the_last_four_are_known() -> None:
    assert masks.phone_tail("1234") == "*******1234"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("广东省佛山市南海区桂城街道某花园3栋502", "广东省佛山市南海区***"),
        ("广西壮族自治区南宁市青秀区民族大道1号", "广西壮族自治区南宁市青秀区***"),
        ("深圳市宝安区西乡街道某小区3栋", "深圳市宝安区***"),
        ("海珠区新港西路105号之市场", "海珠区***"),
        ("香港九龙弥敦道1号", "香港***"),
        ("湖南省", "湖南省"),
        ("长", "***"),
    ],
)
def test_an_address_keeps_its_region(address: str, shown: str) -> None:
    assert masks.region(address) == shown


def test_an_employer_keeps_where_it_begins() -> None:
    assert [masks.employer(name) for name in ("南海某某鞋厂", "务农", "厂")] == ["南海***", "务***", "***"]


def test_an_identity_number_hides_the_birth_date() -> None:
    shown = masks.identity("441900199003071234")
    assert shown == "441900********1234"
    assert "19900307" not in shown


@pytest.mark.parametrize(
    ("number", "shown"), [("E12345678", "5678"), ("H0123456701", "6701"), ("A12345", "345"), ("M1(2)", "2)")]
)
def test_of_another_documents_number_at_most_half_is_shown(number: str, shown: str) -> None:
    assert masks.identity(number) == "********" + shown
