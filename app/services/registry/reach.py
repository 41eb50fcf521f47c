"""How far a writer of the registry reaches: the grids they may write in, and the copies rows carry.

Only posts of `WRITERS` write, each within its own areas. What lies in a grid or micro-grid carries its
town, village and grid, which scope and lists look at.
"""

from dataclasses import replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, FieldError, NotFound, invalid_field
from app.models.base import Versioned
from app.models.enums import AreaLevel, Role
from app.services.areas import tree
from app.services.areas.tree import Chain
from app.services.platform import scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import Predicate, ScopeColumns

WRITERS = (Role.GRID_WORKER, Role.GRID_LEADER, Role.VILLAGE_ADMIN)
_GRIDS = frozenset({AreaLevel.GRID, AreaLevel.MICRO_GRID})

PLACE = ("area_id", "town_id", "village_id", "grid_id")

Record = TypeVar("Record", bound=Versioned)


class RecordEnded(Conflict):
    """It has ended and stays as it was."""

    code = "record_ended"
    title_zh, title_en = "该记录已注销，不能再修改", "It has ended and cannot be changed"


def columns_of(table: Any) -> ScopeColumns:
    """What scope looks at in a table of the registry."""
    return ScopeColumns(area=table.area_id, town=table.town_id, village=table.village_id, grid=table.grid_id)


def visible(actor: Actor, table: Any) -> Predicate:
    """The rows of a table of the registry that the caller may see."""
    return scope.visible(actor, Dataset.REGISTRY, columns_of(table))


def writable(actor: Actor, columns: ScopeColumns) -> Predicate:
    """The rows that one of the caller's writing posts covers."""
    writer = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in WRITERS))
    return scope.visible(writer, Dataset.REGISTRY, columns)


async def grid(session: AsyncSession, *, actor: Actor, area_id: UUID, where: str = "body.area_id") -> Chain:
    """The grid or micro-grid with its ancestors, if the caller may write there; else `NotFound`."""
    within = and_(writable(actor, tree.COLUMNS), tree.in_force())
    chain = await tree.chain(session, area_id=area_id, within=within, hold=True)
    if AreaLevel(chain.area.level) not in _GRIDS:
        raise invalid_field(where, "住户和房屋须登记在网格或微网格中", "must be a grid or micro-grid")
    return chain


def copies(chain: Chain) -> dict[str, UUID | None]:
    """The columns of a row that lies in this grid."""
    return {
        "area_id": chain.area.id,
        "town_id": chain.id_of(AreaLevel.TOWN),
        "village_id": chain.id_of(AreaLevel.VILLAGE),
        "grid_id": chain.id_of(AreaLevel.GRID),
    }


def copied(row: Any) -> dict[str, UUID | None]:
    """The same columns, from a row that lies there already."""
    return {name: getattr(row, name) for name in PLACE}


async def locked(
    session: AsyncSession,
    table: type[Record],
    *,
    actor: Actor,
    row_id: UUID,
    expected_version: int | None = None,
    where: str | None = None,
    within: Predicate | None = None,
) -> Record:
    """A row that the caller may write, locked; `NotFound`, `Stale`, or `RecordEnded`.

    `within` takes the place of the caller's reach.
    """
    reached = writable(actor, columns_of(table)) if within is None else within
    statement = select(table).where(table.id == row_id, reached)
    row = await session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound(errors=(tree.unknown(where),) if where else ())
    versions.require(row, expected_version)
    if getattr(row, "ended_on", None) is not None:
        raise RecordEnded(errors=(_ended(where),) if where else ())
    return row


def past(day: date | None, *, where: str, since: date | None = None) -> date:
    """The day of an event: today unless said, not in the future, and not before `since`."""
    today = clock.today()
    if day is None:
        return today
    if day > today:
        raise invalid_field(where, "日期不能晚于今天", "must not be in the future", "date_in_future")
    if since is not None and day < since:
        raise invalid_field(
            where, f"日期不能早于上一次变动（{since}）", f"must not be before {since}", "date_too_early"
        )
    return day


def _ended(where: str) -> FieldError:
    return FieldError(where, RecordEnded.code, RecordEnded.title_zh, RecordEnded.title_en)
