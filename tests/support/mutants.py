"""Strategies of hostile input: almost right, wildly wrong, and everything between."""

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("FUZZ_SEED", "20260302"))
# More than a machine gets through in that time; what is left over when it is up costs nothing.
A_SECOND = 40
BOUNDED = settings(
    max_examples=max(1, int(SECONDS * A_SECOND)),
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
# What a server lets through of a header's value: no line ends, no NUL.
HEADER_BYTES = st.binary(max_size=300).map(lambda raw: bytes(byte for byte in raw if byte >= 32 or byte == 9))
TEXTS = st.text(max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    "",
)


class Time:
    """A test's share of the time: once it is up, what is left of its examples is drawn and not tried.

    `link` is what a test made at its first example and goes on with.
    """

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS
        self.tried = 0
        self.link = ""

    @property
    def is_up(self) -> bool:
        """Whether to stop; counts what is still tried."""
        if time.monotonic() > self._ends:
            return True
        self.tried += 1
        return False


def changes() -> st.SearchStrategy[Callable[[str], str]]:
    """Changes of a text: a piece is cut out, doubled or replaced, or all of it."""
    places = st.integers(0, 500)

    def change(start: int, end: int, between: str) -> Callable[[str], str]:
        def changed(right: str) -> str:
            first, last = start % (len(right) + 1), end % (len(right) + 1)
            return right[: min(first, last)] + between + right[max(first, last) :]

        return changed

    return st.builds(change, places, places, st.text(max_size=5)) | TEXTS.map(
        lambda text: lambda _right: text
    )


def almost(right: str) -> st.SearchStrategy[str]:
    """A text that is right but for a change."""
    return changes().map(lambda change: change(right))


def packed(value: Any) -> str:
    """JSON in the wrapping of cursors."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def cursors() -> st.SearchStrategy[str]:
    """Cursors of the right wrapping with anything in them, and what is none at all."""
    ids = st.uuids().map(str)
    pairs = st.tuples(TEXTS | st.datetimes().map(str) | JSON, ids | JSON).map(list)
    return (
        (pairs | JSON).map(packed)
        | TEXTS
        | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    )


def hostile(right: Mapping[str, str]) -> st.SearchStrategy[str]:
    """Values of fields: any text, numbers and times that are none, and right ones with a change."""
    wild = (
        "nan",
        "-inf",
        "1e400",
        "9" * 400,
        "-0",
        "0x10",
        "９",
        "0000-00-00",
        "2026-02-30T25:61:61+99:99",
        "\x00",
    )
    return TEXTS | st.sampled_from(wild) | st.sampled_from(tuple(right.values())).flatmap(almost)


def posted(fields: Mapping[str, str]) -> st.SearchStrategy[tuple[str, bytes]]:
    """These fields as a form, with its type: whole ones, and ones with a change."""
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    photo = 'Content-Disposition: form-data; name="media"; filename="a.jpg"\r\n\r\n\xff\xd8\r\n--x--\r\n'
    return st.sampled_from(
        (
            ("application/x-www-form-urlencoded", urlencode(fields, errors="replace")),
            ("multipart/form-data; boundary=x", f"{parts}--x--\r\n"),
            ("multipart/form-data; boundary=x", f"{parts}--x\r\n{photo}"),
        )
    ).flatmap(
        lambda form: (st.just(form[1]) | almost(form[1])).map(
            lambda body: (form[0], body.encode(errors="replace"))
        )
    )


def xml() -> st.SearchStrategy[str]:
    """XML that is well-formed or nearly so, some of it with entities."""
    names = st.sampled_from(("request", "service_request", "service_code", "description", "lat", "a:b", "x"))
    leaves = TEXTS | st.sampled_from(("&a;", "&b;", "]]>", "<![CDATA[x]]>", "&#0;"))
    trees = st.recursive(leaves, lambda inner: st.builds("<{0}>{1}</{0}>".format, names, inner), max_leaves=6)
    return st.builds(lambda head, tree: f"{head}<x>{tree}</x>", st.sampled_from(ENTITIES), trees)
