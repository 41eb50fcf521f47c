"""One page of what a caller sees, as SQL: each branch of the scope is a short scan of its own.

First the ids of the page are found: the first rows of each branch, united and cut, so that the cost does
not depend on how much the caller could see. Then the rows and what is joined to them are read, for these
ids only. Which columns and filters a list has is its wing's business.
"""

from collections.abc import Sequence
from typing import TypeVarTuple

from sqlalchemy import Integer, Select, bindparam, false, select, union_all

from app.core.paging import Sort
from app.services.platform.scope import Predicate

Columns = TypeVarTuple("Columns")


def page_statement(
    statement: Select[*Columns],
    *,
    sort: Sort,
    branches: Sequence[Predicate],
    filters: Sequence[Predicate] = (),
    cursor: str | None,
    limit: int,
) -> Select[*Columns]:
    """The statement cut to limit + 1 rows after the cursor; a row in two branches comes once.

    Branches and filters may name only the table that the sort's columns belong to.
    """
    # Spelled out: of a number that it cannot see, the planner takes a tenth of the table for a page.
    rows = bindparam("page_rows", limit + 1, Integer, literal_execute=True)
    ordered = statement.order_by(*sort.order()).limit(rows)
    if not branches:
        return ordered.where(false())
    after = [sort.after(cursor)] if cursor else []
    conditions = [*filters, *after]
    parts = [
        select(sort.id_column).where(branch, *conditions).order_by(*sort.order()).limit(rows)
        for branch in branches
    ]
    ids = union_all(*parts) if len(parts) > 1 else parts[0]
    # By the key itself, a merge join would walk to the page from the first row of all: begin at the cursor.
    begin = after if sort.column is sort.id_column else []
    return ordered.where(sort.id_column.in_(ids), *begin)
