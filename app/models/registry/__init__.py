"""Tables of the registry wing: buildings, rooms, households, residents, and who belonged where and when."""

from app.models.registry.care import CareObject, CareReview, ResidentTag
from app.models.registry.dwelling import Building, Room
from app.models.registry.household import Household, Resident
from app.models.registry.links import HouseholdMember, HouseholdStay, Residence

__all__ = [
    "Building",
    "CareObject",
    "CareReview",
    "Household",
    "HouseholdMember",
    "HouseholdStay",
    "Residence",
    "Resident",
    "ResidentTag",
    "Room",
]
