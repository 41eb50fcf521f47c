"""The database: engine, session factory and the one place that commits.

`transaction()` is the only code that commits; services flush and never commit. PostgreSQL only. The
sessions keep their objects usable after the commit (`expire_on_commit=False`) and read no relation
behind the caller's back (models say `lazy="raise"`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

LOCK_TIMEOUT_MS = 4_000
STATEMENT_TIMEOUT_MS = 30_000

Sessions = async_sessionmaker[AsyncSession]


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
