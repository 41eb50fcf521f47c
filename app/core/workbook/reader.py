"""Reading a workbook row by row, in a process of its own: the caller's memory stays flat.

Whatever is wrong with the file comes out as a `WorkbookRefused`, also when the process had to be ended or
ended itself. Two processors share the work: one unpacks, the other does what it wants with the rows.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from app.core.workbook import guard
from app.core.workbook.cells import Row
from app.core.workbook.faults import BY_CODE, BrokenWorkbook, WorkbookTooSlow
from app.core.workbook.guard import Format

CHILD = "app.core.workbook.child"
SECONDS_A_LINE = 45
LONGEST_LINE = 67_108_864


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one sheet, in order; a new sheet begins with a batch that may be empty."""

    sheet: str
    rows: Sequence[Row]


async def check(file: IO[bytes]) -> Format:
    """As `guard.check`, beside the event loop."""
    return await asyncio.to_thread(guard.check, file)


async def batches(file: IO[bytes]) -> AsyncIterator[Batch]:
    """The visible sheets' rows that are not blank; `WorkbookRefused`. The file must be a real one."""
    file.flush()
    file.seek(0)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        CHILD,
        stdin=file.fileno(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LONGEST_LINE,
    )
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        async for batch in _told(child.stdout):
            yield batch
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _told(lines: asyncio.StreamReader) -> AsyncIterator[Batch]:
    sheet = ""
    while True:
        try:
            line = await asyncio.wait_for(lines.readline(), SECONDS_A_LINE)
        except TimeoutError:
            raise WorkbookTooSlow from None
        if not line:
            raise BrokenWorkbook
        said = json.loads(line)
        if "fault" in said:
            raise BY_CODE.get(said["fault"], BrokenWorkbook)
        if "end" in said:
            return
        sheet = said.get("sheet", sheet)
        yield Batch(sheet, [Row(number, cells) for number, cells in said.get("rows", ())])
