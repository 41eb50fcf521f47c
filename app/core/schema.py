"""The schema's version: what the database has and what this code needs.

Reads what migrations say of themselves and Alembic's bookkeeping, without Alembic, which serving processes
would carry for nothing; running migrations is `runtime.provision`'s business.
"""

import re
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

ROOT = Path(__file__).resolve().parents[2]
_VERSIONS = ROOT / "migrations" / "versions"
_SAID = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)


class SchemaStale(RuntimeError):
    """The database is not at the version that this code needs."""


def head() -> str:
    """The newest revision that the code knows: the one that no other follows."""
    said = [found for path in _VERSIONS.glob("*.py") for found in _SAID.findall(path.read_text("utf-8"))]
    followed = {revision for name, revision in said if name == "down_revision"}
    (newest,) = {revision for name, revision in said if name == "revision"} - followed
    return str(newest)


async def current(engine: AsyncEngine) -> str | None:
    """The revision that the database is at; None for an empty database."""
    try:
        async with engine.connect() as connection:
            revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError as missing:
        if getattr(missing.orig, "sqlstate", "") == "42P01":
            return None
        raise
    return revision


async def require_head(engine: AsyncEngine) -> None:
    """Raise `SchemaStale` unless the database is at head; its text says how to migrate."""
    found, needed = await current(engine), head()
    if found != needed:
        message = f"数据库结构版本为 {found or '空'}，程序需要 {needed}：请先运行 wangge migrate"
        raise SchemaStale(message)
