"""Which sums are built where only the largest are asked for: none that the tail can bring up is lost."""

from uuid import UUID

from app.models.enums.measure import Measure
from app.services.stats import sums
from app.services.stats.sums import By, Query, Slice, Top
from app.services.stats.tail import Part
from app.services.stats.whose import Whose

WORKERS = [str(UUID(int=number)) for number in range(1, 7)]
SIZES = [9, 8, 7, 7, None, 1]
TOLD = [(0, None, key, size) for key, size in zip(WORKERS, SIZES, strict=True)]


def news_of(key: str) -> Part:
    """One more of what is counted, of a worker."""
    amounts = {Measure.REPORTED: 1}
    return Part(
        record_id=UUID(int=99),
        is_news=True,
        sign=1,
        areas=frozenset(),
        category=None,
        source=None,
        hour=None,
        org_id=None,
        member_id=UUID(key),
        amounts=amounts,
    )


def kept(most: int, *news: str) -> list[str]:
    """The workers that are built when so many are asked for."""
    query = Query(Whose(()), [Slice(0)], [Measure.REPORTED], By.WORKER, top=Top(Measure.REPORTED, most))
    parts = [news_of(key) for key in news]
    return [one[2] for one in sums.foremost(TOLD, SIZES, query, parts)]


def test_of_many_only_the_largest_are_built_and_their_equals() -> None:
    assert kept(2) == WORKERS[:2]
    assert kept(3) == WORKERS[:4]


def test_whoever_has_news_is_built_and_one_more_for_whom_they_may_overtake() -> None:
    assert kept(1, WORKERS[5]) == [*WORKERS[:2], WORKERS[5]]


def test_all_are_built_where_all_may_be_among_the_first() -> None:
    assert kept(6) == WORKERS
