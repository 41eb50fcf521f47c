"""Whether anything in the database is different from before: one checksum over every table."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base

# That somebody called is counted whatever becomes of the call.
COUNTED = {"rate_limit"}
_PARTS = " UNION ALL ".join(
    f"SELECT '{name}' AS name, count(*)::text || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '')"  # noqa: S608 - our own table names
    f" AS sum FROM {name} AS t"
    for name in Base.metadata.tables.keys() - COUNTED
)
_CHECKSUMS = text(f"SELECT name, sum FROM ({_PARTS}) AS parts ORDER BY name")  # noqa: S608 - as above


async def checksums(session: AsyncSession) -> dict[str, str]:
    """A checksum of the rows of each table, to be compared with a later one."""
    rows = (await session.execute(_CHECKSUMS)).all()
    return {row.name: row.sum for row in rows}
