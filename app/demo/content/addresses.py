"""Where people live and where things happen: buildings, rooms and spots of a grid, all invented.

A `Locality` holds the street, hamlet and estate names of one grid. It depends on the grid's code alone,
so that every household and every ticket of a grid speaks of the same few streets. Communities are
partly estates (小区-座-房), villages mostly lanes of self-built houses (坊-巷-号).
"""

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from app.demo.content.areas import AreaRow, place_of
from app.demo.content.grids import GridRow
from app.demo.content.tables import chance, pick, rows, seeded
from app.models.enums import AreaKind

__all__ = ["SCENES", "BuildingText", "Locality", "RoomText", "buildings", "locality", "spot"]

_URBAN_SHARE = {AreaKind.COMMUNITY: 0.5, AreaKind.VILLAGE: 0.08}
_SPOTS_PER_SCENE = 24


class RoomText(NamedTuple):
    """A room: unit and floor where the building has them, the number as text, the full address."""

    unit_no: str
    floor: int
    room_no: str
    address: str


class BuildingText(NamedTuple):
    """A building (`residential` or `self_built`) and the rooms in it that somebody lives in."""

    name: str
    no: str
    kind: str
    address: str
    floors: int
    units: int
    built_year: int
    rooms: tuple[RoomText, ...]


class Locality(NamedTuple):
    """The names of one grid; `spots` are places of things that happen, by scene."""

    prefix: str
    urban: bool
    roads: tuple[str, ...]
    hamlets: tuple[str, ...]
    estates: tuple[str, ...]
    spots: dict[str, tuple[str, ...]]


def locality(village: AreaRow, grid: GridRow) -> Locality:
    """The names of a grid, the same whenever it is asked for."""
    rng = seeded("locality", grid.code)
    names = _Names(village)
    urban = chance(rng, _URBAN_SHARE.get(village.kind, 0))
    roads = names.some(rng, f"road.{village.code[:4]}", 3)
    hamlets = names.share("hamlet", village.code, grid.sequence)
    estates = names.share("estate", village.code, grid.sequence)
    if not urban:
        estates = tuple(hamlet + names.one(rng, "flats") for hamlet in hamlets)
    bare = Locality(place_of(village.code), urban, roads, hamlets, estates, {})
    spots = {scene: _spots(rng, make, bare, names) for scene, make in _SCENES.items()}
    return bare._replace(spots=spots)


def spot(rng: Random, place: Locality, scene: str) -> str:
    """A place of the grid without the area's name (儒林西路38号对面); scenes are in `SCENES`."""
    return pick(rng, place.spots[scene])


def buildings(rng: Random, place: Locality, homes: int) -> Iterator[BuildingText]:
    """Buildings with `homes` rooms altogether, no address twice."""
    left = homes
    if place.urban:
        estate_homes = homes * 4 // 5
        yield from _blocks(rng, place, estate_homes)
        left -= estate_homes
    yield from _houses(rng, place, left)


class _Names:
    """Names out of `data/streets.txt` with the village's own name filled in."""

    def __init__(self, village: AreaRow) -> None:
        self.own = _stem(village.short_name)

    def all(self, what: str) -> tuple[str, ...]:
        """Every name of a kind."""
        return tuple(name.replace("{v}", self.own) for name in _streets()[what])

    def some(self, rng: Random, what: str, count: int) -> tuple[str, ...]:
        """`count` different names of a kind."""
        left = list(self.all(what))
        return tuple(left.pop(int(rng.random() * len(left))) for _ in range(count))

    def share(self, what: str, village_code: str, sequence: int) -> tuple[str, ...]:
        """The two names of a kind that belong to the grid of this number, and to no other near it."""
        dealt = self.some(seeded(what, village_code), what, len(_streets()[what]))
        first = 2 * (sequence - 1)
        return dealt[first % len(dealt)], dealt[(first + 1) % len(dealt)]

    def one(self, rng: Random, what: str) -> str:
        """Any name of a kind."""
        return pick(rng, self.all(what))

    def landmark(self, rng: Random, what: str) -> str:
        """A name of a kind after the village's own: 敦根小学."""
        return self.own + self.one(rng, what)


@cache
def _streets() -> dict[str, tuple[str, ...]]:
    return {what: tuple(names.split()) for what, names in rows("streets.txt")}


def _stem(short_name: str) -> str:
    """敦根 of 敦根社区, 上西 of 上西村; a name of one character keeps its 村."""
    for suffix in ("社区", "生活区", "村"):
        if short_name.endswith(suffix) and len(short_name) > len(suffix) + 1:
            return short_name.removesuffix(suffix)
    return short_name


def _spots(rng: Random, make: "_Scene", place: Locality, names: _Names) -> tuple[str, ...]:
    return tuple(make(rng, place, names) for _ in range(_SPOTS_PER_SCENE))


def _number(rng: Random, most: int) -> int:
    return 1 + int(rng.random() * most)


def _door(rng: Random, place: Locality) -> str:
    """儒林西路38号."""
    return f"{pick(rng, place.roads)}{_number(rng, 180)}号"


def _at_road(rng: Random, place: Locality, names: _Names) -> str:
    if chance(rng, 0.25):
        return f"{pick(rng, place.hamlets)}{names.one(rng, 'alley')}"
    part = names.one(rng, "road.part")
    return _door(rng, place) + part if part in ("对面", "旁", "门口") else pick(rng, place.roads) + part


def _at_home(rng: Random, place: Locality, names: _Names) -> str:
    if place.urban:
        room = f"{_number(rng, 18)}{_number(rng, 4):02d}"
        return f"{pick(rng, place.estates)}{_number(rng, 8)}座{room}房"
    return f"{pick(rng, place.hamlets)}{names.one(rng, 'alley')}{_number(rng, 40)}号"


def _at_estate(rng: Random, place: Locality, _: _Names) -> str:
    estate = pick(rng, place.estates)
    return f"{estate}{_number(rng, 8)}座" if place.urban else estate


def _at_door(what: str) -> "_Scene":
    return lambda rng, place, names: _door(rng, place) + names.one(rng, what)


def _at_landmark(what: str) -> "_Scene":
    return lambda rng, _, names: names.landmark(rng, what)


def _at_factory(rng: Random, _: Locality, names: _Names) -> str:
    return f"{names.own}工业区{_number(rng, 30)}号{names.one(rng, 'factory')}"


def _at_river(rng: Random, _: Locality, names: _Names) -> str:
    return names.landmark(rng, "river") + names.one(rng, "river.part")


def _at_site(rng: Random, place: Locality, names: _Names) -> str:
    if chance(rng, 0.5):
        return f"{pick(rng, place.hamlets)}{names.one(rng, 'alley')}自建房工地"
    return names.landmark(rng, "site")


_Scene = Callable[[Random, Locality, _Names], str]
_SCENES: dict[str, _Scene] = {
    "road": _at_road,
    "home": _at_home,
    "estate": _at_estate,
    "store": _at_door("store"),
    "shop": _at_door("shop"),
    "eatery": _at_door("eatery"),
    "factory": _at_factory,
    "site": _at_site,
    "river": _at_river,
    "field": _at_landmark("field"),
    "market": _at_landmark("market"),
    "square": _at_landmark("square"),
    "school": _at_landmark("school"),
    "clinic": _at_landmark("clinic"),
    "hall": _at_landmark("hall"),
}
SCENES: tuple[str, ...] = tuple(_SCENES)


def _blocks(rng: Random, place: Locality, homes: int) -> Iterator[BuildingText]:
    """Blocks of estates, block after block in each, four homes on a floor."""
    left, number = homes, 0
    streets = [f"{estate}（{_door(rng, place)}）" for estate in place.estates]
    while left > 0:
        estate = number % len(place.estates)
        name = f"{place.estates[estate]}{number // len(place.estates) + 1}座"
        floors = pick(rng, (6, 7, 9, 11, 18, 24, 28))
        address = f"{place.prefix}{streets[estate]}{number // len(place.estates) + 1}座"
        rooms = tuple(
            RoomText("", floor, f"{floor}{door:02d}", f"{address}{floor}{door:02d}房")
            for floor in range(1, floors + 1)
            for door in range(1, 5)
        )[:left]
        year = 1998 + int(rng.random() * 25)
        yield BuildingText(name, str(number + 1), "residential", address, floors, 1, year, rooms)
        left -= len(rooms)
        number += 1


def _houses(rng: Random, place: Locality, homes: int) -> Iterator[BuildingText]:
    """Self-built houses lane by lane: most hold one household, some are let floor by floor."""
    left = homes
    for hamlet in place.hamlets:
        for alley in _streets()["alley"]:
            for door in range(1, 61):
                if left <= 0:
                    return
                house = _house(rng, place, f"{hamlet}{alley}{door}号", left)
                left -= len(house.rooms)
                yield house


def _house(rng: Random, place: Locality, name: str, left: int) -> BuildingText:
    address = place.prefix + name
    year = 1982 + int(rng.random() * 40)
    if chance(rng, 0.75):
        floors = pick(rng, (1, 2, 2, 3, 3, 4))
        rooms: tuple[RoomText, ...] = (RoomText("", 1, "", address),)
    else:
        floors = pick(rng, (3, 4, 4, 5, 6))
        rooms = tuple(
            RoomText("", floor, f"{floor}{door:02d}", f"{address}{floor}{door:02d}房")
            for floor in range(2, floors + 1)
            for door in (1, 2)
        )[:left]
    no = name.rsplit("巷", 1)[-1].rsplit("街", 1)[-1]
    return BuildingText(name, no, "self_built", address, floors, 1, year, rooms)
