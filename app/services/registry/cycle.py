"""When whom to visit next: the cycle of care levels, of households, and of places. Nobody else sets a date.

A care object is due a cycle after its last visit; red is due the day after it became red. A household is as
urgent as the strictest of those whom it looks after and due when the first of them is, or a year after its
last visit; one that was never visited has its day in its first year, spread so that a grid's new ones do not
all fall on one. A place is due a cycle after its last check. Whoever records a visit calls `visited`, and
`taken_back` when it counts no more.
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
_PLACES = bindparam("places", type_=ARRAY(Uuid()))
_LEVELS = f"ARRAY[{', '.join(repr(level.value) for level in _ORDER)}]"
_DAYS = "CASE care_level " + " ".join(f"WHEN '{level}' THEN {days}" for level, days in CYCLE_DAYS.items())
_FIRST = _DAYS.replace(f"'red' THEN {CYCLE_DAYS[CareLevel.RED]}", f"'red' THEN {_SOON.days}")
_DAY = "(occurred_at AT TIME ZONE 'Asia/Shanghai')::date"
_KEEP = text(f"""
    UPDATE household SET care_level = found.level, next_visit_due = least(found.due, coalesce(
               last_visit_on + {ORDINARY_CYCLE_DAYS},
               (created_at AT TIME ZONE 'Asia/Shanghai')::date + 1
                   + ('x' || right(household.id::text, 4))::bit(16)::int % {ORDINARY_CYCLE_DAYS}))
      FROM (SELECT home.id, min(care.next_visit_due) AS due,
                   ({_LEVELS})[min(array_position({_LEVELS}, care.care_level))] AS level
              FROM (SELECT unnest(:ids) AS id
                    UNION SELECT household_id FROM residence WHERE resident_id = ANY (:people)) AS home
              LEFT JOIN LATERAL (
                    SELECT next_visit_due, care_level FROM care_object
                     WHERE care_object.household_id = home.id AND ended_on IS NULL
                    UNION ALL
                    SELECT next_visit_due, care_level FROM residence
                      JOIN care_object ON care_object.resident_id = residence.resident_id AND ended_on IS NULL
                     WHERE residence.household_id = home.id AND residence.valid_to IS NULL) AS care ON true
             GROUP BY home.id) AS found
     WHERE household.id = found.id
""").bindparams(_IDS, _PEOPLE)  # noqa: S608 - numbers and codes of our own
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
    WITH came AS (
        UPDATE household SET last_visit_on = :day
         WHERE id = ANY (:ids) AND (last_visit_on IS NULL OR last_visit_on < :day)),
    checked AS (
        UPDATE place SET last_check_on = :day, next_check_due = CAST(:day AS date) + check_cycle_days
         WHERE id = ANY (:places) AND (last_check_on IS NULL OR last_check_on < :day))
    UPDATE care_object SET last_visit_on = :day, next_visit_due = CAST(:day AS date) + {_DAYS} END
     WHERE ended_on IS NULL AND (last_visit_on IS NULL OR last_visit_on < :day)
       AND (resident_id = ANY (:people) OR household_id = ANY (:ids))
""").bindparams(_IDS, _PEOPLE, _PLACES)  # noqa: S608 - numbers of our own
# What is left of the visits that count: for a person, those to the person and to where the person lived.
_TAKEN_BACK = text(f"""
    WITH came AS (
        UPDATE household SET last_visit_on = (SELECT max({_DAY}) FROM visit
                WHERE visit.household_id = household.id AND is_effective)
         WHERE id = ANY (:ids) AND last_visit_on = :day),
    checked AS (
        UPDATE place SET last_check_on = left_.day, next_check_due = coalesce(left_.day,
                   (place.created_at AT TIME ZONE 'Asia/Shanghai')::date) + check_cycle_days
          FROM (SELECT asked.id, greatest(asked.hand_check_on, (SELECT max({_DAY}) FROM visit
                        WHERE visit.place_id = asked.id AND is_effective)) AS day
                  FROM place AS asked WHERE asked.id = ANY (:places)) AS left_
         WHERE place.id = left_.id AND last_check_on = :day),
    left_ AS (
        SELECT care.id, decided.reviewed_on, greatest(
               (SELECT max({_DAY}) FROM visit
                 WHERE visit.household_id = care.household_id AND is_effective AND {_DAY} >= opened_on),
               (SELECT max({_DAY}) FROM visit
                 WHERE visit.resident_id = care.resident_id AND is_effective AND {_DAY} >= opened_on),
               (SELECT max({_DAY}) FROM residence AS home JOIN visit ON visit.household_id = home.household_id
                 WHERE home.resident_id = care.resident_id AND visit.resident_id IS NULL AND is_effective
                   AND {_DAY} >= greatest(opened_on, home.valid_from)
                   AND (home.valid_to IS NULL OR home.valid_to > {_DAY}))) AS day
          FROM care_object AS care JOIN LATERAL (SELECT max(reviewed_on) AS reviewed_on FROM care_review
                WHERE care_object_id = care.id AND level_after IS DISTINCT FROM level_before) AS decided
                ON true
         WHERE care.ended_on IS NULL AND care.last_visit_on = :day
           AND (care.resident_id = ANY (:people) OR care.household_id = ANY (:ids)))
    UPDATE care_object SET last_visit_on = left_.day, next_visit_due = least(left_.day + {_DAYS} END,
               CASE WHEN left_.day IS NULL OR left_.day < left_.reviewed_on
                    THEN left_.reviewed_on + {_FIRST} END END)
      FROM left_ WHERE care_object.id = left_.id
""").bindparams(_IDS, _PEOPLE, _PLACES)  # noqa: S608 - numbers of our own


def first_due(level: CareLevel, opened_on: date) -> date:
    """When somebody new is due: the next day for red, else after one cycle."""
    return opened_on + (_SOON if level is CareLevel.RED else timedelta(days=CYCLE_DAYS[level]))


def first_turn(household_id: UUID, registered_on: date) -> date:
    """When a household that nobody has visited is due: a day of its first year, by the end of its id."""
    return registered_on + timedelta(days=1 + (household_id.int & 0xFFFF) % ORDINARY_CYCLE_DAYS)


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
    """Work out anew how urgent these households are and when due, and those where the residents live."""
    if households or residents:
        await session.execute(_KEEP, {"ids": sorted(households), "people": sorted(residents)})


async def follow(session: AsyncSession, *, households: Collection[UUID], residents: Collection[UUID]) -> None:
    """Put care objects where the people and households are that they look after."""
    await session.execute(_FOLLOW, {"ids": sorted(households), "people": sorted(residents)})


async def visited(
    session: AsyncSession,
    *,
    on: date,
    households: Collection[UUID] = (),
    residents: Collection[UUID] = (),
    places: Collection[UUID] = (),
) -> None:
    """Somebody came and met them on that day: the next visits of these and of their households move on."""
    values = {"ids": sorted(households), "people": sorted(residents), "places": sorted(places)}
    await session.execute(_VISITED, values | {"day": on})
    await keep(session, households=households, residents=residents)


async def taken_back(
    session: AsyncSession,
    *,
    on: date,
    households: Collection[UUID] = (),
    residents: Collection[UUID] = (),
    places: Collection[UUID] = (),
) -> None:
    """A visit of that day counts no more: what it moved stands where the other visits leave it."""
    values = {"ids": sorted(households), "people": sorted(residents), "places": sorted(places)}
    await session.execute(_TAKEN_BACK, values | {"day": on})
    await keep(session, households=households, residents=residents)
