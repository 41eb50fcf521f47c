"""The demo's routing rules: each town sends what a line answers for to that line's organisation.

What villages answer for themselves has no rule: it waits at the desk of whoever dispatches there. Of some
categories, where nobody doubts the owner, the system dispatches by itself.
"""

from collections.abc import Iterator

from app.demo.content.complaints import category_profiles
from app.demo.content.departments import VILLAGE_LINE
from app.demo.town.founding import Founding
from app.demo.town.places import Places
from app.demo.town.rows import RuleRecord

__all__ = ["AUTO_DISPATCHED", "rules"]

# Foul water, gas, lifts, water, power, lines, and the loss of any of these.
AUTO_DISPATCHED = ("0404", "0405", "0505", "0604", "0605", "0606", "1107")


def rules(founding: Founding, places: Places) -> Iterator[RuleRecord]:
    """A rule for each town and leaf category, the villages' own categories left out."""
    for town in places.towns:
        for code, traits in category_profiles().items():
            if traits.line != VILLAGE_LINE:
                org_id = town.departments[traits.line]
                yield RuleRecord(founding.new_id(), code, town.id, org_id, *founding.stamps)
