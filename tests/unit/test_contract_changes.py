"""Which changes of the API break those who built on it, rule by rule; the rest break nobody."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.api.openapi import changes, surface

Surface = dict[str, Any]
Change = Callable[[Surface], object]
TEXT: dict[str, Any] = {"type": "string"}
RELEASED: Surface = {
    "info": {"version": "1.4.0"},
    "paths": {
        "/v1/things": {
            "get": {
                "operationId": "things_list",
                "signedIn": False,
                "parameters": {
                    "query kind": {"required": False, "schema": {"enum": ["a", "b"], "type": "string"}},
                    "query limit": {
                        "required": False,
                        "schema": {"type": "integer", "maximum": 100, "default": 50},
                    },
                },
                "requestBody": {"required": False, "content": {}},
                "responses": {
                    "200": {"headers": ["ETag"], "content": {"application/json": {"$ref": "#/x/Out"}}},
                    "202": {"headers": [], "content": {}},
                },
            },
            "post": {
                "operationId": "thing_make",
                "signedIn": True,
                "parameters": {},
                "requestBody": {
                    "required": False,
                    "content": {"application/json": {"$ref": "#/x/In"}, "text/csv": {}},
                },
                "responses": {},
            },
        }
    },
    "webhooks": {
        "thing.made": {
            "requestBody": {"required": True, "content": {"application/json": {"$ref": "#/x/Made"}}}
        },
        "thing.lost": {"requestBody": {"required": True, "content": {}}},
    },
    "schemas": {
        "In": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 30, "minLength": 1, "pattern": "^[a-z]+$"},
                "note": {"anyOf": [TEXT, {"type": "null"}]},
                "size": {"type": "number"},
                "tags": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}, "maxItems": 5},
                "step": {"oneOf": [{"$ref": "#/x/Go"}, {"$ref": "#/x/Stop"}]},
                "free": {},
                "things": {"type": "array"},
                "below": {"anyOf": [{"$ref": "#/x/In"}, {"type": "null"}]},
            },
            "additionalProperties": False,
        },
        "Go": {"type": "object", "properties": {"do": {"const": "go"}, "far": {"type": "integer"}}},
        "Stop": {"type": "object", "properties": {"do": {"const": "stop"}}},
        "Open": {"type": "object", "properties": {}},
        "Out": {
            "type": "object",
            "required": ["id", "name"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": "string"},
                "state": {"type": "string", "enum": ["on", "off"]},
                "parts": {"type": "array", "items": {"$ref": "#/x/Part"}},
                "did": {"oneOf": [{"$ref": "#/x/Went"}, {"$ref": "#/x/Stop"}]},
                "counts": {
                    "type": "object",
                    "propertyNames": {"enum": ["x", "y"], "type": "string"},
                    "additionalProperties": {"type": "integer"},
                },
            },
        },
        "Went": {
            "type": "object",
            "required": ["far"],
            "properties": {"do": {"const": "went"}, "far": {"type": "integer"}},
        },
        "Wait": {"type": "object", "properties": {"do": {"const": "wait"}}},
        "Made": {"type": "object", "properties": {"type": {"const": "thing.made"}, "at": TEXT}},
        "Problem": {"type": "object", "required": ["code"], "properties": {"code": TEXT}},
        "Part": {"type": "object", "required": ["no"], "properties": {"no": {"type": "integer"}}},
    },
}


def incoming(field: str, **schema: Any) -> Change:
    """A change of a field that goes in."""
    return lambda now: now["schemas"]["In"]["properties"][field].update(schema)


def outgoing(field: str, **schema: Any) -> Change:
    """A change of a field that comes out."""
    return lambda now: now["schemas"]["Out"]["properties"][field].update(schema)


def operation(now: Surface, method: str = "get") -> Surface:
    """One of the operations."""
    found: Surface = now["paths"]["/v1/things"][method]
    return found


BREAKS: dict[str, tuple[Change, str]] = {
    "an address goes": (lambda now: now["paths"].clear(), "GET /v1/things: is gone"),
    "an operation goes": (lambda now: now["paths"]["/v1/things"].pop("post"), "POST /v1/things: is gone"),
    "an operation is renamed": (lambda now: operation(now).update(operationId="x"), "is now called x"),
    "one must sign in": (lambda now: operation(now).update(signedIn=True), "must now sign in"),
    "a parameter goes": (lambda now: operation(now)["parameters"].pop("query kind"), "query kind: is gone"),
    "a parameter must be given": (
        lambda now: operation(now)["parameters"]["query kind"].update(required=True),
        "query kind: is now required",
    ),
    "a new parameter must be given": (
        lambda now: operation(now)["parameters"].update({"query x": {"required": True, "schema": TEXT}}),
        "query x: is now required",
    ),
    "a parameter's code goes": (
        lambda now: operation(now)["parameters"]["query kind"]["schema"].update(enum=["a"]),
        "no longer takes b",
    ),
    "a parameter's limit falls": (
        lambda now: operation(now)["parameters"]["query limit"]["schema"].update(maximum=50),
        "maximum is now 50",
    ),
    "a body must be given": (
        lambda now: operation(now, "post")["requestBody"].update(required=True),
        "body: is now required",
    ),
    "a form of the body goes": (
        lambda now: operation(now, "post")["requestBody"]["content"].pop("text/csv"),
        "no longer takes text/csv",
    ),
    "an answer goes": (lambda now: operation(now)["responses"].pop("202"), "202: is gone"),
    "a header goes": (lambda now: operation(now)["responses"]["200"]["headers"].clear(), "200 ETag: is gone"),
    "an answer is another form": (
        lambda now: operation(now)["responses"]["200"].update(content={"text/csv": {}}),
        "is no longer application/json",
    ),
    "a field is not taken": (
        lambda now: now["schemas"]["In"]["properties"].pop("note"),
        "body.note: is gone",
    ),
    "a field must be given": (
        lambda now: now["schemas"]["In"]["required"].append("note"),
        "body.note: is now required",
    ),
    "a text must be shorter": (incoming("name", maxLength=20), "maxLength is now 20"),
    "a text must be longer": (incoming("name", minLength=2), "minLength is now 2"),
    "a text must look different": (incoming("name", pattern="^[A-Z]+$"), "pattern is now"),
    "a text must be a date": (incoming("name", format="date"), "format is now date"),
    "a text must be a code": (incoming("name", enum=["a"]), "no longer takes others than a"),
    "null is not taken": (incoming("note", anyOf=[TEXT]), "body.note: no longer takes null"),
    "only whole numbers are taken": (incoming("size", type="integer"), "no longer takes number"),
    "a list's code goes": (incoming("tags", items={"type": "string", "enum": ["x"]}), "no longer takes y"),
    "a list must be shorter": (incoming("tags", maxItems=4), "maxItems is now 4"),
    "a variant goes": (incoming("step", oneOf=[{"$ref": "#/x/Go"}]), "body.step: a variant is gone"),
    "a variant's field changes": (
        lambda now: now["schemas"]["Go"]["properties"].update(far=TEXT),
        "body.step.far: no longer takes integer",
    ),
    "other fields are not taken": (
        lambda now: now["schemas"]["Stop"].update(additionalProperties=False),
        "no longer takes other fields",
    ),
    "a field is not answered": (
        lambda now: now["schemas"]["Out"]["properties"].pop("name"),
        "200.name: is gone",
    ),
    "a field may be missing": (
        lambda now: now["schemas"]["Out"]["required"].remove("name"),
        "200.name: may now be missing",
    ),
    "a field may be null": (
        lambda now: now["schemas"]["Out"]["properties"].update(name={"anyOf": [TEXT, {"type": "null"}]}),
        "200.name: may now be null",
    ),
    "a field is of another type": (outgoing("name", type="integer"), "200.name: may now be integer"),
    "a field is written otherwise": (outgoing("id", format="date"), "200.id: is now written as date"),
    "a field deep below changes": (
        lambda now: now["schemas"]["Part"]["properties"].clear(),
        "200.parts[].no: is gone",
    ),
    "another code comes out": (outgoing("state", enum=["on", "off", "half"]), "200.state: may now be half"),
    "any text comes out for a code": (
        lambda now: now["schemas"]["Out"]["properties"]["state"].pop("enum"),
        "200.state: may now be others than off, on",
    ),
    "anything comes out": (
        lambda now: now["schemas"]["Out"]["properties"].update(name={}),
        "200.name: may now be anything",
    ),
    "another variant comes out": (
        lambda now: now["schemas"]["Out"]["properties"]["did"]["oneOf"].append({"$ref": "#/x/Wait"}),
        "200.did: a variant is new",
    ),
    "a variant that comes out is called otherwise": (
        lambda now: now["schemas"]["Went"]["properties"]["do"].update(const="gone"),
        "200.did: a variant is new",
    ),
    "a list may hold anything": (
        lambda now: now["schemas"]["Out"]["properties"]["parts"].pop("items"),
        "200.parts[]: may now be anything",
    ),
    "a table's values change": (
        outgoing("counts", additionalProperties=TEXT),
        "200.counts[]: may now be string",
    ),
    "a table has other keys": (
        outgoing("counts", propertyNames={"enum": ["x", "z"], "type": "string"}),
        "200.counts[]: may now be z",
    ),
    "anything was taken": (incoming("free", type="string"), "body.free: no longer takes anything"),
    "a list's entries are told": (incoming("things", items=TEXT), "body.things[]: no longer takes anything"),
    "a text must fit a number": (incoming("size", multipleOf=0.5), "multipleOf is now 0.5"),
    "what is left out means something else": (
        lambda now: operation(now)["parameters"]["query limit"]["schema"].update(default=10),
        "query limit: left out it now is 10",
    ),
    "every variant needs another field": (
        lambda now: now["schemas"]["Went"].update(required=[]),
        "200.did.far: may now be missing",
    ),
    "a message is of another type": (
        lambda now: now["schemas"]["Made"]["properties"]["type"].update(const="thing.created"),
        "webhook thing.made.type: may now be thing.created",
    ),
    "a message's type is open, and a field goes": (
        lambda now: now["schemas"]["Made"].update(properties={"type": TEXT}),
        "webhook thing.made.at: is gone",
    ),
    "a message is no longer JSON": (
        lambda now: now["webhooks"]["thing.made"]["requestBody"]["content"].clear(),
        "webhook thing.made: may now be anything",
    ),
    "a refusal loses a field": (
        lambda now: now["schemas"]["Problem"]["properties"].pop("code"),
        "Problem.code: is gone",
    ),
    "the refusals go": (lambda now: now["schemas"].pop("Problem"), "Problem: may now be anything"),
    "a message goes": (lambda now: now["webhooks"].pop("thing.lost"), "webhook thing.lost: is gone"),
    "a message loses a field": (
        lambda now: now["schemas"]["Made"]["properties"].pop("at"),
        "webhook thing.made.at: is gone",
    ),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda _now: None,
    "another address": lambda now: now["paths"].update({"/v1/more": {}}),
    "another parameter": lambda now: operation(now)["parameters"].update(
        {"query x": {"required": False, "schema": TEXT}}
    ),
    "another field goes in": lambda now: now["schemas"]["In"]["properties"].update(more=TEXT),
    "another field comes out": lambda now: now["schemas"]["Out"]["properties"].update(more=TEXT),
    "a field need not be given": lambda now: now["schemas"]["In"]["required"].clear(),
    "a limit rises": incoming("name", maxLength=60),
    "another code goes in": incoming("tags", items={"type": "string", "enum": ["x", "y", "z"]}),
    "a code is answered no more": outgoing("state", enum=["on"]),
    "another variant": incoming(
        "step", oneOf=[{"$ref": "#/x/Go"}, {"$ref": "#/x/Stop"}, {"$ref": "#/x/Open"}]
    ),
    "a whole number may be any": lambda now: now["schemas"]["Go"]["properties"].update(
        far={"type": "number"}
    ),
    "a field comes out as one of few": outgoing("name", enum=["a"]),
    "a field comes out in a form": outgoing("name", format="uri"),
    "a table has fewer keys": outgoing("counts", propertyNames={"enum": ["x"], "type": "string"}),
    "a variant comes out no more": outgoing("did", oneOf=[{"$ref": "#/x/Went"}]),
    "a variant has more fields": lambda now: now["schemas"]["Went"]["properties"].update(more=TEXT),
    "anything is taken": incoming("name", type=["string", "integer"]),
    "another message": lambda now: now["webhooks"].update({"thing.new": {}}),
    "another header": lambda now: operation(now)["responses"]["200"]["headers"].append("Location"),
    "nobody need sign in": lambda now: operation(now, "post").update(signedIn=False),
}


def after(change: Change) -> Surface:
    """The present surface, after a change."""
    now = copy.deepcopy(RELEASED)
    change(now)
    return now


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_told_with_its_place(change: str) -> None:
    change_it, told = BREAKS[change]
    found = changes.breaking(RELEASED, after(change_it))
    assert any(told in sentence for sentence in found), found


@pytest.mark.parametrize("change", HARMLESS)
def test_what_breaks_nobody_is_let_pass(change: str) -> None:
    assert changes.breaking(RELEASED, after(HARMLESS[change])) == []


def test_with_a_new_major_version_anything_may_change() -> None:
    now = {**after(lambda now: now["paths"].clear()), "info": {"version": "2.0.0"}}
    assert changes.breaking(RELEASED, now) == []
    assert changes.breaking(RELEASED, {**now, "info": {"version": "1.5.0"}})


def test_a_surface_is_the_same_again_as_a_file_with_one_line_for_each_entry() -> None:
    written = surface.text(RELEASED)
    assert json.loads(written) == RELEASED
    assert sum(1 for line in written.splitlines() if '"/v1/things"' in line) == 1
