"""The OpenAPI document: what it promises holds together, and every example in it is one of what it shows."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from app.api.openapi import shapes, surface
from app.core import clock
from tests.support.clients import Api
from tests.support.contract import Document, document

JSON, PROBLEM = "application/json", "application/problem+json"
PROBLEM_SHAPE = {"$ref": "#/components/schemas/Problem"}
Operation = dict[str, Any]
# Below these stand names, and schemas below the names.
NAMING = {"properties", "patternProperties"}
# The day of the examples.
THEIR_DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def operations(of: Document) -> Iterator[Operation]:
    """All operations, and the messages that go out."""
    for item in of["paths"].values():
        yield from item.values()


def with_json(of: Document) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and operation of those that take JSON."""
    for path, item in of["paths"].items():
        for method, operation in item.items():
            if JSON in operation.get("requestBody", {}).get("content", {}):
                yield path, method, operation


def of_open311() -> dict[str, Operation]:
    """The operations that refuse in Open311's form, by their names."""
    mine = (item for path, item in document()["paths"].items() if path.startswith("/open311/"))
    return {operation["operationId"]: operation for item in mine for operation in item.values()}


def found(reference: dict[str, Any]) -> dict[str, Any]:
    """What a reference names."""
    node: Any = document()
    for part in reference["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return dict(node)


def answers(operation: Operation) -> Iterator[tuple[int, dict[str, Any]]]:
    """The operation's answers by status, references followed."""
    for status, told in operation["responses"].items():
        yield int(status), found(told) if "$ref" in told else told


def references(node: Any) -> Iterator[str]:
    """All references below a node."""
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def examples(media: dict[str, Any]) -> list[Any]:
    """The examples of a body or an answer."""
    several = [entry["value"] for entry in media.get("examples", {}).values()]
    return several + ([media["example"]] if "example" in media else [])


def wrong(schema: dict[str, Any], value: object) -> list[str]:
    """What is wrong with a value."""
    whole = {**schema, "components": document()["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{list(error.absolute_path)}: {error.message:.150}" for error in validator.iter_errors(value)]


async def test_everything_that_the_document_refers_to_is_in_it() -> None:
    named = set(references(document()))
    assert len(named) > 100
    assert all(found({"$ref": name}) for name in named)


async def test_every_operation_and_parameter_is_explained_and_shown() -> None:
    seen, faults = 0, []
    for operation in operations(document()):
        name = operation["operationId"]
        assert operation["summary"], name
        assert operation["description"], name
        for given in operation.get("parameters", ()):
            assert given["description"], (name, given["name"])
            if given["in"] == "header" and not given["required"]:
                continue
            seen += 1
            shown = [given["example"]] if "example" in given else given["schema"].get("examples", ())
            assert shown, (name, given["name"])
            faults += [
                f"{name} {given['name']} {fault}" for one in shown for fault in wrong(given["schema"], one)
            ]
    assert seen > 450
    assert not faults, "\n".join(faults)


async def test_every_answer_is_described() -> None:
    for operation in operations(document()):
        for status, told in answers(operation):
            assert told["description"] not in {"", "Successful Response"}, (operation["operationId"], status)


async def test_every_refusal_has_the_one_form_and_shows_each_of_its_codes() -> None:
    seen, otherwise = set(), {"upload_stands", *of_open311()}
    for operation in operations(document()):
        for status, told in answers(operation):
            if status >= 400 and operation["operationId"] not in otherwise:
                seen.add(status)
                media = told["content"][PROBLEM]
                assert media["schema"] == PROBLEM_SHAPE, operation["operationId"]
                assert set(re.findall(r"`(\w+)`", told["description"])) == media["examples"].keys()
                for one in media["examples"].values():
                    shown = found(one)["value"]
                    assert shown["status"] == status, shown
                    assert not wrong(PROBLEM_SHAPE, shown), shown
    assert seen >= {400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 426, 429, 503}


async def test_every_refusal_of_open311_is_told_in_its_own_form() -> None:
    for name, operation in of_open311().items():
        refused = {status: told for status, told in answers(operation) if status >= 400}
        assert {404, 429} <= refused.keys() <= {400, 403, 404, 413, 416, 429}, name
        for status, told in refused.items():
            media = told["content"][JSON]
            assert media["schema"]["items"] == {"$ref": "#/components/schemas/Open311Error"}, name
            assert not wrong(media["schema"], media["example"]), name
            assert f"<errors><error><code>{status}</code>" in told["content"]["text/xml"]["example"], name
            assert PROBLEM not in told["content"], name


async def test_whoever_must_sign_in_is_told_how_that_fails() -> None:
    for operation in operations(document()):
        assert ("401" in operation["responses"]) >= bool(operation.get("security")), operation["operationId"]
        if operation.get("security"):
            assert {"401", "403", "404", "503"} <= operation["responses"].keys(), operation["operationId"]


async def test_every_body_that_goes_in_has_an_example_that_its_schema_takes() -> None:
    faults, seen = [], 0
    for operation in [*operations(document()), *(item["post"] for item in document()["webhooks"].values())]:
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert examples(media), operation["operationId"]
            for example in examples(media):
                seen += 1
                faults += [f"{operation['operationId']} {fault}" for fault in wrong(media["schema"], example)]
    assert seen > 150
    assert not faults, "\n".join(faults)


async def test_every_good_answer_has_an_example_that_its_schema_takes() -> None:
    faults, seen = [], 0
    for operation in operations(document()):
        for status, told in answers(operation):
            media = told.get("content", {}).get(JSON)
            if status < 300 and media is not None and media.get("schema"):
                seen += 1
                assert examples(media), (operation["operationId"], status)
                faults += [
                    f"{operation['operationId']} {fault}"
                    for fault in wrong(media["schema"], examples(media)[0])
                ]
    assert seen > 200
    assert not faults, "\n".join(faults)


async def test_the_server_itself_would_read_every_example_that_goes_in(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: THEIR_DAY)
    shapes = {
        (str(route.path), method.lower()): route.dependant.body_params
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }
    faults, seen = [], 0
    for path, method, operation in with_json(document()):
        for body in shapes[path, method]:
            shape: Any = Annotated[body.field_info.annotation, body.field_info]
            reader: TypeAdapter[Any] = TypeAdapter(shape)
            for example in examples(operation["requestBody"]["content"][JSON]):
                seen += 1
                try:
                    reader.validate_json(json.dumps(example))
                except ValidationError as refused:
                    faults.append(f"{operation['operationId']} {example}: {refused.errors()[0]}")
    assert seen > 140
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_the_document_is_served_as_it_stands(api: Api, encoding: str) -> None:
    reply = await api.get("/openapi.json", headers={"Accept-Encoding": encoding})
    assert reply.json() == document()
    assert reply.headers.get("content-encoding", "identity") == encoding


def words(schema: Any) -> Iterator[str]:
    """The words that a schema is made of, but for the names of fields."""
    if isinstance(schema, list):
        for part in schema:
            yield from words(part)
    if isinstance(schema, dict):
        yield from schema
        for word, inner in schema.items():
            if word not in {"default", "discriminator"}:
                yield from words(list(inner.values()) if word in NAMING else inner)


async def test_every_word_that_shapes_are_made_of_is_compared_with_the_release() -> None:
    known = {*shapes.LOWER, *shapes.UPPER, *shapes.EXACT, *shapes.INNER, "format", "default", "$ref"}
    known |= {"type", "enum", "const", "properties", "required", "anyOf", "oneOf"}
    # It names what is seen in the variants themselves.
    known.add("discriminator")
    told = surface.of(document())["schemas"]
    assert told.keys() >= {"Problem", "Open311Error"}
    assert set(words(list(told.values()))) <= known


async def test_an_answer_that_makes_something_leads_to_what_can_be_done_with_it() -> None:
    links = document()["paths"]["/v1/tickets"]["post"]["responses"]["201"]["links"]
    assert links["ticket_read"] == {
        "operationId": "ticket_read",
        "parameters": {"ticket_id": "$response.body#/id"},
    }
    assert {"ticket_act", "ticket_events"} <= links.keys()
    pushed = document()["paths"]["/v1/intake/tickets"]["post"]["responses"]["201"]["links"]
    assert pushed["intake_supplement"]["parameters"] == {"external_ref": "$response.body#/external_ref"}
