"""Tables of the registry wing: buildings, rooms, places, people, and who belonged where when."""

from app.models.registry.care import CareObject, CareReview, ResidentTag
from app.models.registry.dwelling import Building, Room
from app.models.registry.household import Household, Resident
from app.models.registry.links import HouseholdMember, HouseholdStay, Residence
from app.models.registry.place import Place
from app.models.registry.transfer import Transfer

__all__ = [
    "Building",
    "CareObject",
    "CareReview",
    "Household",
    "HouseholdMember",
    "HouseholdStay",
    "Place",
    "Residence",
    "Resident",
    "ResidentTag",
    "Room",
    "Transfer",
]
