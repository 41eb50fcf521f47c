"""A receiver of webhooks in a process of its own: takes every call, keeps connections, counts nothing.

`python -m bench.receiver` prints its port and serves until its standard input ends.
"""

import asyncio
import sys

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
LENGTH = b"content-length:"


class Taking(asyncio.Protocol):
    """One connection: as many answers as whole calls have come in."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - so it is with sockets
        self._transport, self._left = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer every call that is whole."""
        self._left += data
        while (end := self._left.find(b"\r\n\r\n")) >= 0:
            head = self._left[:end].lower()
            length = int(head.partition(LENGTH)[2].partition(b"\r\n")[0])
            if len(self._left) < end + 4 + length:
                return
            self._left = self._left[end + 4 + length :]
            self._transport.write(TAKEN)


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Taking, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
