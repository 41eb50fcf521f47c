"""The statements of `bulk` and `bulk_write`, in PostgreSQL's own words: arrays in, sets out."""

KNOWN_PEOPLE = """
    SELECT resident.id, resident.id_index, resident.died_on, place.household_id, place.is_head,
        household.grid_id
    FROM unnest(CAST(:indexes AS bytea[])) AS wanted (id_index)
    JOIN resident ON resident.id_index = wanted.id_index
    LEFT JOIN household_member AS place ON place.resident_id = resident.id AND place.valid_to IS NULL
    LEFT JOIN household ON household.id = place.household_id
    """
HOUSEHOLDS_BY_NO = """
    SELECT household.no, household.id, household.grid_id, household.ended_on IS NOT NULL AS ended
    FROM unnest(CAST(:numbers AS text[])) AS wanted (no)
    JOIN household ON household.no = wanted.no
    """
HOUSEHOLDS_BY_PLACE = """
    SELECT household.id, household.area_id, household.address, resident.name AS head_name
    FROM household
    LEFT JOIN household_member AS place ON place.household_id = household.id AND place.is_head
        AND place.valid_to IS NULL
    LEFT JOIN resident ON resident.id = place.resident_id
    WHERE household.area_id = ANY(CAST(:areas AS uuid[]))
        AND household.address = ANY(CAST(:addresses AS text[]))
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
    INSERT INTO household (id, no, area_id, town_id, village_id, grid_id, address, household_type,
        residence_status, member_count, created_by, updated_by)
    SELECT new.*, 0, CAST(:by AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:no AS text[]), CAST(:area_id AS uuid[]),
        CAST(:town_id AS uuid[]), CAST(:village_id AS uuid[]), CAST(:grid_id AS uuid[]),
        CAST(:address AS text[]), CAST(:household_type AS text[]), CAST(:residence_status AS text[])) AS new
    """
CHANGED_HOUSEHOLDS = """
    UPDATE household SET address = told.address,
        household_type = coalesce(told.household_type, household.household_type),
        residence_status = coalesce(told.residence_status, household.residence_status),
        version = household.version + 1, updated_at = now(), updated_by = CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:address AS text[]), CAST(:household_type AS text[]),
        CAST(:residence_status AS text[])) AS told (id, address, household_type, residence_status)
    WHERE household.id = told.id AND (
        household.address <> told.address
        OR household.household_type <> coalesce(told.household_type, household.household_type)
        OR household.residence_status <> coalesce(told.residence_status, household.residence_status))
    RETURNING household.id
    """
NEW_PEOPLE = """
    INSERT INTO resident (id, name, spellings, gender, birth_on, population_type, id_sealed, id_index,
        id_last4, phone_sealed, phone_index, phone_last4, created_by, updated_by)
    SELECT new.id, new.name, string_to_array(new.spellings, ' '), new.gender, new.birth_on,
        new.population_type, new.id_sealed, new.id_index, new.id_last4, new.phone_sealed, new.phone_index,
        new.phone_last4, CAST(:by AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:name AS text[]), CAST(:spellings AS text[]),
        CAST(:gender AS text[]),
        CAST(:birth_on AS date[]), CAST(:population_type AS text[]), CAST(:id_sealed AS bytea[]),
        CAST(:id_index AS bytea[]), CAST(:id_last4 AS text[]), CAST(:phone_sealed AS bytea[]),
        CAST(:phone_index AS bytea[]), CAST(:phone_last4 AS text[])) AS new (id, name, spellings, gender,
        birth_on, population_type, id_sealed, id_index, id_last4, phone_sealed, phone_index, phone_last4)
    """
CHANGED_PEOPLE = """
    UPDATE resident SET name = told.name,
        spellings = string_to_array(told.spellings, ' '),
        gender = coalesce(told.gender, resident.gender),
        birth_on = coalesce(told.birth_on, resident.birth_on),
        population_type = coalesce(told.population_type, resident.population_type),
        id_sealed = coalesce(resident.id_sealed, told.id_sealed),
        id_index = coalesce(resident.id_index, told.id_index),
        id_last4 = coalesce(resident.id_last4, told.id_last4),
        phone_sealed = coalesce(told.phone_sealed, resident.phone_sealed),
        phone_index = coalesce(told.phone_index, resident.phone_index),
        phone_last4 = coalesce(told.phone_last4, resident.phone_last4),
        version = resident.version + 1, updated_at = now(), updated_by = CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:name AS text[]), CAST(:spellings AS text[]),
        CAST(:gender AS text[]),
        CAST(:birth_on AS date[]), CAST(:population_type AS text[]), CAST(:id_sealed AS bytea[]),
        CAST(:id_index AS bytea[]), CAST(:id_last4 AS text[]), CAST(:phone_sealed AS bytea[]),
        CAST(:phone_index AS bytea[]), CAST(:phone_last4 AS text[])) AS told (id, name, spellings, gender,
        birth_on, population_type, id_sealed, id_index, id_last4, phone_sealed, phone_index, phone_last4)
    WHERE resident.id = told.id AND (
        resident.name <> told.name
        OR resident.gender <> coalesce(told.gender, resident.gender)
        OR resident.birth_on IS DISTINCT FROM coalesce(told.birth_on, resident.birth_on)
        OR resident.population_type <> coalesce(told.population_type, resident.population_type)
        OR resident.id_index IS NULL AND told.id_index IS NOT NULL
        OR resident.phone_index IS DISTINCT FROM coalesce(told.phone_index, resident.phone_index))
    RETURNING resident.id
    """
NEW_MEMBERS = """
    INSERT INTO household_member (id, household_id, resident_id, relation, is_head, valid_from,
        created_by, updated_by)
    SELECT new.*, CAST(:today AS date), CAST(:by AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:resident_id AS uuid[]),
        CAST(:relation AS text[]), CAST(:is_head AS boolean[])) AS new
    """
CHANGED_MEMBERS = """
    UPDATE household_member AS place SET relation = told.relation,
        version = place.version + 1, updated_at = now(), updated_by = CAST(:by AS uuid)
    FROM unnest(CAST(:household_id AS uuid[]), CAST(:resident_id AS uuid[]), CAST(:relation AS text[]))
        AS told (household_id, resident_id, relation)
    WHERE place.household_id = told.household_id AND place.resident_id = told.resident_id
        AND place.valid_to IS NULL AND place.relation <> told.relation
    RETURNING place.household_id
    """
COUNTED = """
    UPDATE household SET member_count = counted.people
    FROM (
        SELECT wanted.id, count(place.id) AS people
        FROM unnest(CAST(:households AS uuid[])) AS wanted (id)
        LEFT JOIN household_member AS place ON place.household_id = wanted.id AND place.valid_to IS NULL
        GROUP BY wanted.id
    ) AS counted
    WHERE household.id = counted.id AND household.member_count <> counted.people
    """
