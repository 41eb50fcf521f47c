"""Alembic's environment: online only, on the owner's database URL, with short locks."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.models import Base

LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "5s"
QUEUE_PREFIX = "pgqueuer"


def ours(thing: Any, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:  # noqa: FBT001
    """PgQueuer manages its own tables; the drift check leaves them out."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", None)
    return not (table or "").startswith(QUEUE_PREFIX)


def run(connection: Connection) -> None:
    """Run what was asked for in one transaction, or check for drift."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=False,
        include_object=ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_online(url: str) -> None:
    """Connect as the owner and run."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(run_online(str(context.config.attributes["url"])))
