"""Whether one shape of JSON still serves those who were told of another.

What goes in must still be taken: nothing that was allowed may be refused. What comes out must still be
understood: nothing that was there may be missing, and nothing may be of another type. A new code in an
answer's list is no break: whoever reads must expect it (`docs/integrate.md`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]
Rule = Callable[[Schema, Schema], str | None]
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems")


class Comparison:
    """Compares shapes of two documents, given by their named schemas; `incoming` says which way they go."""

    def __init__(self, before: Schemas, after: Schemas, *, incoming: bool) -> None:
        self._before, self._after, self._incoming = before, after, incoming
        self._seen: set[tuple[int, int]] = set()

    def breaks(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        """What of the old shape the new one breaks, each with its place."""
        olds, news = _parts(old, self._before), _parts(new, self._after)
        yield from self._types(olds, news, where)
        for part, counterpart in self._pairs(olds, news):
            if counterpart is None:
                yield f"{where}: a variant is gone"
            else:
                yield from self._part(part, counterpart, where)

    def _types(self, olds: list[Schema], news: list[Schema], where: str) -> Iterator[str]:
        before, after = _types(olds), _types(news)
        lost = before - after if self._incoming else after - before
        if lost and before and after:
            told = "no longer takes" if self._incoming else "may now be"
            yield f"{where}: {told} {', '.join(sorted(lost))}"

    def _pairs(self, olds: list[Schema], news: list[Schema]) -> Iterator[tuple[Schema, Schema | None]]:
        """Each old part with the new one that takes its place; what went away is a break only going in."""
        by_tag = {_tag(part): part for part in news if _tag(part)}
        for part in olds:
            if _tag(part):
                found = by_tag.get(_tag(part))
            else:
                alike = [one for one in news if _types([one]) & _types([part]) or not _types([part])]
                if not alike:
                    continue
                found = alike[0] if len(alike) == 1 else self._closest(part, alike)
            if found is not None or self._incoming:
                yield part, found

    def _closest(self, part: Schema, alike: list[Schema]) -> Schema:
        """The first of several that breaks nothing, else the first."""

        def agrees(one: Schema) -> bool:
            apart = Comparison(self._before, self._after, incoming=self._incoming)
            apart._seen = set(self._seen)
            return not any(True for _break in apart._part(part, one, ""))

        return next((one for one in alike if agrees(one)), alike[0])

    def _part(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        pair = id(old), id(new)
        if pair in self._seen:
            return
        self._seen.add(pair)
        if self._incoming:
            yield from (f"{where}: {told}" for rule in TAKEN for told in [rule(old, new)] if told)
        elif old.get("format") != new.get("format"):
            yield f"{where}: is now written as {new.get('format')}"
        yield from self._fields(old, new, where)
        for inner in ("items", "additionalProperties"):
            if isinstance(old.get(inner), Mapping) and isinstance(new.get(inner), Mapping):
                yield from self.breaks(old[inner], new[inner], f"{where}[]")

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


def _codes(old: Schema, new: Schema) -> str | None:
    before, after = _values(old), _values(new)
    if after is None or (before is not None and before <= after):
        return None
    return "takes codes only" if before is None else f"no longer takes {', '.join(sorted(before - after))}"


def _bounds(old: Schema, new: Schema) -> str | None:
    for names, narrower in ((LOWER, float.__gt__), (UPPER, float.__lt__)):
        for name in names:
            if name in new and (name not in old or narrower(float(new[name]), float(old[name]))):
                return f"{name} is now {new[name]}"
    return None


def _forms(old: Schema, new: Schema) -> str | None:
    changed = (name for name in EXACT if name in new and old.get(name) != new[name])
    return next((f"{name} is now {new[name]}" for name in changed), None)


def _closed(old: Schema, new: Schema) -> str | None:
    closes = new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False
    return "no longer takes other fields" if closes else None


# What a shape that goes in may not do.
TAKEN: tuple[Rule, ...] = (_codes, _bounds, _forms, _closed)


def _parts(schema: Schema, schemas: Schemas) -> list[Schema]:
    """The shapes that a schema may have: references followed, unions taken apart, variants with their tag."""
    if "$ref" in schema:
        return _parts(schemas[str(schema["$ref"]).rsplit("/", 1)[-1]], schemas)
    variants = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [part for variant in variants for part in _parts(variant, schemas)] or [schema]


def _types(parts: list[Schema]) -> set[str]:
    found = {str(kind) for part in parts for kind in _listed(part.get("type"))}
    return found | ({"integer"} if "number" in found else set())


def _listed(kind: Any) -> list[Any]:
    return kind if isinstance(kind, list) else [kind] if kind else []


def _tag(part: Schema) -> str:
    """What tells a variant apart: its constants."""
    fields = part.get("properties", {}).items()
    constants = sorted((name, str(inner["const"])) for name, inner in fields if "const" in inner)
    return str(constants) if constants else ""


def _values(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None
