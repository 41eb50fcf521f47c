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

JSON = {"Content-Type": "application/json"}
SOME_ID = "0190b0a0-0000-7000-8000-000000000000"
_FORMATS = {"uuid": "id", "date-time": "time", "date": "date"}
_TYPES = {"string": "text", "integer": "whole", "number": "number", "boolean": "flag"}
_SAMPLES = {
    "id": SOME_ID,
    "time": "2026-01-31T08:30:00+08:00",
    "date": "2026-01-31",
    "whole": "1",
    "number": "1",
}

Schema = Mapping[str, Any]
Property = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Body:
    """One shape of a JSON body: what must stand in it anyway, and its properties by path and kind."""

    base: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `place` is path, query or header; `sample` is a value of the right kind."""

    place: str
    name: str
    kind: str
    required: bool
    sample: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    name: str
    method: str
    path: str
    bodies: tuple[Body, ...]
    parameters: tuple[Parameter, ...]

    def takes(self, place: str, name: str) -> bool:
        """Whether there is such a parameter."""
        return any((given.place, given.name) == (place, name) for given in self.parameters)

    def query(self, **wanted: str) -> dict[str, str]:
        """The parameters that must be there, and these."""
        return {
            given.name: given.sample for given in self.parameters if given.place == "query" and given.required
        } | wanted

    @property
    def url(self) -> str:
        """The path with a number or a code for each parameter that is one, and some id for the others."""
        path = self.path
        for given in self.parameters:
            if given.place == "path" and given.kind in {"whole", "code"}:
                path = path.replace(f"{{{given.name}}}", given.sample)
        return filled(path)


def filled(path: str) -> str:
    """A path with some id for each parameter."""
    return re.sub(r"\{[^}]+\}", SOME_ID, path)


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
                parameters=tuple(_parameter(document, given) for given in spec.get("parameters", ())),
            )


def _parameter(document: Schema, given: Schema) -> Parameter:
    schema = _plain(document, given["schema"])
    kind = _kind(schema)
    sample = str(schema["enum"][0]) if "enum" in schema else _SAMPLES.get(kind, "x")
    if "minimum" in schema:
        sample = str(schema["minimum"])
    return Parameter(given["in"], given["name"], kind, bool(given.get("required")), sample)


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


def _properties(document: Schema, schema: Schema, above: tuple[str, ...] = ()) -> Iterator[Property]:
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
