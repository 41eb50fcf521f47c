"""One server process: the application as uvicorn builds it, from the environment alone.

Whoever starts and watches several of them (`serving`) imports none of this: it needs neither the routes nor
the tables.
"""

import multiprocessing
import os
import signal
import threading

from fastapi import FastAPI

from app.config import Settings
from app.main import create_app
from app.runtime import databases, guards
from app.runtime.failures import CommandFailed


def application() -> FastAPI:
    """One server process's application; the environment names the database by now."""
    settings = Settings()
    if settings.database_url is None:
        raise CommandFailed(f"缺少 {databases.URL_VARIABLE}")
    _end_with_parent()
    read = settings.database_read_url
    app = create_app(
        settings,
        databases.for_sqlalchemy(settings.database_url, databases.URL_VARIABLE),
        databases.for_sqlalchemy(read, databases.READ_URL_VARIABLE) if read else None,
    )
    guards.keep_what_is_there()
    return app


def _end_with_parent() -> None:
    """Where several processes serve, each stops in order when the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
