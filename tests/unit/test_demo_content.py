"""The demo's places and people: the same for a seed, valid in form, plausible in their shares.

What its people complain about is in `test_demo_complaints.py`.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from shapely.geometry import Point, Polygon
from shapely.ops import unary_union

from app.demo.content import answers
from app.demo.content.addresses import SCENES, Locality, buildings, locality
from app.demo.content.areas import AreaRow, city_areas, place_of, town_areas, village_areas
from app.demo.content.complaints import category_profiles, ticket
from app.demo.content.grids import grid_counts, grids_of, point_in, tile_of
from app.demo.content.identity import RESIDENT_SEGMENT, IdentityNumbers, PhoneNumbers, check_digit
from app.demo.content.people import HouseholdText, People
from app.demo.content.relatives import RELATION_LABELS
from app.demo.content.tables import rows, seeded, slots
from app.models.enums import AreaKind, AreaLevel, Gender, PopulationType

TODAY = date(2026, 11, 21)
HASH_ONE_TOWN = """
from tests.unit.test_demo_content import digest
print(digest(7))
"""


def villages(rows_of_areas: list[AreaRow]) -> list[AreaRow]:
    return [row for row in rows_of_areas if row.level is AreaLevel.VILLAGE]


def people(seed: int = 1, shard: int = 0, shards: int = 1) -> People:
    return People(seed, TODAY, city="4406", hukou_place="广东省佛山市南海区", shard=shard, shards=shards)


def households(count: int, seed: int = 1) -> list[HouseholdText]:
    town, rng = people(seed), seeded(seed, "households")
    return [town.household(rng, number) for number in range(count)]


def some_place() -> Locality:
    village = villages(town_areas())[8]
    return locality(village, grids_of(village, 8)[2])


def digest(seed: int) -> str:
    """A fingerprint of a little of everything that a seed decides."""
    rng, place = seeded(seed), some_place()
    said = [ticket(rng, place, month=1 + number % 12) for number in range(200)]
    ends = [answers.resolution(rng, report) for report in said]
    built = list(buildings(rng, place, 60))
    everything = repr((households(200, seed), said, ends, built, place))
    return hashlib.sha256(everything.encode()).hexdigest()


def age(born: date) -> int:
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def test_a_seed_gives_the_same_town_in_every_process() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-c", HASH_ONE_TOWN],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert prints == {digest(7)}


def test_another_seed_gives_another_town() -> None:
    assert digest(7) != digest(8)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("categories.txt", 8),
        ("given_names.txt", 4),
        ("households.txt", 8),
        ("lines.txt", 5),
        ("opinions.txt", 2),
        ("origins.txt", 4),
        ("profiles.txt", 3),
        ("rare_names.txt", 3),
        ("resolutions.txt", 4),
        ("slots.txt", 2),
        ("streets.txt", 2),
        ("surnames.txt", 3),
        ("templates.txt", 5),
    ],
)
def test_every_line_of_a_word_list_has_all_its_fields(name: str, fields: int) -> None:
    assert {len(row) for row in rows(name)} == {fields}


def test_slots_share_places_by_weight_to_the_last_one() -> None:
    assert Counter(slots([("a", 1), ("b", 1), ("c", 1)], 10)) == {"a": 4, "b": 3, "c": 3}


# Areas and grids


def test_the_town_has_its_27_villages_and_no_logistics_park() -> None:
    listed = town_areas()
    assert Counter(row.kind for row in villages(listed)) == {AreaKind.COMMUNITY: 20, AreaKind.VILLAGE: 7}
    assert not [row for row in listed if "物流" in row.name]
    assert [row.short_name for row in listed[:4]] == ["广东", "佛山", "南海", "九江"]


def test_the_city_has_36_towns_and_609_villages_and_no_county() -> None:
    levels = Counter(row.level for row in city_areas())
    assert (levels[AreaLevel.TOWN], levels[AreaLevel.VILLAGE], levels[AreaLevel.COUNTY]) == (36, 609, 0)


def test_the_small_demo_is_one_community_below_its_town() -> None:
    assert [row.short_name for row in village_areas()] == ["广东", "佛山", "南海", "九江", "敦根社区"]


@pytest.mark.parametrize("listed", [town_areas(), city_areas(), village_areas()])
def test_every_area_comes_after_the_one_it_lies_in(listed: list[AreaRow]) -> None:
    seen: set[str | None] = {None}
    for row in listed:
        assert row.parent_code in seen
        seen.add(row.code)


def test_an_address_begins_with_city_and_ends_with_village() -> None:
    assert place_of("440605121012") == "佛山市南海区九江镇敦根社区"
    assert place_of("441900123200") == "东莞市沙田镇中围村"
    assert place_of("441900401498") == "东莞市松山湖松山湖社区"


def test_grids_fill_their_village_without_overlap() -> None:
    village = villages(town_areas())[0]
    cells = [Polygon(grid.tile.ring) for grid in grids_of(village, 7)]
    whole = Polygon(tile_of(village.code).ring)
    assert unary_union(cells).symmetric_difference(whole).area == pytest.approx(0, abs=1e-12)
    assert sum(cell.area for cell in cells) == pytest.approx(whole.area)


def test_villages_fill_their_town_without_overlap() -> None:
    cells = [Polygon(tile_of(row.code).ring) for row in villages(town_areas())]
    whole = Polygon(tile_of("440605121000").ring)
    assert unary_union(cells).symmetric_difference(whole).area == pytest.approx(0, abs=1e-12)
    assert sum(cell.area for cell in cells) == pytest.approx(whole.area)


def test_a_grid_is_named_and_coded_after_its_village() -> None:
    village = village_areas()[-1]
    assert [(grid.code, grid.name) for grid in grids_of(village, 2)] == [
        ("440605121012001", "第1网格"),
        ("440605121012002", "第2网格"),
    ]


def test_a_boundary_is_a_closed_anticlockwise_ring() -> None:
    ring = grids_of(village_areas()[-1], 5)[3].tile.ring
    assert ring[0] == ring[-1]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0


def test_a_point_drawn_in_a_grid_lies_in_that_grid_alone() -> None:
    rng, grids = seeded("points"), grids_of(village_areas()[-1], 8)
    for grid in grids:
        point = Point(point_in(rng, grid.tile))
        assert [other.code for other in grids if Polygon(other.tile.ring).covers(point)] == [grid.code]


@pytest.mark.parametrize(
    ("listed", "total"), [(town_areas(), 200), (city_areas(), 3000), (village_areas(), 8)]
)
def test_all_grids_are_shared_out_and_no_village_goes_without(listed: list[AreaRow], total: int) -> None:
    counts = grid_counts(villages(listed), total)
    assert (sum(counts), min(counts) >= 1) == (total, True)


# Addresses


def test_no_two_homes_of_a_village_share_an_address() -> None:
    village = villages(town_areas())[9]
    homes = [
        room.address
        for grid in grids_of(village, 10)
        for building in buildings(seeded(grid.code), locality(village, grid), 220)
        for room in building.rooms
    ]
    assert len(homes) == len(set(homes)) == 2200
    assert all(home.startswith("佛山市南海区九江镇梅圳社区") for home in homes)


def test_a_grid_has_spots_for_every_kind_of_complaint() -> None:
    place = some_place()
    assert set(place.spots) == set(SCENES) == {*SCENES} | {row.scene for row in category_profiles().values()}
    assert all(place.spots.values())


# People


def test_the_check_digit_is_that_of_the_standard() -> None:
    # The two worked examples of GB 11643.
    assert check_digit("11010519491231002") == "X"
    assert check_digit("44052418800101001") == "4"


def test_identity_numbers_fit_their_owner_and_belong_to_no_county() -> None:
    for person in (person for home in households(500) for person in home.members):
        if person.identity_no is None:
            assert age(person.birth_date) == 0
            continue
        assert re.fullmatch(r"\d{4}99\d{8}\d{3}[\dX]", person.identity_no)
        assert person.identity_no[6:14] == person.birth_date.strftime("%Y%m%d")
        assert int(person.identity_no[16]) % 2 == (person.gender is Gender.MALE)
        assert check_digit(person.identity_no[:17]) == person.identity_no[17]


def test_telephones_are_mobile_numbers_of_a_segment_that_nobody_has() -> None:
    phones = [person.phone for home in households(500) for person in home.members if person.phone]
    assert all(re.fullmatch(r"1[3-9]\d{9}", phone) and phone.startswith("154") for phone in phones)
    assert people().staff(seeded(1)).phone.startswith("179")


def test_two_workers_never_hand_out_the_same_number() -> None:
    identities = [IdentityNumbers(shard, 2) for shard in (0, 1)]
    phones = [PhoneNumbers(RESIDENT_SEGMENT, shard, 2) for shard in (0, 1)]
    born = date(1990, 5, 1)
    taken = [worker.take("4406", born, Gender.FEMALE) for worker in identities for _ in range(200)]
    called = [worker.take() for worker in phones for _ in range(200)]
    assert len(set(taken)) == len(set(called)) == 400


def test_a_day_that_has_no_identity_number_left_says_so() -> None:
    numbers, born = IdentityNumbers(), date(1990, 5, 1)
    taken = {numbers.take("4406", born, Gender.MALE) for _ in range(499)}
    assert len(taken) == 499
    with pytest.raises(ValueError, match="no identity numbers left"):
        numbers.take("4406", born, Gender.MALE)


def test_a_thousand_households_have_3056_members() -> None:
    assert sum(len(home.members) for home in households(1000)) == 3056


def test_every_household_has_one_head_who_is_grown_up() -> None:
    for home in households(1000):
        assert [person.relation == "02" for person in home.members].count(True) == 1
        assert home.members[0].relation == "02"
        assert age(home.members[0].birth_date) >= 18
        assert {person.relation for person in home.members} <= set(RELATION_LABELS)


def test_families_are_of_plausible_ages() -> None:
    for home in households(2000):
        head = home.members[0]
        for person in home.members[1:]:
            gap = age(head.birth_date) - age(person.birth_date)
            match person.relation:
                case "11" | "12":
                    assert abs(gap) <= 14
                    assert person.gender is not head.gender
                case "20" | "30":
                    assert gap >= 21
                case "41" | "42":
                    assert gap >= 46
                case "51" | "52":
                    assert -gap >= 20


def test_the_town_is_of_all_ages_and_partly_from_elsewhere() -> None:
    everybody = [person for home in households(3000) for person in home.members]
    ages = [age(person.birth_date) for person in everybody]
    floating = [person.population_type is PopulationType.FLOATING for person in everybody]
    men = [person.gender is Gender.MALE for person in everybody]
    assert 0.12 < sum(years < 15 for years in ages) / len(ages) < 0.22
    assert 0.10 < sum(years >= 60 for years in ages) / len(ages) < 0.22
    assert 0.25 < sum(floating) / len(floating) < 0.45
    assert 0.47 < sum(men) / len(men) < 0.54
    assert max(ages) < 110


def test_names_vary_and_the_hard_ones_are_among_them() -> None:
    names = [person.name for home in households(6000) for person in home.members]
    assert len(set(names)) > len(names) / 2
    assert any("·" in name for name in names)
    assert any(ord(character) > 0xFFFF for name in names for character in name)
    assert any(name.startswith("欧阳") for name in names)
    assert all(2 <= len(name) <= 30 for name in names)
