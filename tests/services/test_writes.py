"""Batches of writes: one statement, whose shape is built once and whose values are each batch's own."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.writes import Formula, insert, together, update
from tests.support.statements import Counter

LINE = Table(
    "line", MetaData(), Column("id", Integer), Column("word", Text), Column("ended", Text), prefixes=["TEMP"]
)


@pytest.fixture(autouse=True)
async def table(session: AsyncSession) -> None:
    """A table of the session's own."""
    await session.execute(text("CREATE TEMP TABLE line (id integer, word text, ended text) ON COMMIT DROP"))


async def rows(session: AsyncSession) -> list[tuple[Any, ...]]:
    """All lines, by id."""
    found = await session.execute(select(LINE).order_by(LINE.c.id))
    return [tuple(row) for row in found]


async def test_a_batch_is_one_statement(session: AsyncSession, statements: Counter) -> None:
    with statements(at_most=1):
        await together(session, [insert(LINE, id=number, word="a") for number in (1, 2, 3)])
    assert await rows(session) == [(1, "a", None), (2, "a", None), (3, "a", None)]


async def test_an_empty_batch_asks_nothing(session: AsyncSession, statements: Counter) -> None:
    with statements(at_most=0):
        await together(session, [])


async def test_batches_of_one_shape_keep_their_own_values(session: AsyncSession) -> None:
    await together(session, [insert(LINE, id=1, word="a"), insert(LINE, id=2, word="b")])
    await together(session, [insert(LINE, id=3, word="c"), insert(LINE, id=4, word=None)])
    await together(session, [update(LINE, {"id": 1}, word="x")])
    await together(session, [update(LINE, {"id": 2}, word="y")])
    assert await rows(session) == [(1, "x", None), (2, "y", None), (3, "c", None), (4, None, None)]


async def test_what_is_set_must_meet_every_condition(session: AsyncSession) -> None:
    words = ((1, "a", None), (2, "b", None), (3, "a", "done"), (4, "c", None))
    await together(session, [insert(LINE, id=one, word=word, ended=ended) for one, word, ended in words])
    await together(session, [update(LINE, {"word": ["a", "b"], "ended": None}, ended="now")])
    assert await rows(session) == [(1, "a", "now"), (2, "b", "now"), (3, "a", "done"), (4, "c", None)]
    await together(session, [update(LINE, {"word": [], "ended": "now"}, ended="never")])
    assert (await rows(session))[0] == (1, "a", "now"), "nothing is among none"


async def test_the_database_works_out_a_formula(session: AsyncSession) -> None:
    spelt = Formula(":before || to_char(7, 'FM000')", {"before": "no."})
    await together(session, [insert(LINE, id=1, word=spelt), insert(LINE, id=2, word="b")])
    await together(session, [update(LINE, {"id": [1, 2]}, id=Formula("id + 10"))])
    assert await rows(session) == [(11, "no.007", None), (12, "b", None)]
