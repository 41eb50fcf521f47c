"""Photos of 10 MB: resumable uploads against a plain PUT to the same server. `python -m bench.uploading`.

Part of `make bench`. All ways take turns within a round and ratios are taken within a round. Then a hundred
phones upload at once, while the memory of the server's processes is looked at: it must not grow with the
number of phones.
"""

import argparse
import asyncio
import base64
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core.ids import uuid7
from app.models.enums import Role
from bench import processes, stand
from bench.options import Options
from bench.processes import API, HOST, Running, Spent
from bench.server import PLAIN

SIZE, MEGABYTE = 10_000_000, 1_000_000
CONNECTIONS, A_ROUND, ROUNDS = 4, 12, 5
PHONES, FEW = 100, 10
LEAST, MOST_GROWTH_MIB = 0.5, 48.0
LOOK_SECONDS = 0.1
CHUNK = 1_000_000
_SPOKEN = {"Tus-Resumable": "1.0.0"}
_BYTES = {**_SPOKEN, "Content-Type": "application/offset+octet-stream"}
# A JPEG of one pixel, whose compressed data go on for as long as wanted.
_HEAD = bytes.fromhex(
    "ffd8ffdb004300" + "01" * 64 + "ffc0000b080001000101011100"
    "ffc40014000100000000000000000000000000000000ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f00"
)

Way = Callable[[httpx.AsyncClient, bytes], Awaitable[None]]


@dataclass(slots=True)
class Measured:
    """A way to upload, and its megabytes a second in each round, and CPU of a photo; the first warms up."""

    name: str
    way: Way
    rates: list[float] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)


def main() -> None:
    """Start a server, upload in turns, then from many phones at once, and print."""
    parser = argparse.ArgumentParser(prog="bench.uploading", description="Measures uploads on this machine.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="all ways one after another")
    parser.add_argument("--phones", type=int, default=PHONES, help="how many upload at once")
    parser.add_argument("--processes", type=int, default=2, help="server processes")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    asked = parser.parse_args()
    console, folder = Console(width=120), (asked.data / "bench").resolve()
    options = Options(1000, 1, 1, CONNECTIONS, asked.processes, 1.0, asked.rounds, asked.data)
    with stand.opened(folder, console) as at, at.copy_of(at.filled(options.tickets)) as database:
        account = next(one for one in database.accounts if one.role is Role.GRID_WORKER)
        with processes.running(at, database, folder, options) as running:
            form = {"username": account.username, "password": account.password}
            with running.client() as client:
                token = client.post("/v1/auth/token", data=form).raise_for_status().json()["access_token"]
            asyncio.run(_measure(console, running, token, options.rounds, asked.phones))


async def _measure(console: Console, running: Running, token: str, rounds: int, phones: int) -> None:
    ways = [
        Measured("plain PUT", _put),
        Measured("tus, one request", _tus),
        Measured("tus, requests of 1 MB", _tus_in_chunks),
        Measured("multipart form", _form),
    ]
    limits = httpx.Limits(max_connections=phones)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://{HOST}:{running.port}"
    async with httpx.AsyncClient(
        base_url=url, headers=headers, limits=limits, timeout=300, trust_env=False
    ) as client:
        for _round in range(rounds + 1):
            for each in ways:
                before, started = running.spent(), time.perf_counter()
                await _together(client, each.way, A_ROUND, CONNECTIONS)
                each.rates.append(A_ROUND * SIZE / MEGABYTE / (time.perf_counter() - started))
                each.spent.append((running.spent() - before).each(A_ROUND))
        console.print(_table(ways))
        few = await _most(client, running, FEW)
        many = await _most(client, running, phones)
    grown = many - few
    mark = "" if grown <= MOST_GROWTH_MIB else " ✗"
    console.print(
        f"largest API process: {few:.0f} MiB with {FEW} phones at once, {many:.0f} MiB with {phones}"
    )
    console.print(f"grown by {grown:.0f} MiB (≤ {MOST_GROWTH_MIB:.0f}){mark}")


async def _together(client: httpx.AsyncClient, way: Way, count: int, at_once: int) -> None:
    turns = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with turns:
            await way(client, _photo(number))

    await asyncio.gather(*(one(number) for number in range(count)))


async def _most(client: httpx.AsyncClient, running: Running, phones: int) -> float:
    """The most memory of a server process, in MiB, while so many upload at once."""
    uploads = asyncio.ensure_future(_together(client, _tus, phones, phones))
    most = 0.0
    while not uploads.done():
        held = await asyncio.to_thread(running.held)
        most = max(most, *(each.largest_rss for each in held if each.kind == API))
        await asyncio.sleep(LOOK_SECONDS)
    await uploads
    return most


async def _put(client: httpx.AsyncClient, content: bytes) -> None:
    (await client.put(PLAIN, content=content)).raise_for_status()


async def _tus(client: httpx.AsyncClient, content: bytes) -> None:
    await _tus_in(client, content, len(content))


async def _tus_in_chunks(client: httpx.AsyncClient, content: bytes) -> None:
    await _tus_in(client, content, CHUNK)


async def _tus_in(client: httpx.AsyncClient, content: bytes, size: int) -> None:
    upload_id = base64.b64encode(str(uuid7()).encode()).decode()
    told = {**_SPOKEN, "Upload-Length": str(len(content)), "Upload-Metadata": f"id {upload_id}"}
    url = (await client.post("/v1/uploads", headers=told)).raise_for_status().headers["location"]
    for start in range(0, len(content), size):
        headers = {**_BYTES, "Upload-Offset": str(start)}
        (await client.patch(url, headers=headers, content=content[start : start + size])).raise_for_status()


async def _form(client: httpx.AsyncClient, content: bytes) -> None:
    (await client.post("/v1/attachments", files={"file": ("1.jpg", content)})).raise_for_status()


def _photo(number: int) -> bytes:
    """A photo that nobody has sent before."""
    noise = _NOISE[: SIZE - len(_HEAD) - 40] + uuid7().hex.encode() + number.to_bytes(4, "big")
    return _HEAD + noise + b"\xff\xd9"


_NOISE = random.Random(1).randbytes(SIZE).replace(b"\xff", b"\xfe")  # noqa: S311 - noise


def _table(ways: list[Measured]) -> Table:
    table = Table("10 MB photos", box=MARKDOWN)
    for name in ("MB a second", "of plain PUT", "CPU ms API", "CPU ms DB"):
        table.add_column(name, justify="right")
    plain = ways[0].rates[1:]
    for each in ways:
        ratio = median(mine / limit for mine, limit in zip(each.rates[1:], plain, strict=True))
        least = f" (≥ {LEAST}){' ✗' if ratio < LEAST else ''}" if each.way is _tus else ""
        api = median(spent.api for spent in each.spent[1:]) * 1000
        postgres = median(spent.postgres for spent in each.spent[1:]) * 1000
        rate = f"{median(each.rates[1:]):.0f}"
        table.add_row(each.name, rate, f"{ratio:.2f}{least}", f"{api:.0f}", f"{postgres:.0f}")
    return table


if __name__ == "__main__":
    main()
