"""What every command that stays does first: end in order when told to, and refuse a port that is taken."""

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


def refuse_port(host: str, port: int) -> None:
    """`CommandFailed` with the reason when nothing can listen there."""
    problem = port_problem(port, host)
    if problem is not None:
        raise CommandFailed(problem)
