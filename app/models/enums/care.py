"""Who is looked after and how often: care tags, levels, and what the tags disclose."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class CareTag(StrEnum):
    """Why somebody should be visited and helped, or what they do for others."""

    ELDERLY_80 = "elderly_80"
    LIVING_ALONE = "living_alone"
    EMPTY_NEST = "empty_nest"
    LEFT_BEHIND_ELDER = "left_behind_elder"
    LEFT_BEHIND_CHILD = "left_behind_child"
    LEFT_BEHIND_WOMAN = "left_behind_woman"
    DISABLED = "disabled"
    DISABLED_SEVERE = "disabled_severe"
    DISABLED_SELF_CARE = "disabled_self_care"
    SUBSISTENCE = "subsistence"
    DESTITUTE = "destitute"
    LOW_INCOME = "low_income"
    DIBAO_EDGE = "dibao_edge"
    RELAPSE_MONITORED = "relapse_monitored"
    ORPHAN = "orphan"
    CHILD_IN_NEED = "child_in_need"
    FAMILY_PLANNING_SPECIAL = "family_planning_special"
    PREGNANT = "pregnant"
    CHRONIC = "chronic"
    VETERAN = "veteran"
    MARTYR_FAMILY = "martyr_family"
    UNEMPLOYED = "unemployed"
    MIGRANT_WORKER = "migrant_worker"
    PARTY_MEMBER = "party_member"
    VILLAGER_REP = "villager_rep"
    TWO_REPS = "two_reps"
    XIANGXIAN = "xiangxian"
    VOLUNTEER = "volunteer"
    SKILLED = "skilled"
    BUILDING_HEAD = "building_head"


class CareLevel(StrEnum):
    """How urgently somebody needs looking after; each has its visit cycle."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"


CYCLE_DAYS: Mapping[CareLevel, int] = MappingProxyType(
    {CareLevel.RED: 7, CareLevel.ORANGE: 30, CareLevel.YELLOW: 90, CareLevel.GREEN: 180}
)
ORDINARY_CYCLE_DAYS = 365

# Health, disability, minors: P3, for those who look after people, not for every helper.
SENSITIVE = frozenset(
    {
        CareTag.LEFT_BEHIND_CHILD,
        CareTag.DISABLED,
        CareTag.DISABLED_SEVERE,
        CareTag.DISABLED_SELF_CARE,
        CareTag.ORPHAN,
        CareTag.CHILD_IN_NEED,
        CareTag.FAMILY_PLANNING_SPECIAL,
        CareTag.PREGNANT,
        CareTag.CHRONIC,
    }
)
