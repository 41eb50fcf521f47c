"""What search looks at: the parts of names and addresses, spellings of names, the last four of numbers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.pinyin import spellings

revision = "20261122_0060"
down_revision = "20261122_0052"
branch_labels = None
depends_on = None

BATCH = 5000
PLAIN = """
CREATE FUNCTION search_plain(told text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(lower(normalize(told, NFKC)), '\\s', '', 'g')
"""
# Each character and each pair of neighbours. Written for every address: a loop takes a ninth of the time of
# a query. Such bodies name nothing but the catalogue's own, because a dump is restored without search path.
GRAMS = """
CREATE FUNCTION search_grams(told text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    characters text[] := string_to_array(
        regexp_replace(lower(normalize(told, NFKC)), '\\s', '', 'g'), NULL);
    pairs text[] := '{}';
    before text;
    this text;
BEGIN
    FOREACH this IN ARRAY characters LOOP
        pairs := pairs || (before || this);
        before := this;
    END LOOP;
    RETURN characters || pairs[2:];
END
$$
"""
# 8号3栋2单元502 is found as 2-502, 3-502 and 3-2-502.
DOORS = """
CREATE FUNCTION search_doors(told text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    runs text[] := string_to_array(trim('-' FROM regexp_replace(
        regexp_replace(lower(normalize(told, NFKC)), '\\s', '', 'g'), '[^0-9a-z]+', '-', 'g')), '-');
    many integer := cardinality(runs);
BEGIN
    IF many < 2 THEN
        RETURN '{}';
    ELSIF many = 2 THEN
        RETURN ARRAY[runs[1] || '-' || runs[2]];
    END IF;
    RETURN ARRAY[runs[many - 1] || '-' || runs[many], runs[many - 2] || '-' || runs[many],
        runs[many - 2] || '-' || runs[many - 1] || '-' || runs[many]];
END
$$
"""
ADDRESS = """
CREATE FUNCTION search_address(told text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN search_grams(told) || search_doors(told)
"""
# A room whose address does not tell its door has one all the same.
DOOR = """
CREATE FUNCTION search_door(unit text, room text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(search_address(coalesce(unit || '-', '') || room), '{}')
"""
FUNCTIONS = (
    "search_door(text, text)",
    "search_address(text)",
    "search_doors(text)",
    "search_grams(text)",
    "search_plain(text)",
)
SEARCHED = {
    "household": "search_address(address)",
    "room": "search_address(address) || search_door(unit_no, room_no)",
    "building": "search_address(address) || search_grams(name)",
    "place": "search_address(address) || search_grams(name)",
}


def upgrade() -> None:
    # The tables are written anew, once.
    op.execute("SET LOCAL statement_timeout = '30min'")
    for function in (PLAIN, GRAMS, DOORS, ADDRESS, DOOR):
        op.execute(function)
    op.execute(
        "ALTER TABLE resident ADD grams text[] NOT NULL GENERATED ALWAYS AS (search_grams(name)) STORED, "
        "ADD spellings text[] NOT NULL DEFAULT '{}'"
    )
    spell()
    for table, searched in SEARCHED.items():
        op.execute(f"ALTER TABLE {table} ADD grams text[] NOT NULL GENERATED ALWAYS AS ({searched}) STORED")
    for table in ("resident", *SEARCHED):
        op.create_index(f"ix_{table}_grams", table, ["grams"], postgresql_using="gin")
    op.create_index("ix_resident_spellings", "resident", ["spellings"], postgresql_using="gin")
    for number in ("phone_last4", "id_last4"):
        op.create_index(f"ix_resident_{number}", "resident", [number])


def spell() -> None:
    """Write the spellings of the people who are there, name by name."""
    connection = op.get_bind()
    names = list(connection.scalars(sa.text("SELECT DISTINCT name FROM resident")))
    write = sa.text("UPDATE resident SET spellings = :spellings WHERE name = :name").bindparams(
        sa.bindparam("spellings", type_=ARRAY(sa.Text()))
    )
    if names:
        op.create_index("ix_resident_name_once", "resident", ["name"])
    for begin in range(0, len(names), BATCH):
        batch = [{"name": name, "spellings": spellings(name)} for name in names[begin : begin + BATCH]]
        connection.execute(write, batch)
    if names:
        op.drop_index("ix_resident_name_once", table_name="resident")


def downgrade() -> None:
    for number in ("phone_last4", "id_last4"):
        op.drop_index(f"ix_resident_{number}", table_name="resident")
    for table in ("resident", *SEARCHED):
        op.drop_column(table, "grams")
    op.drop_column("resident", "spellings")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
