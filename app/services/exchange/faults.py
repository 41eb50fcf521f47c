"""What can be wrong with one cell: a code, a sentence for whoever mends it, and the value masked."""

from dataclasses import asdict, dataclass
from typing import Any


class CellFault(ValueError):
    """A cell that cannot be taken as it is; `zh` says what to do about it."""

    def __init__(self, code: str, zh: str) -> None:
        super().__init__(code)
        self.code = code
        self.zh = zh


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong cell of a row: its column's header, and its value masked; no plain personal value."""

    column: str
    code: str
    message: str
    shown: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the staging table."""
        return asdict(self)
