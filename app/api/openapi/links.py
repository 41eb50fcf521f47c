"""Where an answer leads: from what was made, or the first of a list, to all that can be done with it.

OpenAPI links, for those who walk the API by its document.
"""

from collections.abc import Iterator
from typing import Any

_ONE, _FIRST = "$response.body#/id", "$response.body#/items/0/id"


def enter(document: dict[str, Any]) -> None:
    """Enter the links of every collection: a path, and the paths below it that name one of its records."""
    for path, item in document["paths"].items():
        below = dict(sorted(_below(path, document)))
        for method, status, where in (("post", "201", _ONE), ("get", "200", _FIRST)):
            answer = item.get(method, {}).get("responses", {}).get(status)
            if answer and below and _has_id(answer, document, listed=where is _FIRST):
                answer["links"] = {
                    operation: {"operationId": operation, "parameters": {name: where}}
                    for operation, name in below.items()
                }


def _below(path: str, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The operations on one record of the collection, and what they call its id."""
    for longer, item in document["paths"].items():
        rest = longer.removeprefix(f"{path}/")
        if rest != longer and rest.startswith("{") and longer.count("{") == 1:
            name = rest[1 : rest.index("}")]
            yield from ((operation["operationId"], name) for operation in item.values())


def _has_id(answer: dict[str, Any], document: dict[str, Any], *, listed: bool) -> bool:
    shape = _shape(answer.get("content", {}).get("application/json", {}).get("schema", {}), document)
    if listed:
        shape = _shape(shape.get("properties", {}).get("items", {}).get("items", {}), document)
    return "id" in shape.get("properties", {})


def _shape(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found: dict[str, Any] = document["components"]["schemas"].get(name, schema)
    return found
