"""Where an answer leads: from what was made, or the first of a list, to all that can be done with it.

OpenAPI links, for those who walk the API by its document.
"""

from collections.abc import Iterator
from typing import Any

_ONE, _FIRST = "$response.body#", "$response.body#/items/0"


def enter(document: dict[str, Any]) -> None:
    """Enter the links of every collection: a path, and the paths below it that name one of its records."""
    for path, item in document["paths"].items():
        below = dict(sorted(_below(path, document)))
        for method, status, where in (("post", "201", _ONE), ("get", "200", _FIRST)):
            answer = item.get(method, {}).get("responses", {}).get(status)
            fields = _fields(answer, document, listed=where is _FIRST) if answer else set()
            links = {
                operation: {"operationId": operation, "parameters": {name: f"{where}/{field}"}}
                for operation, name in below.items()
                # A record is named by what the address asks for, else by its id.
                for field in [next((one for one in (name, "id") if one in fields), None)]
                if field
            }
            if answer and links:
                answer["links"] = links


def _below(path: str, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The operations on one record of the collection, and what they call its id."""
    for longer, item in document["paths"].items():
        rest = longer.removeprefix(f"{path}/")
        if rest != longer and rest.startswith("{") and longer.count("{") == 1:
            name = rest[1 : rest.index("}")]
            yield from ((operation["operationId"], name) for operation in item.values())


def _fields(answer: dict[str, Any], document: dict[str, Any], *, listed: bool) -> set[str]:
    shape = _shape(answer.get("content", {}).get("application/json", {}).get("schema", {}), document)
    if listed:
        shape = _shape(shape.get("properties", {}).get("items", {}).get("items", {}), document)
    return set(shape.get("properties", {}))


def _shape(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found: dict[str, Any] = document["components"]["schemas"].get(name, schema)
    return found
