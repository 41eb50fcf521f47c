"""Finding the header of a sheet: which columns are what, and where the rows begin.

Offices put titles above, merge two or three rows into one header, write 「姓名（必填）」, put 「户主」 above
「姓名」 and add columns of their own. The rows at the top are tried, one to three together; the ones that
name most columns are the header. What no column is called is left alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.texts import compact
from app.core.workbook.cells import Row

TOP_ROWS = 12
DEEPEST = 3
_NOTES = re.compile(r"[(\[【].*?[)\]】]|[*:：、。!]")


@dataclass(frozen=True, slots=True)
class Header:
    """Where each field stands, how the sheet calls its columns, and the number of its last header row."""

    places: Mapping[str, int]
    titles: Mapping[int, str]
    last_row: int


def normal(text: str) -> str:
    """A header without blanks, notes in brackets and stars."""
    return _NOTES.sub("", compact(text)).lower()


def find(rows: Sequence[Row], aliases: Mapping[str, str]) -> Header | None:
    """The header among the first rows; `aliases` gives the field of a normalised name. None without one."""
    tried = [
        (_read(rows[start : start + depth], aliases), -depth)
        for start in range(min(len(rows), TOP_ROWS))
        for depth in range(1, DEEPEST + 1)
    ]
    if not tried:
        return None
    # Of two that name as many columns, the one of fewer rows: it took no title and no data along.
    best, _depth = max(tried, key=lambda found: (len(found[0].places), found[1]))
    return best if len(best.places) > 1 else None


def _read(rows: Sequence[Row], aliases: Mapping[str, str]) -> Header:
    places: dict[str, int] = {}
    titles: dict[int, str] = {}
    for place in range(max(len(row.cells) for row in rows)):
        texts = [row.cells[place] for row in rows if place < len(row.cells) and row.cells[place]]
        title = " ".join(dict.fromkeys(texts))
        if title:
            titles[place] = title
        # The whole first (户主 + 姓名), then the lowest row, which is the most precise.
        for name in (title, *reversed(texts)):
            field = aliases.get(normal(name))
            if field is not None and field not in places:
                places[field] = place
                break
    return Header(places, titles, rows[-1].number)
