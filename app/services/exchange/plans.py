"""What a plan is: how rows of one kind belong together, how they are checked, and how they are written.

A unit is the rows that are written together or held together; areas and members are units of one row. A
plan is made for one pass over a job's rows (a dry run or a confirmed run) in the name of whoever sent them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import Problem
from app.models.area import Area
from app.services.exchange.importables import Importable
from app.services.exchange.rows import StagedRow
from app.services.platform.actor import Actor

Unit = list[StagedRow]


@dataclass(slots=True)
class Tally:
    """How many records a run has made, changed, found as they were, or refused."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, other: "Tally") -> None:
        """Count another run's records too."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused


class Plan(ABC):
    """The plan of one kind; see the module's paragraph."""

    def __init__(
        self, importable: Importable, *, actor: Actor, vault: Vault, area_id: UUID | None = None
    ) -> None:
        self.importable = importable
        self.actor = actor
        self.vault = vault
        self.area_id = area_id

    @property
    def below(self) -> ColumnElement[bool]:
        """The areas below the one that the sender named; all of them where none was named."""
        return Area.path.contains([self.area_id]) if self.area_id else true()

    @abstractmethod
    async def prepare(self, session: AsyncSession) -> None:
        """Load what every row needs."""

    def begins(self, _row: StagedRow, _unit: Unit) -> bool:
        """Whether the row begins another unit than the present one, which is not empty."""
        return True

    @abstractmethod
    async def check(self, session: AsyncSession, units: Sequence[Unit]) -> None:
        """Note on their rows what is wrong with some units, which come in the order of the sheet."""

    @abstractmethod
    async def apply(self, session: AsyncSession, units: Sequence[Unit]) -> Tally:
        """Write some units; what cannot be written any more gets a fault and is counted as refused."""


def blame(row: StagedRow, refused: Problem) -> None:
    """Note on a row why a service refused it."""
    column = refused.errors[0].where.rpartition(".")[2] if refused.errors else ""
    message = refused.errors[0].message_zh if refused.errors else refused.detail_zh
    row.blame(column, refused.code, message)
