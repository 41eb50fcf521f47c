"""Small pictures, made by a process of their own: `python -m app.core.pictures.child`.

A picture that was made to hurt its reader hurts that process, which has a limit of memory and of time. One
at a time: a phone that wants fifty waits a little, the server never more than one decoder.
"""

import asyncio
import sys
from contextlib import suppress
from typing import IO

MIMES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
MIME = "image/jpeg"
SIDE = 320
CHILD = "app.core.pictures.child"
SECONDS = 20.0
MAX_BYTES = 262_144
_turn = asyncio.Lock()


async def make(file: IO[bytes]) -> bytes | None:
    """A JPEG of at most `SIDE` pixels a side of a real file; None when it cannot be decoded in its limits."""
    file.flush()
    file.seek(0)
    async with _turn:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            CHILD,
            stdin=file.fileno(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            made, _nothing = await asyncio.wait_for(child.communicate(), SECONDS)
        except TimeoutError:
            return None
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return made if child.returncode == 0 and 0 < len(made) <= MAX_BYTES else None
