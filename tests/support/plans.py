"""What PostgreSQL really does for a statement: its plan with the rows and pages that each node touched."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Node = Mapping[str, Any]
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, FORMAT JSON)"


@dataclass(frozen=True, slots=True)
class Plan:
    """An executed plan."""

    root: Node

    def nodes(self) -> Iterator[Node]:
        """Every node, the root first."""
        yield from _below(self.root)

    def scans(self, table: str) -> list[Node]:
        """The nodes that read a table."""
        return [node for node in self.nodes() if node.get("Relation Name") == table]

    def kinds(self, table: str) -> set[str]:
        """How a table is read."""
        return {str(node["Node Type"]) for node in self.scans(table)}

    @property
    def pages(self) -> int:
        """Pages touched, found in memory or not."""
        return int(self.root["Shared Hit Blocks"]) + int(self.root["Shared Read Blocks"])

    @property
    def returned(self) -> int:
        """Rows that came out."""
        return int(self.root["Actual Rows"])

    def outline(self) -> str:
        """One line a node, for a failure's message."""
        return "\n".join(
            f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}"
            f" rows={node['Actual Rows']} loops={node['Actual Loops']}"
            f" removed={node.get('Rows Removed by Filter', 0)}"
            for node in self.nodes()
        )


def read(node: Node) -> float:
    """Rows that a scan looked at, thrown away or not."""
    removed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


async def explain(session: AsyncSession, statement: str, values: Sequence[Any], *, generic: bool) -> Plan:
    """Run the driver's own statement with its values, planned for them or for any values."""
    mode = "force_generic_plan" if generic else "force_custom_plan"
    await session.execute(text(f"SET LOCAL plan_cache_mode = {mode}"))
    connection = await session.connection()
    await connection.exec_driver_sql(f"PREPARE looked_at AS {statement}")
    given = f"({', '.join(map(_literal, values))})" if values else ""
    told = (await connection.exec_driver_sql(f"{EXPLAIN} EXECUTE looked_at{given}")).scalar_one()
    await connection.exec_driver_sql("DEALLOCATE looked_at")
    return Plan((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _below(child)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (bool, int, float)):
        return str(value)
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    if isinstance(value, list):
        kind = "text" if value and isinstance(value[0], str) else "uuid"
        return "ARRAY[" + ", ".join(map(_literal, value)) + f"]::{kind}[]"
    assert isinstance(value, (str, UUID))
    return "'" + re.sub("'", "''", str(value)) + "'"
