"""The application's operations as its OpenAPI document tells them, for tests that walk all of them.

Gives each operation's parameters and the properties of its JSON body with their plain kinds (text, id,
time, date, whole, number, flag, code); deeper objects are walked too. A union by a discriminator counts
as one body for each variant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

SOME_ID = "0190b0a0-0000-7000-8000-000000000000"
_FORMATS = {"uuid": "id", "date-time": "time", "date": "date"}
_TYPES = {"string": "text", "integer": "whole", "number": "number", "boolean": "flag"}

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """One shape of a JSON body: what must stand in it anyway, and its properties by path and kind."""

    base: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[tuple[tuple[str, ...], str], ...] = ()

    def with_value(self, path: tuple[str, ...], value: Any) -> dict[str, Any]:
        """The base with one property set, inside as many objects as it takes."""
        body: dict[str, Any] = dict(self.base)
        inner: Any = value
        for name in reversed(path[1:]):
            inner = {name: inner}
        body[path[0]] = inner
        return body


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    name: str
    method: str
    path: str
    bodies: tuple[Body, ...]
    parameters: tuple[tuple[str, str, str], ...]

    @property
    def url(self) -> str:
        """The path with some id for each parameter."""
        return re.sub(r"\{[^}]+\}", SOME_ID, self.path)


def operations(app: FastAPI) -> Iterator[Operation]:
    """All operations that the document shows."""
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, spec in methods.items():
            content = spec.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            yield Operation(
                name=spec["operationId"],
                method=method.upper(),
                path=path,
                bodies=tuple(_bodies(document, schema)) if schema else (),
                parameters=tuple(
                    (given["in"], given["name"], _kind(_plain(document, given["schema"])))
                    for given in spec.get("parameters", ())
                ),
            )


def _bodies(document: Schema, schema: Schema) -> Iterator[Body]:
    schema = _plain(document, schema)
    if "discriminator" not in schema:
        yield Body({}, tuple(_properties(document, schema)))
        return
    tag = schema["discriminator"]["propertyName"]
    for value, reference in schema["discriminator"]["mapping"].items():
        variant = _plain(document, {"$ref": reference})
        found = (entry for entry in _properties(document, variant) if entry[0] != (tag,))
        yield Body({tag: value}, tuple(found))


def _properties(
    document: Schema, schema: Schema, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, given in schema.get("properties", {}).items():
        plain = _plain(document, given)
        if plain.get("properties"):
            yield from _properties(document, plain, (*above, name))
        else:
            yield (*above, name), _kind(plain)


def _kind(schema: Schema) -> str:
    if "enum" in schema or "const" in schema:
        return "code"
    named = str(schema.get("type", "any"))
    kind = _TYPES.get(named, named)
    return _FORMATS.get(schema.get("format", ""), kind)


def _plain(document: Schema, schema: Schema) -> Schema:
    """Follow references and take the part of an optional value that is not null."""
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
            continue
        parts = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
        if len(parts) != 1:
            return schema
        schema = parts[0]
