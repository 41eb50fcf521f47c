"""Which database a command works on: the one that the settings name, or the embedded server.

The embedded server stands in `<data_dir>/postgres`; whoever starts it first owns it and stops it at the
end, everybody else joins. Addresses come in the three spellings that operators use and leave in the two
that our drivers understand. Nothing here reads or writes tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.config import Settings
from app.core.embedded import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from app.runtime.failures import CommandFailed

URL_VARIABLE, READ_URL_VARIABLE = "WANGGE_DATABASE_URL", "WANGGE_DATABASE_READ_URL"
DRIVER = "postgresql+asyncpg"
_SPELLINGS = {"postgres", "postgresql", DRIVER}


@dataclass(frozen=True, slots=True)
class Database:
    """SQLAlchemy's addresses for the application's role and, where one is known, the owner's."""

    app_url: str
    owner_url: str | None

    def require_owner(self) -> str:
        """The owner's address; `CommandFailed` where the deployment gave none."""
        if self.owner_url is None:
            raise CommandFailed("请设置 WANGGE_OWNER_DATABASE_URL：建表须用数据库属主的账号")
        return self.owner_url


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The settings' database while the block runs; an embedded server that it started ends with it."""
    if settings.database_url is not None:
        owner = settings.owner_database_url
        yield Database(
            for_sqlalchemy(settings.database_url, URL_VARIABLE),
            None if owner is None else for_sqlalchemy(owner, "WANGGE_OWNER_DATABASE_URL"),
        )
        return
    with embedded(settings) as server:
        yield of_server(server)


def embedded(settings: Settings) -> EmbeddedPostgres:
    """The embedded server of the settings' data folder, not yet started."""
    return EmbeddedPostgres(settings.data_dir / "postgres")


def of_server(server: EmbeddedPostgres) -> Database:
    """The addresses of a running embedded server."""
    return Database(server.url(role=APP_ROLE), server.url(role=OWNER_ROLE))


def for_sqlalchemy(address: SecretStr, variable: str) -> str:
    """An operator's PostgreSQL address as SQLAlchemy's asyncpg dialect reads it."""
    try:
        url = make_url(address.get_secret_value())
    except ArgumentError:
        url = None
    if url is None or url.drivername not in _SPELLINGS:
        # The address may hold a password, so it is not repeated.
        raise CommandFailed(f"{variable} 须形如 postgresql://用户:密码@主机:5432/wangge")
    return _spelt(url.set(drivername=DRIVER), "sslmode", "ssl")


def for_asyncpg(url: str) -> str:
    """One of our SQLAlchemy addresses as asyncpg's own `connect` reads it."""
    return _spelt(make_url(url).set(drivername="postgresql"), "ssl", "sslmode")


def _spelt(url: URL, old: str, new: str) -> str:
    query = {new if key == old else key: value for key, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=False)
