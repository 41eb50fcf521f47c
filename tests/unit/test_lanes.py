"""A queue goes side by side only where its operations have nothing to do with each other."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.core.lanes import lanes

NAMES = st.lists(st.sets(st.integers(0, 8).map(lambda number: UUID(int=number)), max_size=3), max_size=20)


@given(NAMES)
def test_what_names_a_record_in_common_stays_in_order(names: list[set[UUID]]) -> None:
    found = lanes(names)
    assert sorted(position for lane in found for position in lane) == list(range(len(names)))
    assert all(lane == sorted(lane) for lane in found)
    assert [lane[0] for lane in found] == sorted(lane[0] for lane in found)
    of = {position: number for number, lane in enumerate(found) for position in lane}
    for one, first in enumerate(names):
        for other, second in enumerate(names):
            assert not first & second or of[one] == of[other]


def test_operations_without_anything_in_common_have_lanes_of_their_own() -> None:
    one, two = UUID(int=1), UUID(int=2)
    assert lanes([{one}, {two}, {one}, set()]) == [[0, 2], [1], [3]]
