"""What the load generator is told, and what it tells: the two ends of its process, as JSON.

Bytes travel as Latin-1 text, which holds every byte.
"""

import json
from array import array
from dataclasses import dataclass, field
from typing import Any

# As long as what they stand for, so that they change no length.
ID_MARK = b"{{-------------- id --------------}}"
ETAG_MARK = b"{{------------ etag -----------}}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send: stories of requests, over so many connections, spread evenly over so many processes.

    `ids` feed the stories that begin with a known record: each takes the next (`once`), or the list goes
    round. `expect` are the statuses that count as an answer. `whole`: a story's time counts, not that of
    each answer. `whoami` is a request whose answer names the server process, so that the connections can be
    shared out evenly.
    """

    host: str
    port: int
    connections: int
    processes: int
    seconds: float
    whoami: bytes
    story: tuple[bytes, ...]
    ids: tuple[bytes, ...] = ()
    once: bool = False
    whole: bool = False
    expect: frozenset[int] = frozenset({200, 201})

    def as_json(self) -> str:
        """For the standard input of the client's process."""
        return json.dumps(
            {
                "host": self.host,
                "port": self.port,
                "connections": self.connections,
                "processes": self.processes,
                "seconds": self.seconds,
                "whoami": self.whoami.decode("latin-1"),
                "story": [request.decode("latin-1") for request in self.story],
                "ids": [row.decode("latin-1") for row in self.ids],
                "once": self.once,
                "whole": self.whole,
                "expect": sorted(self.expect),
            }
        )

    @classmethod
    def of_json(cls, text: str) -> "Plan":
        """What `as_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["whoami"] = found["whoami"].encode("latin-1")
        found["story"] = tuple(request.encode("latin-1") for request in found["story"])
        found["ids"] = tuple(row.encode("latin-1") for row in found["ids"])
        found["expect"] = frozenset(found["expect"])
        return cls(**found)


@dataclass(slots=True)
class Report:
    """What all connections saw: seconds in all, microseconds of each answer, ids made, what went wrong."""

    seconds: float = 0.0
    answers: int = 0
    micros: "array[int]" = field(default_factory=lambda: array("L"))
    made: list[str] = field(default_factory=list)
    trouble: str = ""

    def as_json(self) -> str:
        """For the standard output of the client's process."""
        return json.dumps(
            {
                "seconds": self.seconds,
                "answers": self.answers,
                "micros": self.micros.tolist(),
                "made": self.made,
                "trouble": self.trouble,
            }
        )

    @classmethod
    def of_json(cls, text: str) -> "Report":
        """What `as_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["micros"] = array("L", found["micros"])
        return cls(**found)
