"""The lines (条线) of a town and the department or station that answers for each.

A complaint's category names a line; the loader turns lines into organisations of the town. The names
are typical ones; no list of a real town's organisations is used.
"""

from functools import cache
from typing import NamedTuple

from app.demo.content.tables import rows
from app.models.enums import OrgKind

__all__ = ["VILLAGE_LINE", "Department", "departments", "lines_mistaken_for", "spoken_lines"]

VILLAGE_LINE = "village"


class Department(NamedTuple):
    """Who answers for a line in a town."""

    line: str
    line_label: str
    kind: OrgKind
    name: str


def departments(town_short_name: str) -> list[Department]:
    """Every department and station of a town (九江 → 九江派出所); the villages' line is not among them."""
    return [
        Department(line, label, OrgKind(kind), name.replace("{town}", town_short_name))
        for line, label, kind, name, _ in rows("lines.txt")
        if line != VILLAGE_LINE
    ]


@cache
def spoken_lines() -> dict[str, str]:
    """Each line as a sentence names it: 城管部门, 村居."""
    return {line: label if line == VILLAGE_LINE else f"{label}部门" for line, label, *_ in rows("lines.txt")}


@cache
def lines_mistaken_for() -> dict[str, tuple[str, ...]]:
    """For each line the ones that a ticket sent to it may really belong to."""
    return {line: tuple(others.split()) for line, *_, others in rows("lines.txt")}
