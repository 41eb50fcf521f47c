"""Examples composed from the schemas: each name's value (`values`), and what a schema says where it has none.

One that goes in has what is required and the fields that make it worth reading; one that comes out has all.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from app.api.openapi.values import ALSO, BY_KIND, BY_NAME, OF_SHAPES

Schema = Mapping[str, Any]
FEW = 2
_SCHEMAS = "#/components/schemas/"
_NO_TEXT = {"null", "object", "array"}


class Composer:
    """Composes examples of one document's schemas, given by name."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        # Shape and name of what has no example yet: `values` must be told.
        self.missing: set[str] = set()

    def sent(self, schema: Schema) -> dict[str, Any]:
        """A media type's `example`, or its `examples` by the tag that tells its variants apart."""
        tags = self._followed(schema)[1].get("discriminator", {}).get("mapping", {})
        if not tags:
            return {"example": self._value(schema, incoming=True)}
        return {
            "examples": {
                tag: {"value": self._value({"$ref": reference}, incoming=True)}
                for tag, reference in sorted(tags.items())
            }
        }

    def answered(self, schema: Schema) -> Any:
        """An answer's example."""
        return self._value(schema, incoming=False)

    def given(self, schema: Schema, name: str, operation: str) -> Any:
        """A parameter's example: what it is by itself, and never that it is left out."""
        if schema.get("default") is not None:
            return schema["default"]
        return self._value(self._plain(schema)[1], name, operation, incoming=True)

    def _value(self, schema: Schema, name: str = "", shape: str = "", *, incoming: bool) -> Any:
        found, plain = self._plain(schema)
        for value in self._known(found or shape, shape, name):
            if self._takes(schema, value):
                return value
        if plain.get("type") == "object" or "properties" in plain:
            return self._object(plain, found, name, incoming=incoming)
        if plain.get("type") == "array":
            return self._array(plain, name, shape, incoming=incoming)
        return self._plain_value(plain, f"{found or shape}.{name}")

    def _known(self, found: str, shape: str, name: str) -> Iterator[Any]:
        if name in OF_SHAPES.get(shape, {}):
            yield OF_SHAPES[shape][name]
        if not name and "" in OF_SHAPES.get(found, {}):
            yield OF_SHAPES[found][""]
        yield from BY_NAME.get(name, ())

    def _object(self, plain: Schema, found: str, name: str, *, incoming: bool) -> Any:
        properties: Mapping[str, Schema] = plain.get("properties", {})
        if not properties:
            inner: Any = plain.get("additionalProperties")
            keys = self._keys(plain, name) if isinstance(inner, dict) else ()
            return {key: self._value(inner, key, incoming=incoming) for key in keys}
        return {
            field: self._value(properties[field], field, found, incoming=incoming)
            for field in (self._sent_fields(plain, found) if incoming else properties)
        }

    def _keys(self, plain: Schema, name: str) -> Iterable[str]:
        _name, keys = self._plain(plain.get("propertyNames", {}))
        return keys.get("enum", ())[:FEW] or (name,)

    def _sent_fields(self, plain: Schema, found: str) -> list[str]:
        properties, required = plain["properties"], set(plain.get("required", ()))
        shown = required | set(ALSO.get(found, "").split())
        tags = {field for field, inner in properties.items() if "const" in inner}
        return [field for field in properties if field in shown | tags] or list(properties)[:FEW]

    def _array(self, plain: Schema, name: str, shape: str, *, incoming: bool) -> list[Any]:
        if "prefixItems" in plain:
            return [self._value(one, name, shape, incoming=incoming) for one in plain["prefixItems"]]
        if "items" not in plain or plain.get("maxItems") == 0:
            return []
        return [self._value(plain["items"], name, shape, incoming=incoming)]

    def _plain_value(self, plain: Schema, where: str) -> Any:
        if "const" in plain:
            return plain["const"]
        if "enum" in plain:
            return plain["enum"][0]
        for value in BY_KIND.get(plain.get("format") or plain.get("type", "any"), ()):
            if _fits(plain, value):
                return value
        self.missing.add(where)
        return None

    def _takes(self, schema: Schema, value: object) -> bool:
        if value is None:
            return any(part.get("type") == "null" for part in schema.get("anyOf", ()))
        _name, plain = self._plain(schema)
        if isinstance(value, dict):
            return plain.get("type") == "object" or "oneOf" in plain or "anyOf" in plain
        if isinstance(value, list):
            inner = plain.get("items", {})
            return plain.get("type") == "array" and all(self._takes(inner, entry) for entry in value)
        return plain.get("type") not in _NO_TEXT and _fits(plain, value)

    def _plain(self, schema: Schema) -> tuple[str, Schema]:
        """The name, if any, and the schema: references followed, null left out, the first of several."""
        name, plain = self._followed(schema)
        parts = [*plain.get("anyOf", ()), *plain.get("oneOf", ())]
        first = next((part for part in parts if part.get("type") != "null"), None)
        return (name, plain) if first is None else self._plain(first)

    def _followed(self, schema: Schema) -> tuple[str, Schema]:
        """The name that references lead to, and what it names."""
        name = ""
        while "$ref" in schema:
            name = schema["$ref"].removeprefix(_SCHEMAS)
            schema = self._schemas[name]
        return name, schema


def _fits(plain: Schema, value: object) -> bool:
    checked = Draft202012Validator(dict(plain), format_checker=Draft202012Validator.FORMAT_CHECKER)
    return not any(True for _error in checked.iter_errors(value))
