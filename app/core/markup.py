"""XML as it is written: elements and texts out of plain values; nothing here reads any.

A mapping becomes an element with one child a key, a list one child an item, named by the list's tag; None is
an empty element. There are no attributes, entities or processing instructions, and characters that XML 1.0
cannot hold are left out.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(root: str, content: object, items: Mapping[str, str]) -> bytes:
    """A document in UTF-8; `items` says what the children of a list are called, by the list's tag."""
    return (_HEAD + "".join(_element(root, content, items))).encode()


def _element(tag: str, value: object, items: Mapping[str, str]) -> Iterator[str]:
    if value is None:
        yield f"<{tag}/>"
        return
    yield f"<{tag}>"
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _element(name, inner, items)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _element(items.get(tag, "value"), inner, items)
    else:
        yield _text(value)
    yield f"</{tag}>"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A bare carriage return would be read as a line feed.
    return escape(_ILLEGAL.sub("", str(value)), quote=False).replace("\r", "&#13;")
