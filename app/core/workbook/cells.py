"""Cells as text, faithfully: what somebody typed comes out, and no number turns into 4.4E+17.

A spreadsheet's number has fifteen digits; where a longer one stood, the rest is lost and shown as question
marks, because what looks like zeros may even pass for a valid number.
Merged cells are given their text everywhere. An apostrophe that our own workbooks put before what a
spreadsheet would run is taken off again.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

RUNNABLE = tuple("=+-@＝＋－＠")
GUARD = "'"
DIGITS, LOST = 15, "?"
MAX_MERGED = 500_000

Span = tuple[tuple[int, int], tuple[int, int]]


class Row(NamedTuple):
    """A row that is not blank: its number as the spreadsheet shows it, and its cells as texts."""

    number: int
    cells: list[str]


def text_of(value: object) -> str:
    """A cell's value as text; days as `2024-10-11`, numbers without an exponent."""
    if isinstance(value, str):
        return _unguarded(value.strip())
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float | int):
        return _plain(value)
    if isinstance(value, datetime) and value.time() != time():
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    return str(value) if isinstance(value, time | timedelta) else ""


def guarded(text: str) -> str:
    """The text so that no spreadsheet runs it, whichever way it is opened or saved again."""
    return GUARD + text if text.lstrip().startswith(RUNNABLE) else text


def rows_of(values: Iterable[Sequence[object]], merged: Sequence[Span] = ()) -> Iterator[Row]:
    """The rows that are not blank, numbered from 1, with merged cells filled."""
    fill = _Merged(merged)
    for index, raw in enumerate(values):
        cells = fill.applied(index, [text_of(value) for value in raw])
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield Row(index + 1, cells)


class _Merged:
    """Gives each cell of a merged block the text of its first."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._waiting = sorted(spans, reverse=True)
        self._open: list[tuple[Span, str]] = []
        self._left = MAX_MERGED

    def applied(self, index: int, cells: list[str]) -> list[str]:
        """The cells of row `index`; rows must come in order."""
        while self._waiting and self._waiting[-1][0][0] <= index:
            span = self._waiting.pop()
            (_top, left), _end = span
            self._open.append((span, cells[left] if left < len(cells) else ""))
        for ((_top, left), (_bottom, right)), text in self._open:
            for column in range(left, min(right + 1, len(cells))):
                if not cells[column] and self._left:
                    cells[column] = text
                    self._left -= 1
        self._open = [(span, text) for span, text in self._open if span[1][0] > index]
        return cells


def _unguarded(text: str) -> str:
    bare = text.removeprefix(GUARD).lstrip()
    return bare if text.startswith(GUARD) and bare.startswith(RUNNABLE) else text


def _plain(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    if abs(value) >= 10**DIGITS:
        whole = text.partition(".")[0]
        kept = DIGITS + whole.startswith("-")
        return whole[:kept] + LOST * (len(whole) - kept)
    return text.rstrip("0").rstrip(".") if "." in text else text
