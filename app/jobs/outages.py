"""What it looks like when the database goes away, in the words of the drivers and the queue.

The engine wraps most of the driver's errors but not those of connecting; the driver itself, torn off in
the middle of a call, may complain of its own state (`InternalClientError`). For everything else that the
worker may meet there is no retry: it is a bug.
"""

import asyncpg
from pgqueuer.errors import FailingListenerError
from sqlalchemy.exc import SQLAlchemyError

OUTAGES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    FailingListenerError,
    SQLAlchemyError,
    OSError,
)
