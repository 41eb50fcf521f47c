"""Floods from nobody in particular: limits by address, by network and by phone, shared by all processes.

An address is an IPv4 address or an IPv6 /64, a network a /24 or a /48. The keys are blind indexes, so that
the table of limits tells of nobody. Behind a proxy the deployment must name it (`WANGGE_TRUSTED_PROXIES`), or
all callers share one address.
"""

from datetime import timedelta
from ipaddress import ip_address, ip_network

from fastapi import Request

from app.api import ratelimit
from app.api.ratelimit import Policy

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
READING = Policy("public", 600, MINUTE), Policy("public-network", 6000, MINUTE)
TRYING = Policy("public-try", 30, HOUR)
PHONE = Policy("public-phone", 10, DAY)
NETWORKS, ALL = 10, 100
_WIDTHS = {4: (32, 24), 6: (64, 48)}


async def reading(request: Request) -> None:
    """Let somebody read; `TooManyRequests` (a router's dependency)."""
    await _both(request, READING)


async def reporting(request: Request) -> None:
    """Let somebody report: so many an hour as the deployment says, ten times as many from a network.

    A hundred times as many come from everybody: what a flood from everywhere may do to the dispatchers.
    """
    each = request.app.state.settings.public_reports_per_hour
    policies = Policy("public-report", each, HOUR), Policy("public-report-network", each * NETWORKS, HOUR)
    await _both(request, policies)
    await ratelimit.admit(request, Policy("public-report-all", each * ALL, HOUR), _blind(request, "all"))


async def phone(request: Request, number: str | None) -> None:
    """Let somebody report in the name of a phone."""
    if number is not None:
        await ratelimit.admit(request, PHONE, _blind(request, f"phone:{number}"))


async def trying(request: Request, number: str) -> None:
    """Let somebody try a code for a report's number, whoever and wherever they are."""
    await ratelimit.admit(request, TRYING, _blind(request, f"number:{number}"))


async def _both(request: Request, policies: tuple[Policy, Policy]) -> None:
    # The network first: what it refuses leaves no row of each of its addresses.
    for policy, name in zip(reversed(policies), reversed(_names(request)), strict=True):
        await ratelimit.admit(request, policy, _blind(request, name))


def _names(request: Request) -> tuple[str, str]:
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host, host
    # As a socket for both kinds tells of IPv4: else all of it were one network.
    plain = getattr(address, "ipv4_mapped", None) or address
    own, network = (ip_network((plain, width), strict=False) for width in _WIDTHS[plain.version])
    return str(own), str(network)


def _blind(request: Request, name: str) -> str:
    key: bytes = request.app.state.vault.index(name)
    return key.hex()
