"""PgQueuer's own tables, as the package writes them; it manages them from here on."""

from typing import Any

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

revision = "20261121_0007"
down_revision = "20261121_0006"
branch_labels = None
depends_on = None


def run(script: str) -> None:
    """Run several statements at once, which only the driver's simple protocol can."""
    raw: Any = op.get_bind().connection.dbapi_connection
    raw.run_async(lambda driver: driver.execute(script))


def upgrade() -> None:
    run(QueryBuilderEnvironment().build_install_query(create_schema=False))


def downgrade() -> None:
    run(QueryBuilderEnvironment().build_uninstall_query())
