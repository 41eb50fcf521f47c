"""The database: engine, session factory and the one place that commits.

`transaction()` is the only code that commits; services flush and never commit. PostgreSQL only. The
sessions keep their objects usable after the commit (`expire_on_commit=False`) and read no relation
behind the caller's back (models say `lazy="raise"`).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import InterfaceError, InternalClientError, PostgresError, Record
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

LOCK_TIMEOUT_MS = 4_000
STATEMENT_TIMEOUT_MS = 30_000

Sessions = async_sessionmaker[AsyncSession]
_CONNECTION = "connection"


def create_engine(url: str, *, pool_size: int = 10, name: str = "wangge") -> AsyncEngine:
    """An engine on asyncpg whose connections give up on locks after 4 s and on statements after 30 s."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "timeout": 10,
            "prepared_statement_cache_size": 500,
            "server_settings": {
                "application_name": name,
                "jit": "off",
                "TimeZone": "UTC",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """A session factory; see the module's paragraph for its promises."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


def create_readers(engine: AsyncEngine) -> Sessions:
    """As `create_sessions`, for reading: every statement stands alone, nothing needs a commit.

    At PostgreSQL's default level two statements of one transaction do not see the same moment either; so
    this gives nothing up, and saves the two round trips of BEGIN and COMMIT. The one thing that is written so
    is what `services.platform.limits` counts, which must stand whatever becomes of the call.
    """
    return create_sessions(engine.execution_options(isolation_level="AUTOCOMMIT"))


async def fetch_one(session: AsyncSession, sql: str, *values: object) -> Record | None:
    """The row of a query in PostgreSQL's own words (`$1`), by column names; None where there is none.

    For the few queries that nearly every request sends: they go straight to the driver, because the way
    through SQLAlchemy takes several times as long as the query itself. Its listeners hear of them and its
    errors come out all the same. Only for reading: it may run before the transaction has really begun.
    """
    row: Record | None = await _fetch(session, "fetchrow", sql, values)
    return row


async def fetch_all(session: AsyncSession, sql: str, *values: object) -> Sequence[Record]:
    """All rows of a query, as `fetch_one` reads one."""
    rows: Sequence[Record] = await _fetch(session, "fetch", sql, values)
    return rows


async def _fetch(session: AsyncSession, method: str, sql: str, values: tuple[object, ...]) -> Any:
    connection = await _checked_out(session)
    driver: Any = connection.connection.driver_connection
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, None, sql, values, None, False)  # noqa: FBT003 - SQLAlchemy's own signature
    try:
        return await getattr(driver, method)(sql, *values)
    except (PostgresError, InterfaceError, InternalClientError) as error:
        if isinstance(error, InternalClientError):
            # The server's last word is half read: the connection is dead, but does not know it yet.
            driver.terminate()
        if driver.is_closed():
            # Meets the same error, and makes the pool give up the other connections of that server too.
            await (await session.connection()).exec_driver_sql(sql, values)
        raise DBAPIError(None, None, error) from error


async def _checked_out(session: AsyncSession) -> Connection:
    """The session's connection, asked for once: to ask again costs as much as the query."""
    known: Connection | None = session.sync_session.info.get(_CONNECTION)
    if known is None or known.closed or known.invalidated:
        known = (await session.connection()).sync_connection
        assert known is not None  # noqa: S101 - it was handed out just now
        session.sync_session.info[_CONNECTION] = known
    return known


async def let_go(session: AsyncSession) -> None:
    """Give the connection of a session that has only read back to the pool, to wait for something else."""
    await session.commit()


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    async with sessions() as session:
        try:
            yield session
            await session.commit()
        except BaseException:
            await session.rollback()
            raise
