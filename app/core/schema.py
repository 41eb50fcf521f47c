"""The schema's version: what the database has and what this code needs.

Reads Alembic's bookkeeping only; running migrations is the command line's business.
"""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

ROOT = Path(__file__).resolve().parents[2]


class SchemaStale(RuntimeError):
    """The database is not at the version that this code needs."""


def alembic_config() -> Config:
    """Alembic's settings, wherever the command is run from."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def head() -> str | None:
    """The newest revision that the code knows."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


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
