"""Small pictures, made by a process of their own: `python -m app.core.pictures.child`.

A picture that was made to hurt its reader hurts that process, which has a limit of memory and of time. One
at a time: a phone that wants fifty waits a little, the server never more than one decoder. What could not be
tried because the machine is busy may be tried later; what cannot be decoded never can.
"""

import asyncio
import sys
from contextlib import suppress
from typing import IO

from app.core.errors import Unavailable

MIMES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
MIME = "image/jpeg"
SIDE = 320
CHILD = "app.core.pictures.child"
SECONDS = PATIENCE = 20.0
MAX_BYTES = 262_144
_turn = asyncio.Lock()


async def make(file: IO[bytes]) -> bytes | None:
    """A JPEG of at most `SIDE` pixels a side of a real file; None when it cannot be decoded in its limits.

    `Unavailable` when its turn does not come, or the machine has no time for it.
    """
    file.flush()
    file.seek(0)
    try:
        async with asyncio.timeout(PATIENCE):
            await _turn.acquire()
    except TimeoutError as busy:
        raise Unavailable from busy
    try:
        return await _decoded(file)
    finally:
        _turn.release()


async def _decoded(file: IO[bytes]) -> bytes | None:
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
    except TimeoutError as slow:
        raise Unavailable from slow
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    return made if child.returncode == 0 and 0 < len(made) <= MAX_BYTES else None
