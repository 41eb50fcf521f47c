"""A person's name as columns: the name, and the spellings by which search finds it.

Statements that write names take both from here; objects spell themselves (`Resident`). The parts of a name
(`grams`) are kept by the database.
"""

from typing import Any

from app.core.pinyin import spellings


def name_columns(name: str) -> dict[str, Any]:
    """`name` and `spellings` of a resident's row."""
    return {"name": name, "spellings": spellings(name)}
