"""A process of its own that uploads one photo, to be killed: `… -m tests.support.uploading URL FOLDER WHO`.

The application is the real one, on the database at URL and the file store in FOLDER; WHO is somebody of the
small town.
"""

import asyncio
import sys

from app.core.files import FileStore
from app.main import create_app
from tests.support.clients import Api
from tests.support.settings import settings_of_tests
from tests.support.uploads import upload
from tests.support.world import World


async def run(url: str, folder: str, who: str) -> int:
    """Upload; returns the reply's status."""
    app = create_app(settings_of_tests(), url)
    app.state.files = FileStore(f"file://{folder}")
    return (await upload(Api(app, World()), who)).status_code


if __name__ == "__main__":
    print(asyncio.run(run(*sys.argv[1:])))  # noqa: T201 - the answer
