"""Limits on the wire: the IETF's `RateLimit` headers on every limited answer, and 429 with `Retry-After`.

Format: draft-ietf-httpapi-ratelimit-headers (`RateLimit-Policy: "name";q=60;w=60`, `RateLimit:
"name";r=59;t=1`). What was taken is noted on the request, and the outermost middleware writes the headers,
so that they stand on refusals of every kind too. What is limited, and how much, is not decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Request

from app.core.db import transaction
from app.core.errors import Problem
from app.services.platform import limits
from app.services.platform.limits import Allowance

HEADERS = ("RateLimit-Policy", "RateLimit")
_STATE = "rate_limits"


class TooManyRequests(Problem):
    """The caller has used what is allowed in a while."""

    status, code = 429, "rate_limited"
    title_zh, title_en = "请求过于频繁，请稍后再试", "Too many requests, try again later"


@dataclass(frozen=True, slots=True)
class Policy:
    """A limit by name, as it stands in the headers; the name is of lower-case letters, digits and hyphens."""

    name: str
    limit: int
    window: timedelta


async def admit(request: Request, policy: Policy, key: str, *, cost: int = 1) -> None:
    """Take of what the policy allows a key, noted for the headers; `TooManyRequests` when it is used up.

    The key is the policy's own: the same text under another policy is another allowance.
    """
    async with transaction(request.app.state.readers) as session:
        allowance = await limits.take(
            session, key=f"{policy.name}:{key}", limit=policy.limit, window=policy.window, cost=cost
        )
    note(request, policy.name, allowance)


def note(request: Request, name: str, allowance: Allowance) -> None:
    """Put what is left of a policy's allowance into the headers; `TooManyRequests` when it is used up."""
    told: dict[str, Allowance] = request.scope.setdefault("state", {}).setdefault(_STATE, {})
    told[name] = allowance
    if not allowance.granted:
        raise TooManyRequests(headers={"Retry-After": str(allowance.retry_after)})


def noted(scope: Mapping[str, Any]) -> Mapping[str, Allowance]:
    """What is left of the allowances that a request was taken from, by their policies."""
    found: Mapping[str, Allowance] = scope.get("state", {}).get(_STATE, {})
    return found


def headers(scope: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a request's answer; empty where nothing limits it."""
    told = noted(scope)
    if not told:
        return {}
    policies = (f'"{name}";q={a.limit};w={int(a.window.total_seconds())}' for name, a in told.items())
    left = (f'"{name}";r={a.remaining};t={a.reset}' for name, a in told.items())
    return dict(zip(HEADERS, (", ".join(policies), ", ".join(left)), strict=True))
