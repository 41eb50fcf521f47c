"""What a third party is not given is not in its answers: fields that may tell of somebody, by the register.

An answer's shape is read once for each kind of answer: where in it `schemas/field_classes` knows a personal
field, and under which name clients are given such a field. A client has those that it was given, and none
where the record says that it is confidential; names and numbers of people it has nowhere. In place of others
stands null, or stars where a text is expected, so that an answer keeps its shape.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from app.models.enums.privacy import FieldClass
from app.models.enums.third_party import ClientField
from app.schemas.field_classes import GIVEN_AS, kept

STARS = "***"
ANY = "*"
_PERSONAL = frozenset({FieldClass.P2, FieldClass.P3})


@dataclass(frozen=True, slots=True)
class Telling:
    """A field that may tell of somebody: as what a client is given it, if at all, and what stands for it."""

    given_as: ClientField | None
    instead: Any


Shape = Mapping[str, "Telling | Shape"]


@cache
def shape_of(kind: Any) -> Shape:
    """Where an answer of this kind may tell of somebody, by its fields' names; empty where nowhere."""
    return _shape(kind)


def given_in(shape: Shape) -> frozenset[ClientField]:
    """All that clients may be given of such an answer."""
    found: set[ClientField] = set()
    for part in shape.values():
        if not isinstance(part, Telling):
            found |= given_in(part)
        elif part.given_as is not None:
            found.add(part.given_as)
    return frozenset(found)


def withhold(answer: Any, shape: Shape, given: Collection[str]) -> None:
    """Take out of an answer, as JSON was read, what the client was not given."""
    if isinstance(answer, list):
        for one in answer:
            withhold(one, shape, given)
    elif isinstance(answer, dict):
        given = () if answer.get("confidential") is True else given
        for name in answer if ANY in shape else shape.keys() & answer.keys():
            part = shape.get(name) or shape[ANY]
            if not isinstance(part, Telling):
                withhold(answer[name], part, given)
            elif part.given_as not in given and answer[name] is not None:
                answer[name] = part.instead


def _shape(kind: Any) -> Shape:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _of_model(kind)
    parts = get_args(kind)
    if get_origin(kind) in {dict, Mapping}:
        values = _shape(parts[1])
        return {ANY: values} if values else {}
    return reduce(_both, map(_shape, parts), {})


def _of_model(model: type[BaseModel]) -> Shape:
    found: dict[str, Telling | Shape] = {}
    for name, field in model.model_fields.items():
        part = _telling(model, name, field.annotation) or _shape(field.annotation)
        if part:
            found[field.serialization_alias or name] = part
    return found


def _both(one: Shape, other: Shape) -> Shape:
    """Of an answer that may be of two kinds, what either may tell; a field that tells in one goes whole."""
    found = {**one, **other}
    for name in one.keys() & other.keys():
        first, second = one[name], other[name]
        if isinstance(first, Telling):
            found[name] = first
        elif not isinstance(second, Telling):
            found[name] = _both(first, second)
    return found


def _telling(model: type[BaseModel], name: str, annotation: Any) -> Telling | None:
    try:
        personal = kept(model, name).cls in _PERSONAL
    except KeyError:  # A page or a reference: what it holds has a class.
        return None
    return Telling(GIVEN_AS.get(name), _instead(annotation)) if personal else None


def _instead(annotation: Any) -> Any:
    if get_origin(annotation) in {list, dict}:
        return get_origin(annotation)()
    return None if NoneType in get_args(annotation) else STARS
