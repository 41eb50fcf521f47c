"""What depends on a person's age alone: schooling, politics and whether a telephone is on record.

Codes are those of GB/T 4658 (education) and GB/T 4762 (politics); shares are rough guesses for a town of
the Pearl River delta.
"""

from bisect import bisect_right
from functools import cache
from typing import NamedTuple

from app.demo.content.tables import slots

__all__ = ["AgeTraits", "traits_of"]

_NO_PARTY = "13"
_BANDS = (
    # from age, share with a mobile telephone, education by weight, politics by weight
    (0, 0.0, {"90": 1}, {_NO_PARTY: 1}),
    (6, 0.0, {"80": 1}, {_NO_PARTY: 1}),
    (12, 0.3, {"70": 1}, {_NO_PARTY: 1}),
    (15, 0.9, {"60": 70, "40": 30}, {_NO_PARTY: 70, "03": 30}),
    (18, 0.97, {"30": 30, "20": 30, "60": 15, "40": 15, "70": 10}, {_NO_PARTY: 65, "03": 34, "01": 1}),
    (
        22,
        0.97,
        {"70": 34, "60": 16, "40": 15, "30": 18, "20": 16, "10": 1},
        {_NO_PARTY: 78, "03": 17, "01": 5},
    ),
    (29, 0.97, {"70": 40, "60": 16, "40": 14, "30": 16, "20": 13, "10": 1}, {_NO_PARTY: 93, "01": 7}),
    (40, 0.97, {"80": 18, "70": 48, "60": 17, "40": 8, "30": 6, "20": 3}, {_NO_PARTY: 92, "01": 8}),
    (60, 0.93, {"80": 52, "70": 26, "60": 10, "90": 11, "30": 1}, {_NO_PARTY: 90, "01": 10}),
    (75, 0.55, {"80": 52, "70": 12, "60": 4, "90": 32}, {_NO_PARTY: 91, "01": 9}),
)


class AgeTraits(NamedTuple):
    """Share of people with a telephone, and codes to draw from."""

    phone_share: float
    education: tuple[str, ...]
    political: tuple[str, ...]


@cache
def traits_of(age: int) -> AgeTraits:
    """The traits of people of that age in years."""
    _, phone_share, education, political = _BANDS[bisect_right(_BANDS, age, key=lambda band: band[0]) - 1]
    return AgeTraits(phone_share, slots(education.items(), 100), slots(political.items(), 100))
