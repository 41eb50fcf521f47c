"""The names of shapes as integrators read them, who know nothing of our modules or of generic types.

`PageRead[TicketBrief]` becomes `TicketBriefPage`, and of two shapes of one name in two modules each takes
its module's name in front.
"""

import re
from typing import Any

_GENERIC = re.compile(r"([A-Za-z]+?)(?:Read)?_(\w+)_")
_IN_MODULE = re.compile(r"app__schemas__(\w+)__(\w+)")
_SCHEMAS = "#/components/schemas/"


def tidy(document: dict[str, Any]) -> None:
    """Give every shape its name, wherever it is referred to."""
    schemas = document["components"]["schemas"]
    names = {name: _name(name) for name in schemas}
    named = {names[name]: {**schema, "title": names[name]} for name, schema in schemas.items()}
    if len(named) < len(schemas):
        raise ValueError("two shapes would have one name")
    document["components"]["schemas"] = dict(sorted(named.items()))
    _refer({f"{_SCHEMAS}{name}": f"{_SCHEMAS}{new}" for name, new in names.items()}, document)


def _name(name: str) -> str:
    if found := _IN_MODULE.fullmatch(name):
        return found[1].title().replace("_", "") + found[2]
    if found := _GENERIC.fullmatch(name):
        return f"{found[2]}{found[1]}"
    return name


def _refer(names: dict[str, str], node: Any) -> None:
    """Put the new names in place of the old, in references and in what tells variants apart."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in entries:
        if isinstance(inner, str):
            node[key] = names.get(inner, inner)
        else:
            _refer(names, inner)
