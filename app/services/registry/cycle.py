"""When whom to visit next: the cycle of care levels, and of households.

A care object is due a cycle after its last visit; red is due the day after it became red. A household is
due a year after its last visit, or when the first of those whom it looks after is. Whoever records a visit
calls `visited`.
"""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import CYCLE_DAYS, ORDINARY_CYCLE_DAYS, CareLevel

_ORDER = tuple(CareLevel)
_SOON = timedelta(days=1)
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_PEOPLE = bindparam("people", type_=ARRAY(Uuid()))
_DAYS = " ".join(f"WHEN '{level}' THEN {days}" for level, days in CYCLE_DAYS.items())
_KEEP = text(f"""
    UPDATE household SET next_visit_due = least(
        coalesce(last_visit_on, (created_at AT TIME ZONE 'Asia/Shanghai')::date) + {ORDINARY_CYCLE_DAYS},
        (SELECT min(next_visit_due) FROM care_object
          WHERE care_object.household_id = household.id AND care_object.ended_on IS NULL),
        (SELECT min(care.next_visit_due) FROM residence AS home
           JOIN care_object AS care ON care.resident_id = home.resident_id AND care.ended_on IS NULL
          WHERE home.household_id = household.id AND home.valid_to IS NULL))
     WHERE id IN (SELECT unnest(:ids)
                  UNION SELECT household_id FROM residence WHERE resident_id = ANY (:people))
""").bindparams(_IDS, _PEOPLE)  # noqa: S608 - a number of our own
_FOLLOW = text("""
    UPDATE care_object SET area_id = place.area_id, town_id = place.town_id,
           village_id = place.village_id, grid_id = place.grid_id
      FROM (SELECT care.id, there.area_id, there.town_id, there.village_id, there.grid_id
              FROM resident AS there JOIN care_object AS care ON care.resident_id = there.id
             WHERE there.id = ANY (:people) AND care.ended_on IS NULL
            UNION ALL
            SELECT care.id, there.area_id, there.town_id, there.village_id, there.grid_id
              FROM household AS there JOIN care_object AS care ON care.household_id = there.id
             WHERE there.id = ANY (:ids) AND care.ended_on IS NULL) AS place
     WHERE care_object.id = place.id AND place.area_id IS NOT NULL
""").bindparams(_IDS, _PEOPLE)
_VISITED = text(f"""
    UPDATE care_object SET last_visit_on = :day,
           next_visit_due = CAST(:day AS date) + CASE care_level {_DAYS} END
     WHERE ended_on IS NULL AND (last_visit_on IS NULL OR last_visit_on < :day)
       AND (resident_id = ANY (:people) OR household_id = ANY (:ids))
""").bindparams(_IDS, _PEOPLE)  # noqa: S608 - numbers of our own
_CAME = text("""
    UPDATE household SET last_visit_on = :day
     WHERE id = ANY (:ids) AND (last_visit_on IS NULL OR last_visit_on < :day)
""").bindparams(_IDS)


def first_due(level: CareLevel, opened_on: date) -> date:
    """When somebody new is due: the next day for red, else after one cycle."""
    return opened_on + (_SOON if level is CareLevel.RED else timedelta(days=CYCLE_DAYS[level]))


def due_after_review(
    *, before: CareLevel, after: CareLevel, due: date, last_visit_on: date | None, on: date
) -> date:
    """When somebody is due whose level was decided anew: never later for becoming more urgent."""
    if before is after:
        return due
    if _ORDER.index(after) < _ORDER.index(before):
        return min(due, first_due(after, on))
    return (last_visit_on or on) + timedelta(days=CYCLE_DAYS[after])


async def keep(
    session: AsyncSession, *, households: Collection[UUID] = (), residents: Collection[UUID] = ()
) -> None:
    """Work out anew when these households are due, and those where the residents live or lived."""
    if households or residents:
        await session.execute(_KEEP, {"ids": sorted(households), "people": sorted(residents)})


async def follow(session: AsyncSession, *, households: Collection[UUID], residents: Collection[UUID]) -> None:
    """Put care objects where the people and households are that they look after."""
    await session.execute(_FOLLOW, {"ids": sorted(households), "people": sorted(residents)})


async def visited(
    session: AsyncSession, *, on: date, households: Collection[UUID] = (), residents: Collection[UUID] = ()
) -> None:
    """Somebody came and met them on that day: the next visits of these and of their households move on."""
    values = {"day": on, "ids": sorted(households), "people": sorted(residents)}
    await session.execute(_VISITED, values)
    if households:
        await session.execute(_CAME, {"day": on, "ids": sorted(households)})
    await keep(session, households=households, residents=residents)
