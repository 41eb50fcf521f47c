"""A body's bytes as they arrive, for who must not wait for them endlessly: a lift that closes sends no word.

What a silent connection still had to say may come later, so the wait for it goes on while others work.
"""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self


class Arriving:
    """Use as a context, at whose end nobody waits any more; `silent` is for how many seconds none came."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._next: asyncio.Task[bytes] | None = None
        self.silent = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})

    async def next(self, seconds: float) -> bytes | None:
        """The next bytes, none at the end; None when none came for so many seconds."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        done, _waiting = await asyncio.wait({self._next}, timeout=seconds)
        if not done:
            self.silent += seconds
            return None
        came, self._next, self.silent = self._next, None, 0.0
        return came.result()

    async def _read(self) -> bytes:
        return await anext(self._body, b"")
