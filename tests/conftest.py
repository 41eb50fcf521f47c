"""Fixtures that every test may ask for; how to use them stands in `tests/README.md`.

A test runs on a clone of the migrated and seeded template, inside a transaction that is rolled back; a
test marked `commits` has a clone of its own and commits for real.
"""

import copy
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.api.openapi import document
from app.api.polled import Answers
from app.config import Settings
from app.core.db import Sessions, create_engine, create_sessions
from app.core.files import FileStore
from app.main import create_app
from app.services.access.uses import Uses
from app.services.platform.leases import Leases
from tests.support.clients import Api
from tests.support.database import Database, Run, Server, running_server
from tests.support.settings import settings_of_tests
from tests.support.statements import Counter, counted
from tests.support.world import World

# What a process remembers of the database; a test's own copy forgets it with the test.
CACHES = ("keyring", "deadlines")
_run_key = pytest.StashKey[Run]()
_numbers = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """The process that leads the run makes its folder; xdist's workers inherit it."""
    if not hasattr(config, "workerinput"):
        config.stash[_run_key] = Run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The leader ends the servers that tests needed."""
    if _run_key in config.stash:
        config.stash[_run_key].end()


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of the application under test."""
    return settings_of_tests()


@pytest.fixture(scope="session")
def server(worker_id: str) -> Server:
    """This process' PostgreSQL, to make databases on."""
    return running_server(worker_id)


@pytest.fixture(scope="session")
async def worker_database(server: Server) -> Database:
    """This process' clone of the template, in which nothing is ever committed."""
    return await server.create("wangge_process")


@pytest.fixture(scope="session")
async def worker_engine(worker_database: Database) -> AsyncIterator[AsyncEngine]:
    """The pool to this process' clone."""
    engine = create_engine(worker_database.url, pool_size=3, name="wangge-test")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def application(settings: Settings, worker_database: Database) -> FastAPI:
    """The one application of this process, warmed up; tests use it through `app`."""
    application = create_app(settings, worker_database.url)
    document.install(application)
    state = application.state
    async with state.sessions() as session:
        await state.keyring.published(session)
        await state.deadlines.get(session)
    await state.engine.dispose()
    return application


@pytest.fixture(scope="session")
def world() -> World:
    """The small town: places, organisations, people, tokens."""
    return World()


@pytest.fixture
def commits(request: pytest.FixtureRequest) -> bool:
    """Whether this test commits for real, in a database of its own."""
    return request.node.get_closest_marker("commits") is not None


@pytest.fixture
async def database(commits: bool, server: Server, worker_database: Database) -> AsyncIterator[Database]:
    """The test's database: for `commits` a fresh clone that is dropped afterwards."""
    if not commits:
        yield worker_database
        return
    own = await server.create(f"wangge_{next(_numbers)}")
    yield own
    await server.drop(own.name)


@pytest.fixture
async def engine(commits: bool, database: Database, worker_engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The application's pool to the test's database."""
    if not commits:
        yield worker_engine
        return
    own = create_engine(database.url, pool_size=10, name="wangge-test")
    yield own
    await own.dispose()


@pytest.fixture
async def sessions(commits: bool, engine: AsyncEngine) -> AsyncIterator[Sessions]:
    """Makes sessions as the application does; a commit is a released savepoint, except for `commits`."""
    if commits:
        yield create_sessions(engine)
        return
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield async_sessionmaker(
            connection,
            expire_on_commit=False,
            autoflush=False,
            join_transaction_mode="create_savepoint",
        )
        await transaction.rollback()


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A session of the test's own, which sees what the application wrote and the other way round."""
    async with sessions() as own:
        yield own


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """The lines that the application logs from now on."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """The test's own file store, in the folder `files` of `tmp_path`."""
    return FileStore(tmp_path / "files")


@pytest.fixture
def app(application: FastAPI, engine: AsyncEngine, sessions: Sessions, files: FileStore) -> Iterator[FastAPI]:
    """The application on the test's database and transaction."""
    state = application.state
    before = dict(state._state)
    state.engine, state.sessions, state.readers, state.files = engine, sessions, sessions, files
    for cache in CACHES:
        setattr(state, cache, copy.copy(getattr(state, cache)))
    # Tests ask again at once, and want to know what has become of it.
    state.answers = Answers(held_seconds=0)
    state.leases, state.uses = Leases(), Uses()
    yield application
    state._state.clear()
    state._state.update(before)


@pytest.fixture
async def api(app: FastAPI, world: World) -> AsyncIterator[Api]:
    """An HTTP client of nobody; `api.as_("dispatcher")` is the dispatcher's."""
    async with Api(app, world) as client:
        yield client


@pytest.fixture
def statements() -> Counter:
    """Counts the SQL of a block and limits it; see `tests.support.statements`."""
    return counted
