"""The statements of `bulk` and `bulk_write`, in PostgreSQL's own words: arrays in, sets out."""

KNOWN_PEOPLE = """
    SELECT resident.id, resident.id_index, resident.died_on, place.household_id, place.is_head,
        household.grid_id, household.area_id
    FROM unnest(CAST(:indexes AS bytea[])) AS wanted (id_index)
    JOIN resident ON resident.id_index = wanted.id_index
    LEFT JOIN household_member AS place ON place.resident_id = resident.id AND place.valid_to IS NULL
    LEFT JOIN household ON household.id = place.household_id
    """
HOUSEHOLDS_BY_NO = """
    SELECT household.no, household.id, household.grid_id, household.area_id,
        household.ended_on IS NOT NULL AS ended
    FROM unnest(CAST(:numbers AS text[])) AS wanted (no)
    JOIN household ON household.no = wanted.no
    """
HOUSEHOLDS_BY_PLACE = """
    SELECT household.id, household.area_id, household.address, household.room_id,
        resident.name AS head_name
    FROM household
    LEFT JOIN household_member AS place ON place.household_id = household.id AND place.is_head
        AND place.valid_to IS NULL
    LEFT JOIN resident ON resident.id = place.resident_id
    WHERE household.area_id = ANY(CAST(:areas AS uuid[]))
        AND (household.address = ANY(CAST(:addresses AS text[]))
            OR household.room_id = ANY(CAST(:rooms AS uuid[])))
        AND household.ended_on IS NULL
    ORDER BY household.id DESC
    """
MEMBERS = """
    SELECT place.household_id, place.resident_id, place.is_head, resident.name, resident.id_index
    FROM unnest(CAST(:households AS uuid[])) AS wanted (id)
    JOIN household_member AS place ON place.household_id = wanted.id AND place.valid_to IS NULL
    JOIN resident ON resident.id = place.resident_id
    """
NEW_HOUSEHOLDS = """
    WITH told AS (
        SELECT *
        FROM unnest(CAST(:id AS uuid[]), CAST(:no AS text[]), CAST(:area_id AS uuid[]),
            CAST(:town_id AS uuid[]), CAST(:village_id AS uuid[]), CAST(:grid_id AS uuid[]),
            CAST(:address AS text[]), CAST(:household_type AS text[]), CAST(:residence_status AS text[]),
            CAST(:member_count AS smallint[]), CAST(:next_visit_due AS date[]), CAST(:stay_id AS uuid[]),
            CAST(:room_id AS uuid[]))
            AS told (id, no, area_id, town_id, village_id, grid_id, address, household_type,
            residence_status, member_count, next_visit_due, stay_id, room_id)
    ), made AS (
        INSERT INTO household (id, no, area_id, town_id, village_id, grid_id, address, household_type,
            residence_status, member_count, next_visit_due, room_id, created_by, updated_by)
        SELECT id, no, area_id, town_id, village_id, grid_id, address, household_type, residence_status,
            member_count, next_visit_due, room_id, CAST(:by AS uuid), CAST(:by AS uuid)
        FROM told
    )
    INSERT INTO household_stay (id, household_id, area_id, room_id, address, reason, valid_from,
        created_by, updated_by)
    SELECT stay_id, id, area_id, room_id, address, CAST(:reason AS text), CAST(:today AS date),
        CAST(:by AS uuid), CAST(:by AS uuid)
    FROM told
    """
# A room that is told brings its address along, unless the table tells another or the household stands there.
CHANGED_HOUSEHOLDS = """
    WITH told AS (
        SELECT now.id, coalesce(sent.room_id, now.room_id) AS room_id,
            coalesce(sent.address, CASE WHEN sent.room_id IS DISTINCT FROM now.room_id THEN sent.room_address
                END, now.address) AS address,
            coalesce(sent.household_type, now.household_type) AS household_type,
            coalesce(sent.residence_status, now.residence_status) AS residence_status
        FROM unnest(CAST(:id AS uuid[]), CAST(:address AS text[]), CAST(:room_id AS uuid[]),
            CAST(:room_address AS text[]), CAST(:household_type AS text[]),
            CAST(:residence_status AS text[]))
            AS sent (id, address, room_id, room_address, household_type, residence_status)
        JOIN household AS now ON now.id = sent.id
    ), changed AS (
        UPDATE household SET address = told.address, room_id = told.room_id,
            household_type = told.household_type, residence_status = told.residence_status,
            version = household.version + 1, updated_at = now(), updated_by = CAST(:by AS uuid)
        FROM told
        WHERE household.id = told.id AND (household.address, household.room_id, household.household_type,
            household.residence_status) IS DISTINCT FROM (told.address, told.room_id, told.household_type,
            told.residence_status)
        RETURNING household.id, told.address, told.room_id
    ), corrected AS (
        UPDATE household_stay AS stay SET address = changed.address, room_id = changed.room_id
        FROM changed
        WHERE stay.household_id = changed.id AND stay.valid_to IS NULL
            AND (stay.address, stay.room_id) IS DISTINCT FROM (changed.address, changed.room_id)
    )
    SELECT id FROM changed
    """
STANDING_ROOMS = """
    SELECT id FROM room
    WHERE id = ANY(CAST(:id AS uuid[])) AND ended_on IS NULL
    ORDER BY id FOR SHARE
    """
NEW_ROOMS = """
    INSERT INTO room (id, building_id, area_id, town_id, village_id, grid_id, unit_no, room_no, address, use,
        created_by, updated_by)
    SELECT told.*, CAST(:by AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:building_id AS uuid[]), CAST(:area_id AS uuid[]),
        CAST(:town_id AS uuid[]), CAST(:village_id AS uuid[]), CAST(:grid_id AS uuid[]),
        CAST(:unit_no AS text[]), CAST(:room_no AS text[]), CAST(:address AS text[]), CAST(:use AS text[]))
        AS told (id, building_id, area_id, town_id, village_id, grid_id, unit_no, room_no, address, use)
    """
NEW_PEOPLE = """
    INSERT INTO resident (spellings, id, area_id, town_id, village_id, grid_id, name, gender, birth_on,
        population_type, no_id_reason, id_sealed, id_index, id_last4, phone_sealed, phone_index,
        phone_last4, created_by, updated_by)
    SELECT string_to_array(told.spelled, ' '), told.id, told.area_id, told.town_id, told.village_id,
        told.grid_id, told.name, told.gender, told.birth_on, told.population_type, told.no_id_reason,
        told.id_sealed, told.id_index, told.id_last4, told.phone_sealed, told.phone_index,
        told.phone_last4, CAST(:by AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:area_id AS uuid[]), CAST(:town_id AS uuid[]),
        CAST(:village_id AS uuid[]), CAST(:grid_id AS uuid[]), CAST(:name AS text[]),
        CAST(:spelled AS text[]), CAST(:gender AS text[]), CAST(:birth_on AS date[]),
        CAST(:population_type AS text[]), CAST(:no_id_reason AS text[]), CAST(:id_sealed AS bytea[]),
        CAST(:id_index AS bytea[]), CAST(:id_last4 AS text[]), CAST(:phone_sealed AS bytea[]),
        CAST(:phone_index AS bytea[]), CAST(:phone_last4 AS text[])) AS told (id, area_id, town_id,
        village_id, grid_id, name, spelled, gender, birth_on, population_type, no_id_reason, id_sealed,
        id_index, id_last4, phone_sealed, phone_index, phone_last4)
    """
CHANGED_PEOPLE = """
    UPDATE resident SET name = told.name, spellings = string_to_array(told.spelled, ' '),
        gender = coalesce(told.gender,
            CASE WHEN resident.id_index IS NULL AND resident.gender = '9' THEN told.read_gender END,
            resident.gender),
        birth_on = coalesce(told.birth_on, resident.birth_on,
            CASE WHEN resident.id_index IS NULL THEN told.read_birth_on END),
        population_type = coalesce(told.population_type, resident.population_type),
        id_type = CASE WHEN resident.id_index IS NULL AND told.id_index IS NOT NULL THEN '111'
            ELSE resident.id_type END,
        no_id_reason = CASE WHEN told.id_index IS NULL THEN resident.no_id_reason END,
        id_sealed = coalesce(resident.id_sealed, told.id_sealed),
        id_index = coalesce(resident.id_index, told.id_index),
        id_last4 = coalesce(resident.id_last4, told.id_last4),
        phone_sealed = coalesce(told.phone_sealed, resident.phone_sealed),
        phone_index = coalesce(told.phone_index, resident.phone_index),
        phone_last4 = coalesce(told.phone_last4, resident.phone_last4),
        version = resident.version + 1, updated_at = now(), updated_by = CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:name AS text[]), CAST(:spelled AS text[]),
        CAST(:gender AS text[]), CAST(:birth_on AS date[]), CAST(:population_type AS text[]),
        CAST(:read_gender AS text[]), CAST(:read_birth_on AS date[]), CAST(:id_sealed AS bytea[]),
        CAST(:id_index AS bytea[]), CAST(:id_last4 AS text[]), CAST(:phone_sealed AS bytea[]),
        CAST(:phone_index AS bytea[]), CAST(:phone_last4 AS text[])) AS told (id, name, spelled, gender,
        birth_on, population_type, read_gender, read_birth_on, id_sealed, id_index, id_last4,
        phone_sealed, phone_index, phone_last4)
    WHERE resident.id = told.id AND (
        resident.name <> told.name
        OR resident.gender <> coalesce(told.gender, resident.gender)
        OR resident.birth_on IS DISTINCT FROM coalesce(told.birth_on, resident.birth_on)
        OR resident.population_type <> coalesce(told.population_type, resident.population_type)
        OR resident.id_index IS NULL AND told.id_index IS NOT NULL
        OR resident.phone_index IS DISTINCT FROM coalesce(told.phone_index, resident.phone_index))
    RETURNING resident.id
    """
RETURNED = """
    UPDATE resident SET left_on = NULL
    FROM unnest(CAST(:id AS uuid[])) AS back (id)
    WHERE resident.id = back.id AND resident.left_on IS NOT NULL
    """
NEW_MEMBERS = """
    WITH told AS (
        SELECT *
        FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:resident_id AS uuid[]),
            CAST(:relation AS text[]), CAST(:is_head AS boolean[]), CAST(:reason AS text[]),
            CAST(:residence_id AS uuid[]))
            AS told (id, household_id, resident_id, relation, is_head, reason, residence_id)
    ), joined AS (
        INSERT INTO household_member (id, household_id, resident_id, relation, is_head, reason, valid_from,
            created_by, updated_by)
        SELECT id, household_id, resident_id, relation, is_head, reason, CAST(:today AS date),
            CAST(:by AS uuid), CAST(:by AS uuid)
        FROM told
    )
    INSERT INTO residence (id, resident_id, household_id, reason, valid_from, created_by, updated_by)
    SELECT residence_id, resident_id, household_id, reason, CAST(:today AS date), CAST(:by AS uuid),
        CAST(:by AS uuid)
    FROM told
    WHERE residence_id IS NOT NULL
    """
# The rows to write come out of the rows that were closed: none begins before the one before it has ended.
CHANGED_MEMBERS = """
    WITH changed AS (
        SELECT place.id, place.valid_from, told.*
        FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:resident_id AS uuid[]),
            CAST(:relation AS text[]), CAST(:is_head AS boolean[]))
            AS told (next_id, household_id, resident_id, relation, is_head)
        JOIN household_member AS place ON place.resident_id = told.resident_id
            AND place.household_id = told.household_id AND place.valid_to IS NULL
        WHERE place.relation <> told.relation AND NOT (place.is_head AND told.is_head)
    ), righted AS (
        UPDATE household_member AS place SET relation = changed.relation, is_head = changed.is_head,
            version = place.version + 1, updated_at = now(), updated_by = CAST(:by AS uuid)
        FROM changed
        WHERE place.id = changed.id AND changed.valid_from >= CAST(:today AS date)
    ), closed AS (
        UPDATE household_member AS place SET valid_to = CAST(:today AS date),
            end_reason = CAST(:reason AS text), version = place.version + 1, updated_at = now(),
            updated_by = CAST(:by AS uuid)
        FROM changed
        WHERE place.id = changed.id AND changed.valid_from < CAST(:today AS date)
        RETURNING changed.*
    ), begun AS (
        INSERT INTO household_member (id, household_id, resident_id, relation, is_head, reason, valid_from,
            created_by, updated_by)
        SELECT next_id, household_id, resident_id, relation, is_head, CAST(:reason AS text),
            CAST(:today AS date), CAST(:by AS uuid), CAST(:by AS uuid)
        FROM closed
    )
    SELECT resident_id FROM changed
    """
