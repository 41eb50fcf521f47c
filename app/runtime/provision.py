"""Making a database fit for this code: the migrations as its owner, then the rows it cannot do without.

Doing it again changes nothing. Demo data and the first account are not owned here.
"""

import asyncio

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from app.core import schema
from app.core.db import create_engine, create_sessions, transaction
from app.runtime import head
from app.runtime.failures import CommandFailed
from app.services.exchange.public import services
from app.services.platform import calendars
from app.services.tickets import categories, sla


def alembic_config() -> Config:
    """Alembic's settings, wherever the command is run from."""
    config = Config(schema.ROOT / "alembic.ini")
    config.set_main_option("script_location", str(schema.ROOT / "migrations"))
    return config


def migrate(owner_url: str) -> str:
    """Upgrade to the newest schema and seed; returns the revision. Not inside a running event loop."""
    if asyncio.run(head.revision(owner_url)) != schema.head():
        upgrade(owner_url)
    asyncio.run(seed(owner_url))
    return schema.head()


def upgrade(owner_url: str) -> None:
    """Run the migrations that the database lacks; `CommandFailed` when it knows newer ones than we."""
    config = alembic_config()
    config.attributes["url"] = owner_url
    try:
        command.upgrade(config, "head")
    except CommandError as refused:
        raise CommandFailed(f"数据库结构与程序不符（可能来自更新的版本）：{refused}") from refused


def refuse_drift(owner_url: str) -> None:
    """`CommandFailed` when the migrated database differs from the tables that the code declares."""
    config = alembic_config()
    config.attributes["url"] = owner_url
    try:
        command.check(config)
    except CommandError as drift:
        raise CommandFailed(f"迁移与代码中的表不一致：{drift}") from drift


async def seed(owner_url: str) -> None:
    """Add what is missing of the default work calendar, the category list, the services and the limits."""
    engine = create_engine(owner_url, pool_size=1, name="wangge-cli")
    try:
        async with transaction(create_sessions(engine)) as session:
            await calendars.seed(session)
            await categories.seed(session)
            await services.seed(session)
            await sla.seed(session)
    finally:
        await engine.dispose()
