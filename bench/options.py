"""What a run of the bench may choose: `make bench TICKETS=… HOUSEHOLDS=… PEOPLE=… ROUNDS=…` and more."""

import argparse
from dataclasses import dataclass
from pathlib import Path

TICKETS, HOUSEHOLDS, PEOPLE = 100_000, 36_000, 1_000_000
CONNECTIONS, PROCESSES, SECONDS, ROUNDS = 8, 2, 2.0, 5


@dataclass(frozen=True, slots=True)
class Options:
    """How much to load, how to measure, where to keep it; `sizes`: compare several sizes instead.

    households: how many to import; people: how many to search among.
    """

    tickets: int
    households: int
    people: int
    connections: int
    processes: int
    seconds: float
    rounds: int
    data: Path
    sizes: tuple[int, ...] = ()


def read() -> Options:
    """The options of the command line; exits with a message for what is none."""
    parser = argparse.ArgumentParser(prog="bench", description="Measures the server on this machine.")
    parser.add_argument("--tickets", type=count, default=TICKETS, help="tickets in the database")
    parser.add_argument("--households", type=count, default=HOUSEHOLDS, help="households to import")
    parser.add_argument("--people", type=count, default=PEOPLE, help="people to search among")
    parser.add_argument("--connections", type=count, default=CONNECTIONS, help="keep-alive connections")
    parser.add_argument("--processes", type=count, default=PROCESSES, help="server processes")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each operation in each round")
    parser.add_argument("--rounds", type=count, default=ROUNDS, help="all operations one after another")
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder to keep loaded databases in")
    parser.add_argument("--sizes", type=counts, default=(), help="compare lists and lives: 1000,1000000")
    return Options(**vars(parser.parse_args()))


def count(text: str) -> int:
    """A whole number from 1 on; `ValueError` for what is none."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def counts(text: str) -> tuple[int, ...]:
    """Several of them, with commas between."""
    return tuple(count(part) for part in text.split(",") if part)
