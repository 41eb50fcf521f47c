"""What every command that stays does first: end in order, refuse a taken port, spare the collector work."""

import gc
import signal
import sys
from types import FrameType
from typing import NoReturn

from app.core.processes import port_problem
from app.runtime.failures import CommandFailed

ENDINGS = (signal.SIGINT, signal.SIGTERM)


def leave_on_signals() -> None:
    """From now on SIGINT and SIGTERM end the command in order, with exit code 0; a second one waits."""

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        sys.exit(0)

    for number in ENDINGS:
        signal.signal(number, leave)


def keep_what_is_there() -> None:
    """Let the cycle collector pass over all that has been made so far: code and tables, none of it garbage.

    Otherwise it walks through all of that again and again, for every few hundred rows that are read.
    """
    gc.collect()
    gc.freeze()


def refuse_port(host: str, port: int) -> None:
    """`CommandFailed` with the reason when nothing can listen there."""
    problem = port_problem(port, host)
    if problem is not None:
        raise CommandFailed(problem)
