"""What of a document others build on: the released one is kept as this, and compared with the present.

Words and examples are left out: they may change at any time. One line for each operation and each shape, so
that two releases can be read beside each other.
"""

import json
from collections.abc import Mapping
from typing import Any

WORDS = {"description", "title", "examples", "example", "summary"}
Document = Mapping[str, Any]


def of(document: Document) -> dict[str, Any]:
    """The document without its words: operations, the messages that go out, and their shapes."""
    return {
        "info": {"version": document["info"]["version"]},
        "paths": {
            path: {method: _operation(operation) for method, operation in item.items()}
            for path, item in document["paths"].items()
        },
        "webhooks": {
            name: {"requestBody": _body(item["post"])} for name, item in document["webhooks"].items()
        },
        "schemas": {name: _schema(schema) for name, schema in document["components"]["schemas"].items()},
    }


def text(surface: Document) -> str:
    """The surface as a file: JSON with one line for each entry, sorted."""
    parts = [f' "info": {_line(surface["info"])}']
    for part in ("paths", "webhooks", "schemas"):
        entries = [f"  {json.dumps(name)}: {_line(entry)}" for name, entry in sorted(surface[part].items())]
        parts.append(f' "{part}": {{\n' + ",\n".join(entries) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _operation(operation: Document) -> dict[str, Any]:
    return {
        "operationId": operation["operationId"],
        "signedIn": bool(operation.get("security")),
        "parameters": {
            f"{given['in']} {given['name']}": {
                "required": bool(given.get("required")),
                "schema": _schema(given["schema"]),
            }
            for given in operation.get("parameters", ())
        },
        "requestBody": _body(operation),
        "responses": {
            status: {
                "headers": sorted(told.get("headers", ())),
                "content": _content(told.get("content", {})),
            }
            for status, told in operation["responses"].items()
            if status.startswith("2")
        },
    }


def _body(operation: Document) -> dict[str, Any]:
    body = operation.get("requestBody", {})
    return {"required": bool(body.get("required")), "content": _content(body.get("content", {}))}


def _content(content: Document) -> dict[str, Any]:
    return {kind: _schema(media.get("schema", {})) for kind, media in content.items()}


def _schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    named = {"properties", "$defs"}
    return {
        word: {name: _schema(part) for name, part in inner.items()} if word in named else _schema(inner)
        for word, inner in schema.items()
        if word not in WORDS
    }


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
