"""Where a request comes from, for the books: the caller's address and the device's own words."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """The address (after trusted proxies) and the `User-Agent`, cut and without control characters."""

    ip: str | None
    device: str | None


def address_of(request: Request) -> str | None:
    """The caller's address, after trusted proxies."""
    return request.client.host if request.client else None


async def _origin(request: Request) -> Origin:
    sent = request.headers.get("user-agent", "")
    device = "".join(character for character in sent if character.isprintable())[:LONGEST]
    return Origin(address_of(request), device or None)


RequestOrigin = Annotated[Origin, Depends(_origin)]
