"""How alike two reports are: texts by pairs of characters, distances by metres, and the score of both."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.coordinates import Point
from app.services.tickets.likeness import LEAST_SCORE, jaccard, likeness, pairs, told

HERE = Point(113.005, 22.835)
RUBBISH = "沙龙路垃圾堆放三天没人清"
METRES_A_DEGREE_OF_LATITUDE = 111_195.08
AT_ONCE = timedelta(0)
TEXTS = st.text(alphabet="沙龙路垃圾abcＡ，。 ", max_size=30)


def north(metres: float) -> Point:
    return Point(HERE.lng, HERE.lat + metres / METRES_A_DEGREE_OF_LATITUDE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("漏水了", {"漏水", "水了"}),
        ("漏，水  了！", {"漏水", "水了"}),
        ("漏", {"漏"}),
        ("，。！ ", set()),
        ("", set()),
        ("ＡＢ１２", {"ab", "b1", "12"}),
        ("𠮷莞", {"𠮷莞"}),
    ],
)
def test_a_text_is_its_pairs_of_letters_and_digits(text: str, expected: set[str]) -> None:
    assert pairs(text) == expected


def test_likeness_of_texts_is_what_they_share_of_all_they_hold() -> None:
    assert jaccard(pairs("路灯不亮"), pairs("路灯坏了")) == pytest.approx(1 / 5)
    assert jaccard(pairs(RUBBISH), pairs("沙龙路，垃圾堆放三天 没人清！")) == 1
    assert jaccard(pairs("路灯"), pairs("噪声")) == 0
    assert jaccard(pairs(""), pairs("")) == 0


@given(TEXTS, TEXTS)
def test_likeness_of_texts_is_mutual_between_none_and_all(one: str, other: str) -> None:
    alike = jaccard(pairs(one), pairs(other))
    assert 0 <= alike <= 1
    assert alike == jaccard(pairs(other), pairs(one))
    assert jaccard(pairs(one), pairs(one)) == (1 if pairs(one) else 0)


@pytest.mark.parametrize(
    ("metres", "near"), [(0, True), (50, True), (199, True), (201, False), (5000, False)]
)
def test_two_hundred_metres_are_near_and_more_are_not(metres: float, near: bool) -> None:
    one, other = told(RUBBISH, "", HERE), told(RUBBISH, "", north(metres))
    alike = likeness(one, other, AT_ONCE)
    assert (alike is not None) is near
    if alike is not None:
        assert alike.distance_m == pytest.approx(metres, abs=0.1)


@pytest.mark.parametrize(("age", "near"), [(timedelta(days=7), True), (timedelta(days=7, seconds=1), False)])
def test_seven_days_are_recent_and_more_are_not(age: timedelta, near: bool) -> None:
    one = told(RUBBISH, "", HERE)
    assert (likeness(one, one, age) is not None) is near


def test_without_a_point_the_address_stands_for_the_place() -> None:
    one, same = told(RUBBISH, "沙龙路12号", HERE), told(RUBBISH, "沙龙路１２号", None)
    other = told(RUBBISH, "太平西街", None)
    near, far = likeness(one, same, AT_ONCE), likeness(one, other, AT_ONCE)
    assert near is not None
    assert far is not None
    assert near.distance_m is None
    assert near.score == pytest.approx(1)
    assert far.score == pytest.approx(0.7)


def test_other_words_at_the_other_end_of_the_street_are_no_duplicate() -> None:
    one = told(RUBBISH, "沙龙路", HERE)
    assert likeness(one, told("施工噪声扰民", "太平街", north(180)), AT_ONCE) is None
    assert likeness(one, told("施工噪声扰民", "太平街", None), AT_ONCE) is None
    beside = likeness(one, told("一堆垃圾没人清", "太平街", north(15)), AT_ONCE)
    assert beside is not None


@given(
    st.floats(0, 200),
    st.floats(0, 200),
    st.integers(0, 10_080),
    st.integers(0, 10_080),
    st.sampled_from(["", "了"]),
)
def test_nearer_and_newer_and_more_alike_is_never_less_likely(
    metres: float, further: float, minutes: int, older: int, more: str
) -> None:
    one = told(RUBBISH, "", HERE)
    far = likeness(one, told(RUBBISH + more, "", north(metres)), timedelta(minutes=max(minutes, older)))
    near = likeness(
        one, told(RUBBISH, "", north(min(metres, further))), timedelta(minutes=min(minutes, older))
    )
    if far is not None:
        assert near is not None
        assert near.score >= far.score - 1e-9
        assert LEAST_SCORE <= far.score <= 1
