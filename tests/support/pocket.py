"""A phone in somebody's pocket: the reference phone, its way to a server on this machine, and its owner.

Imports little, because processes that are killed again and again are made of it.
"""

import asyncio
import random
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from app.demo.phone import NoNetwork, Pace, Phone
from tests.support.owners import Owner

ROUND = 20
PATIENCE = 900.0
# There is no TLS here, and to read the list of those whom it would trust takes a tenth of a second.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
IMPATIENT = Pace(first=0.01, longest=1.0, tries=10)


class Pocket:
    """A phone with its way to the server and its owner; `label` is the user name and the phone's number."""

    def __init__(self, file: Path, url: str, label: str, password: str, seed: int) -> None:
        self.label = label
        self._client = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=NO_TLS)
        credentials = label.partition("/")[0], password
        dice = random.Random(f"{seed} {label}")  # noqa: S311 - jitter
        self.phone = Phone(file, self._client, credentials, pace=IMPATIENT, dice=dice)
        # A killed process loses nothing by it, and the disk is slow for all tests together.
        self.phone.memory._db.execute("PRAGMA synchronous = OFF")
        self.owner = Owner(self.phone, label, seed)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.phone.close()
        await self._client.aclose()

    async def sync(self) -> None:
        """Sync, however often the phone loses its patience, but no longer than a quarter of an hour."""
        through = False
        async with asyncio.timeout(PATIENCE):
            while not through:
                with suppress(NoNetwork):
                    await self.phone.sync()
                    through = True
        self.owner.look()
