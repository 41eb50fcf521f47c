"""Requests as data: what the bench asks, for the load generator as bytes, for the probe as they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.client import ETAG_MARK, ID_MARK

ID = ID_MARK.decode()
ETAG = ETAG_MARK.decode()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `{ID}` in the path and `{ETAG}` in a header stand for what is known only then."""

    method: str
    path: str
    token: str | None = field(default=None, repr=False)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def all_headers(self) -> dict[str, str]:
        """The headers, with the token."""
        told = dict(self.headers)
        if self.token is not None:
            told["Authorization"] = f"Bearer {self.token}"
        if self.body is not None:
            told["Content-Type"] = "application/json"
        return told

    def as_bytes(self) -> bytes:
        """The whole request as it goes over the wire."""
        body = b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.all_headers().items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body
