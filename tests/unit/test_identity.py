"""Identity numbers are read as people type them, and refused for a reason that can be told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock
from app.models.enums import Gender
from app.services.registry.identity import (
    IdentityFault,
    IdentityRefusedError,
    check_character,
    parse,
)

EXAMPLE = "11010519491231002X"  # the example of GB 11643 itself
HONG_KONG = "810000199408230021"  # the specimen of the residence permit for Hong Kong and Macao
TAIWAN = "830000199201300022"

bodies = st.builds(
    lambda region, day, sequence: f"{region:06d}{day:%Y%m%d}{sequence:03d}",
    st.integers(110000, 659999),
    st.dates(date(1890, 1, 1), date(2020, 12, 31)),
    st.integers(0, 999),
)


def number_of(birth: date, region: str = "441900", sequence: str = "001") -> str:
    body = f"{region}{birth:%Y%m%d}{sequence}"
    return body + check_character(body)


def fault_of(typed: str) -> IdentityFault:
    with pytest.raises(IdentityRefusedError) as refused:
        parse(typed)
    return refused.value.fault


@pytest.mark.parametrize("specimen", [EXAMPLE, HONG_KONG, TAIWAN])
def test_published_specimens_are_valid(specimen: str) -> None:
    assert parse(specimen).number == specimen
    assert parse(specimen).region_known


def test_the_number_tells_birth_date_and_sex() -> None:
    read = parse(EXAMPLE)
    assert read.birth_on == date(1949, 12, 31)
    assert read.gender is Gender.FEMALE
    assert parse(number_of(date(1990, 3, 7), sequence="001")).gender is Gender.MALE


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105\u300019491231\u200b002\ufeffX",
        "110105\t19491231\n002x",
    ],
)
def test_blanks_full_width_and_small_letters_do_not_matter(typed: str) -> None:
    assert parse(typed).number == EXAMPLE


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", IdentityFault.LENGTH),
        ("11010519491231002", IdentityFault.LENGTH),
        ("11010519491231002XX", IdentityFault.LENGTH),
        ("110105491231002", IdentityFault.LEGACY),
        ("1101051949123100XX", IdentityFault.DIGITS),
        ("A1010519491231002X", IdentityFault.DIGITS),
        ("11010519491231002A", IdentityFault.DIGITS),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", IdentityFault.DIGITS),
        ("110105194912310021", IdentityFault.CHECK),
        ("110105199002300020", IdentityFault.BIRTH),
        ("110105199013010020", IdentityFault.BIRTH),
        ("440524188001010014", IdentityFault.BIRTH),  # valid in form, but born in 1880
    ],
)
def test_each_mistake_has_its_own_reason(typed: str, fault: IdentityFault) -> None:
    assert fault_of(typed) is fault


def test_somebody_born_today_is_accepted_and_born_tomorrow_is_not() -> None:
    today = clock.today()
    assert parse(number_of(today)).birth_on == today
    assert fault_of(number_of(today + timedelta(days=1))) is IdentityFault.BIRTH


def test_1890_is_the_first_year() -> None:
    assert parse(number_of(date(1890, 1, 1))).birth_on == date(1890, 1, 1)
    assert fault_of(number_of(date(1889, 12, 31))) is IdentityFault.BIRTH


@pytest.mark.parametrize("region", ["110119", "331004", "441999", "469005", "659010", "820000", "931100"])
def test_regions_that_tables_forget_are_accepted_without_a_warning(region: str) -> None:
    assert parse(number_of(date(1990, 3, 7), region)).region_known


@pytest.mark.parametrize("region", ["000000", "190000", "770101"])
def test_a_region_that_cannot_be_is_only_a_warning(region: str) -> None:
    assert not parse(number_of(date(1990, 3, 7), region)).region_known


@given(bodies)
def test_every_number_with_its_check_character_is_valid(body: str) -> None:
    number = body + check_character(body)
    assert parse(number).number == number


@given(bodies, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body: str, place: int, shift: int) -> None:
    wrong = str((int(body[place]) + shift) % 10)
    typed = body[:place] + wrong + body[place + 1 :] + check_character(body)
    assert fault_of(typed) in {IdentityFault.CHECK, IdentityFault.BIRTH}


@given(bodies, st.integers(0, 15))
def test_two_neighbours_changed_about_are_always_noticed(body: str, place: int) -> None:
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    if swapped == body:
        assert parse(swapped + check_character(body)).number
    else:
        assert fault_of(swapped + check_character(body)) in {IdentityFault.CHECK, IdentityFault.BIRTH}


@pytest.mark.parametrize("typed", [EXAMPLE[:-1] + "1", "440524188001010014", "123"])
def test_neither_a_refusal_nor_a_reading_shows_the_number(typed: str) -> None:
    with pytest.raises(IdentityRefusedError) as refused:
        parse(typed)
    assert typed not in repr(refused.value)
    assert EXAMPLE not in repr(parse(EXAMPLE))
