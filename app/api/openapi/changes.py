"""What of a released document the present one breaks, as sentences; what was added breaks nobody."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.api.openapi.shapes import Comparison

Surface = Mapping[str, Any]
REFUSALS = {"Problem", "Open311Error"}


def breaking(released: Surface, present: Surface) -> list[str]:
    """What would break those who built on the released surface; nothing where the major version moved."""
    if _major(present) > _major(released):
        return []
    return [
        *_operations(released, present),
        *_messages(released, present),
        *_refusals(released["schemas"], present["schemas"]),
    ]


def _major(surface: Surface) -> int:
    return int(surface["info"]["version"].split(".")[0])


def _operations(released: Surface, present: Surface) -> Iterator[str]:
    for path, item in released["paths"].items():
        for method, old in item.items():
            where = f"{method.upper()} {path}"
            new = present["paths"].get(path, {}).get(method)
            if new is None:
                yield f"{where}: is gone"
                continue
            taken = Comparison(released["schemas"], present["schemas"], incoming=True)
            given = Comparison(released["schemas"], present["schemas"], incoming=False)
            yield from _names(old, new, where)
            yield from _parameters(old["parameters"], new["parameters"], where, taken)
            yield from _body(old["requestBody"], new["requestBody"], where, taken)
            yield from _answers(old["responses"], new["responses"], where, given)


def _names(old: Surface, new: Surface, where: str) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield f"{where}: is now called {new['operationId']}"
    if new["signedIn"] and not old["signedIn"]:
        yield f"{where}: one must now sign in"


def _parameters(old: Surface, new: Surface, where: str, taken: Comparison) -> Iterator[str]:
    yield from (f"{where} {name}: is gone" for name in sorted(old.keys() - new.keys()))
    for name, given in new.items():
        before = old.get(name)
        if given["required"] and not (before and before["required"]):
            yield f"{where} {name}: is now required"
        if before is not None:
            yield from taken.breaks(before["schema"], given["schema"], f"{where} {name}")


def _body(old: Surface, new: Surface, where: str, taken: Comparison) -> Iterator[str]:
    if new["required"] and not old["required"]:
        yield f"{where} body: is now required"
    for kind, schema in old["content"].items():
        if kind not in new["content"]:
            yield f"{where} body: no longer takes {kind}"
        else:
            yield from taken.breaks(schema, new["content"][kind], f"{where} body")


def _answers(old: Surface, new: Surface, where: str, given: Comparison) -> Iterator[str]:
    for status, told in old.items():
        found = new.get(status)
        if found is None:
            yield f"{where} {status}: is gone"
            continue
        lost = set(told["headers"]) - set(found["headers"])
        yield from (f"{where} {status} {name}: is gone" for name in sorted(lost))
        for kind, schema in told["content"].items():
            if kind not in found["content"]:
                yield f"{where} {status}: is no longer {kind}"
            else:
                yield from given.breaks(schema, found["content"][kind], f"{where} {status}")


def _messages(released: Surface, present: Surface) -> Iterator[str]:
    for name, old in released["webhooks"].items():
        new = present["webhooks"].get(name)
        if new is None:
            yield f"webhook {name}: is gone"
            continue
        given = Comparison(released["schemas"], present["schemas"], incoming=False)
        for kind, schema in old["requestBody"]["content"].items():
            found = new["requestBody"]["content"].get(kind, {})
            yield from given.breaks(schema, found, f"webhook {name}")


def _refusals(released: Surface, present: Surface) -> Iterator[str]:
    """Every refusal has one of these shapes, whatever its status."""
    given = Comparison(released, present, incoming=False)
    for name in sorted(REFUSALS & released.keys()):
        yield from given.breaks(released[name], present.get(name, {}), name)
