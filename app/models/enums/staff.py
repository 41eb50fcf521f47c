"""How people are organised besides their posts: kinds of teams, and of links to households."""

from enum import StrEnum


class TeamKind(StrEnum):
    """What a team is there for."""

    MEDIATION = "mediation"
    PATROL = "patrol"
    FACILITIES = "facilities"
    SANITATION = "sanitation"
    PUBLICITY = "publicity"
    VOLUNTEER = "volunteer"
    EMERGENCY = "emergency"
    ERRANDS = "errands"
    COUNSELLING = "counselling"
    LEGAL = "legal"


class ContactKind(StrEnum):
    """How a member is linked to a household: a party member's households, or a pairing for help."""

    PARTY = "party"
    PAIRING = "pairing"


class ContactRank(StrEnum):
    """The rank of whoever keeps contact; quotas depend on it."""

    LEADER = "leader"
    CADRE = "cadre"
    PARTY_MEMBER = "party_member"
    VOLUNTEER = "volunteer"
