"""What a suppressed table tells: never a small count, and nothing from which one could be worked out."""

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.stats.suppression import LEAST, Told, told

Table = tuple[int, ...]
Shown = tuple[int | None, tuple[int | None, ...]]
COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=12)


def shown(table: Table) -> Shown:
    """What a reader sees of a table."""
    found = told(dict(enumerate(table)))
    return found.total, tuple(found.parts.values())


# So large that whatever could stand in the place of a small table is among those tried.
@pytest.mark.parametrize(
    ("parts", "largest", "looked_at"), [(1, 14, 14), (2, 16, 11), (3, 13, 8), (4, 12, 7)]
)
def test_trap_19_no_withheld_count_follows_from_what_is_told_even_to_who_knows_the_rule(
    parts: int, largest: int, looked_at: int
) -> None:
    same: defaultdict[Shown, list[Table]] = defaultdict(list)
    for table in product(range(largest + 1), repeat=parts):
        same[shown(table)].append(table)
    for (_total, told_parts), tables in same.items():
        if any(max(table) <= looked_at for table in tables):
            for place, count in enumerate(told_parts):
                if count is None:
                    assert len({table[place] for table in tables}) > 1, (told_parts, tables)


@given(COUNTS)
def test_a_small_count_is_never_told_and_a_told_count_is_true(counts: list[int]) -> None:
    found = told(dict(enumerate(counts)))
    for place, count in found.parts.items():
        assert count is None or (count >= LEAST and count == counts[place])
    assert found.total is None or (found.total >= LEAST and found.total == sum(counts))


@given(COUNTS)
def test_what_remains_of_a_total_is_of_several_and_not_small(counts: list[int]) -> None:
    found = told(dict(enumerate(counts)))
    withheld = [place for place, count in found.parts.items() if count is None]
    if found.total is not None and withheld:
        rest = found.total - sum(count for count in found.parts.values() if count is not None)
        assert rest >= LEAST
        assert len(withheld) > 1


def test_the_choice_of_what_else_is_withheld_follows_the_order_and_not_the_size() -> None:
    expected = Told(40, {"河清": None, "儒林": 9, "沙头": None, "烟南": 20})
    assert told({"河清": 9, "儒林": 9, "沙头": 2, "烟南": 20}) == expected


def test_large_counts_are_all_told() -> None:
    assert told({"河清": 5, "儒林": 6}) == Told(11, {"河清": 5, "儒林": 6})
