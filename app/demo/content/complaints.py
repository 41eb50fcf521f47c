"""What people report: categories by how often they occur, and a title and text for each.

Templates, weights, sources and urgencies are data (`data/templates.txt`, `categories.txt`,
`profiles.txt`, `slots.txt`). Names in the texts are a surname and 某; places come from the grid's
`Locality`. What the departments answer is in `answers`.
"""

from functools import cache
from random import Random
from string import Formatter
from typing import NamedTuple

from app.demo.content.addresses import Locality, spot
from app.demo.content.tables import grouped, pick, rows, slots
from app.models.enums import EventSource, Urgency

__all__ = [
    "PUBLIC_SOURCES",
    "CategoryProfile",
    "TicketText",
    "category_profiles",
    "profile",
    "ticket",
]

_CATEGORY_PLACES = 10_000
_BUSY_FACTOR = 3
PUBLIC_SOURCES = frozenset(
    {
        EventSource.RESIDENT_APP,
        EventSource.PHONE,
        EventSource.HOTLINE_12345,
        EventSource.MEDIA,
        EventSource.PETITION,
        EventSource.IOT,
        EventSource.THIRD_PARTY,
    }
)


class TicketText(NamedTuple):
    """What a report says; `line` is the line that would handle it, `address` the full place.

    `topic` is the title without the place, by which `answers` finds fitting words.
    """

    category: str
    topic: str
    title: str
    content: str
    urgency: Urgency
    source: EventSource
    line: str
    address: str


class CategoryProfile(NamedTuple):
    """How a leaf category behaves: weight per year, kind of place, line, and names of profiles."""

    code: str
    weight: int
    scene: str
    line: str
    urgency: str
    source: str
    outcome: str
    busy_months: frozenset[int]


class _Template(NamedTuple):
    topic: str
    title: str
    content: str
    scene: str
    names: tuple[str, ...]


def ticket(
    rng: Random, place: Locality, *, month: int | None = None, category: str | None = None
) -> TicketText:
    """A report from that grid, of that category or of one that is usual in that month (1–12)."""
    code = category or pick(rng, _categories(month))
    traits = category_profiles()[code]
    source: EventSource = pick(rng, _sources(traits.source))
    template = pick(rng, _templates()[code, source in PUBLIC_SOURCES])
    where = spot(rng, place, template.scene or traits.scene)
    values = {name: pick(rng, _slots()[name]) for name in template.names}
    values["lead"] = pick(rng, _slots()[f"lead.{source}"])
    return TicketText(
        code,
        template.topic,
        template.title.format(spot=where),
        template.content.format(spot=where, **values),
        pick(rng, _urgencies(traits.urgency)),
        source,
        traits.line,
        place.prefix + where,
    )


@cache
def category_profiles() -> dict[str, CategoryProfile]:
    """How every leaf category behaves, by its four-digit code."""
    return {
        code: CategoryProfile(code, int(weight), scene, line, urgency, source, outcome, _months(busy))
        for code, weight, scene, line, urgency, source, outcome, busy in rows("categories.txt")
    }


@cache
def profile(name: str) -> tuple[str, ...]:
    """The values of a profile such as `urgency.plain`, as often as they weigh."""
    weighted = grouped((key, (value, int(weight))) for key, value, weight in rows("profiles.txt"))
    return slots(weighted[name], 100)


@cache
def _sources(name: str) -> tuple[EventSource, ...]:
    return tuple(EventSource(value) for value in profile(f"source.{name}"))


@cache
def _urgencies(name: str) -> tuple[Urgency, ...]:
    return tuple(Urgency(value) for value in profile(f"urgency.{name}"))


@cache
def _categories(month: int | None) -> tuple[str, ...]:
    """Leaf codes by weight; in its busy months a category weighs three times as much."""
    return slots(
        (
            (row.code, row.weight * (_BUSY_FACTOR if month in row.busy_months else 1))
            for row in category_profiles().values()
        ),
        _CATEGORY_PLACES,
    )


@cache
def _slots() -> dict[str, tuple[str, ...]]:
    return grouped((name, value) for name, value in rows("slots.txt"))


@cache
def _templates() -> dict[tuple[str, bool], tuple[_Template, ...]]:
    """By leaf code and by whether the public speaks; what only staff would say is left out then."""
    everything = grouped(
        (code, (who, _template(title, content, scene)))
        for code, title, content, who, scene in rows("templates.txt")
    )
    chosen: dict[tuple[str, bool], tuple[_Template, ...]] = {}
    for code, templates in everything.items():
        chosen[code, False] = tuple(template for _, template in templates)
        public = tuple(template for who, template in templates if who == "any")
        chosen[code, True] = public or chosen[code, False]
    return chosen


def _template(title: str, content: str, scene: str) -> _Template:
    """A template with the slots that its text leaves open, the place and the opening words apart."""
    names = {name for _, name, _, _ in Formatter().parse(content) if name}
    open_slots = tuple(sorted(names - {"spot", "lead"}))
    return _Template(title.replace("{spot}", ""), title, content, scene, open_slots)


def _months(text: str) -> frozenset[int]:
    """1,10-12 → January and the last three months."""
    months: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        months.update(range(int(first), int(last or first) + 1))
    return frozenset(months)
