"""Where the server may call out to: addresses of the open Internet, never its own surroundings.

Tells an address that somebody else wrote apart from one that only looks so: no credentials in it, no number
in disguise (`0x7f.1`, `2130706433`), no port of a service that is not the web's. An address is judged as the
network sees it, so an IPv4 one inside an IPv6 one counts as what it is. A deployment may list networks of its
own; metadata services of clouds stay closed all the same. Pure: finding addresses and calling is `courier`'s.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 2048
PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024
# Services that speak something else than HTTP and would take a request for commands.
CLOSED_PORTS = frozenset({1433, 1521, 2049, 2375, 2379, 3306, 5432, 6000, 6379, 9200, 11211, 27017})
_VISIBLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
# The last label begins with a letter: what does not, some resolver takes for a number.
_NAME = re.compile(rf"({_LABEL}\.)*[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?")
_NAT64 = ip_network("64:ff9b::/96")
# Protocol assignments and 6to4: parts of the way, or ways into what stands behind.
_CLOSED = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2002::/16")))
_UNICAST = ip_network("2000::/3")
METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)


class Refused(ValueError):
    """Nobody calls there; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """An address of the web, taken apart; `path` with its query, as it is asked for."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a deployment lets its server call; without `plain`, http only into the networks listed."""

    networks: Sequence[Network] = ()
    plain: bool = False

    def target(self, url: str) -> Target:
        """A URL taken apart; raises `Refused`. A number as host is judged at once, a name when called."""
        target = _apart(url)
        if target.scheme == "http" and not (self.plain or self.networks):
            raise Refused("scheme")
        number = _number(target.host)
        if number is not None and not self.admits(number, target.scheme):
            raise Refused("address")
        return target

    def admits(self, address: Address, scheme: str) -> bool:
        """Whether a request may be sent to this address."""
        seen = _as_seen(address)
        if seen in METADATA:
            return False
        if any(seen in network for network in self.networks):
            return True
        return _is_open(seen) and (self.plain or scheme == "https")


def _apart(url: str) -> Target:
    if len(url) > LONGEST or not _VISIBLE.fullmatch(url):
        raise Refused("url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as broken:
        raise Refused("url") from broken
    if parts.scheme not in PORTS:
        raise Refused("scheme")
    if "@" in parts.netloc:
        raise Refused("userinfo")
    if "#" in url:
        raise Refused("fragment")
    if _number(host) is None and not _NAME.fullmatch(host):
        raise Refused("host")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, _port(parts.scheme, port), path)


def _port(scheme: str, port: int | None) -> int:
    if port is None:
        return PORTS[scheme]
    if port in PORTS.values() or (port >= FIRST_FREE_PORT and port not in CLOSED_PORTS):
        return port
    raise Refused("port")


def _number(host: str) -> Address | None:
    if "%" in host:
        return None
    try:
        return ip_address(host)
    except ValueError:
        return None


def _as_seen(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries, if the network takes it for that."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_open(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    if any(address in network for network in _CLOSED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
