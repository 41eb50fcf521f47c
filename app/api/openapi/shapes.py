"""Whether one shape of JSON still serves those who were told of another.

What is sent must be understood by who reads it: of what goes in the old shape is sent and the new one reads,
of what comes out the new shape is sent and whoever knows the old one reads. Fields that nobody was told of
are passed over by who reads an answer (`docs/integrate.md`); codes and variants are not, because a typed
client knows them one by one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]
Rule = Callable[[Schema, Schema], str | None]
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
EXACT = ("pattern", "multipleOf", "uniqueItems", "patternProperties", "prefixItems")
INNER = ("items", "additionalProperties", "propertyNames")
ANYTHING = "anything"
_ANY: Schema = {}
_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


class Comparison:
    """Compares shapes of two documents, given by their named schemas; `incoming` says which way they go."""

    def __init__(self, before: Schemas, after: Schemas, *, incoming: bool) -> None:
        self._before, self._after, self._incoming = before, after, incoming
        self._seen: set[tuple[int, int]] = set()

    def breaks(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        """What of the old shape the new one breaks, each with its place."""
        if self._incoming and (told := _left_out(old, new)):
            yield f"{where}: {told}"
        olds, news = _parts(old, self._before), _parts(new, self._after)
        sent, read = (olds, news) if self._incoming else (news, olds)
        if lost := _types(sent) - _understood(read):
            yield f"{where}: {self._lost} {', '.join(sorted(lost))}"
        for part in sent:
            rivals = [one for one in sent if _types([one]) & _types([part])]
            alike = [one for one in read if _types([part]) & _understood([one])]
            kin = [one for one in alike if _kin(part, one)]
            if kin or (alike and (not _constants(part) or len(rivals) == len(alike) == 1)):
                yield from self._closest(part, kin or alike, where)
            elif alike:
                yield f"{where}: a variant is {'gone' if self._incoming else 'new'}"

    def _closest(self, part: Schema, alike: list[Schema], where: str) -> Iterator[str]:
        """What is broken by the first that breaks nothing, else by the first."""
        for one in alike if len(alike) > 1 else ():
            apart = Comparison(self._before, self._after, incoming=self._incoming)
            apart._seen = set(self._seen)
            if not any(True for _break in apart._pair(part, one, "")):
                return
        yield from self._pair(part, alike[0], where)

    def _pair(self, sent: Schema, read: Schema, where: str) -> Iterator[str]:
        pair = id(sent), id(read)
        if pair in self._seen:
            return
        self._seen.add(pair)
        if lost := _codes(sent, read):
            yield f"{where}: {self._lost} {lost}"
        old, new = (sent, read) if self._incoming else (read, sent)
        rules = TAKEN if self._incoming else GIVEN
        yield from (f"{where}: {told}" for rule in rules for told in [rule(old, new)] if told)
        yield from self._fields(old, new, where)
        for inner in INNER:
            before, after = _inner(old, inner), _inner(new, inner)
            if before is not None and after is not None:
                yield from self.breaks(before, after, f"{where}[]")

    def _fields(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        if self._incoming:
            yield from (f"{where}.{name}: is now required" for name in sorted(needed_after - needed_before))
            gone = before.keys() - after.keys() if new.get("additionalProperties") is False else set()
        else:
            left = (needed_before - needed_after) & after.keys()
            yield from (f"{where}.{name}: may now be missing" for name in sorted(left))
            gone = before.keys() - after.keys()
        yield from (f"{where}.{name}: is gone" for name in sorted(gone))
        for name in sorted(before.keys() & after.keys()):
            yield from self.breaks(before[name], after[name], f"{where}.{name}")

    @property
    def _lost(self) -> str:
        return "no longer takes" if self._incoming else "may now be"


def _codes(sent: Schema, read: Schema) -> str | None:
    """Which values are sent that are not read; what is of another type is told as that."""
    given, known = _values(sent), _values(read)
    if known is None:
        return None
    return f"others than {', '.join(sorted(known))}" if given is None else ", ".join(sorted(given - known))


def _bounds(old: Schema, new: Schema) -> str | None:
    for names, narrower in ((LOWER, float.__gt__), (UPPER, float.__lt__)):
        for name in names:
            if name in new and (name not in old or narrower(float(new[name]), float(old[name]))):
                return f"{name} is now {new[name]}"
    return None


def _forms(old: Schema, new: Schema) -> str | None:
    changed = (name for name in (*EXACT, "format") if name in new and old.get(name) != new[name])
    return next((f"{name} is now {new[name]}" for name in changed), None)


def _closed(old: Schema, new: Schema) -> str | None:
    closes = new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False
    return "no longer takes other fields" if closes else None


def _left_out(old: Schema, new: Schema) -> str | None:
    """What is meant by whoever leaves it out."""
    changed = "default" in old and new.get("default") != old["default"]
    return f"left out it now is {new.get('default')}" if changed else None


def _written(old: Schema, new: Schema) -> str | None:
    changed = "format" in old and old["format"] != new.get("format")
    return f"is now written as {new.get('format')}" if changed else None


# What a shape that goes in may not do, and what one that comes out may not.
TAKEN: tuple[Rule, ...] = (_bounds, _forms, _closed)
GIVEN: tuple[Rule, ...] = (_written,)


def _parts(schema: Schema, schemas: Schemas) -> list[Schema]:
    """The shapes that a schema may have: references followed, unions taken apart."""
    if "$ref" in schema:
        return _parts(schemas[str(schema["$ref"]).rsplit("/", 1)[-1]], schemas)
    variants = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [part for variant in variants for part in _parts(variant, schemas)] or [schema]


def _types(parts: list[Schema]) -> set[str]:
    return {kind for part in parts for kind in _kinds(part)}


def _understood(parts: list[Schema]) -> set[str]:
    found = _types(parts)
    return (
        {*_KINDS.values(), "object", "array", ANYTHING}
        if ANYTHING in found
        else found | ({"integer"} if "number" in found else set())
    )


def _kinds(part: Schema) -> set[str]:
    if kind := part.get("type"):
        return set(kind) if isinstance(kind, list) else {kind}
    if values := [part["const"]] if "const" in part else part.get("enum"):
        return {_KINDS[type(value)] for value in values}
    return {"object"} if "properties" in part else {ANYTHING}


def _inner(schema: Schema, name: str) -> Schema | None:
    """What a list's entries or a table's are, or its keys; nothing where there are none."""
    found = schema.get(name, _ANY if _kinds(schema) & {"object", "array"} else None)
    return None if found is False or found is None else _ANY if found is True else found


def _constants(part: Schema) -> dict[str, str]:
    """What tells a variant apart."""
    fields = part.get("properties", {}).items()
    return {name: str(inner["const"]) for name, inner in fields if "const" in inner}


def _kin(one: Schema, other: Schema) -> bool:
    """Whether two are the same variant."""
    these, those = _constants(one), _constants(other)
    shared = these.keys() & those.keys()
    return bool(shared) and all(these[name] == those[name] for name in shared)


def _values(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None
