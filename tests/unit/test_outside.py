"""Where the server may call: disguises, its own surroundings, and what an operator listed."""

from contextlib import suppress
from ipaddress import IPv4Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.outside import METADATA, Refused, Rules, Target

OPEN = Rules(plain=True)
LISTED = Rules(networks=(ip_network("10.20.0.0/16"), ip_network("127.0.0.0/8"), ip_network("fd00::/8")))
PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.com/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://example.com:6379/_x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("//example.com/", "scheme"),
        ("https://user@example.com/", "userinfo"),
        ("https://user:secret@example.com/", "userinfo"),
        ("https://@example.com/", "userinfo"),
        ("https://example.com@127.0.0.1/", "userinfo"),
        ("https://example.com#@127.0.0.1/", "fragment"),
        ("https://2130706433/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://127.1/", "host"),
        ("https://127.0.0.1./", "host"),
        ("https://example.com./", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://[::1", "url"),
        ("https://①②⑦.⓪.⓪.①/", "url"),
        ("https://exa\tmple.com/", "url"),
        ("https://example.com/\r\nHost: x", "url"),
        ("https://example.com\\@127.0.0.1/", "url"),
        ("https:///hook", "host"),
        ("https://-example.com/", "host"),
        ("https://a..b.com/", "host"),
        ("https://example.com:99999/", "url"),
        ("https://example.com:0/", "port"),
        ("https://example.com:22/", "port"),
        ("https://example.com:25/", "port"),
        ("https://example.com:5432/", "port"),
        ("https://example.com:6379/", "port"),
        ("https://example.com/" + "x" * 2048, "url"),
    ],
)
def test_an_address_that_is_none_or_hides_another_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        OPEN.target(url)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",  # noqa: S104 - one of those to be refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.1.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        *map(str, sorted(METADATA, key=str)),
    ],
)
def test_no_address_of_the_surroundings_is_called_however_it_is_written(address: str) -> None:
    assert not OPEN.admits(ip_address(address), "https")
    url = f"https://[{address}]/" if ":" in address else f"https://{address}/"
    with pytest.raises(Refused, match="address"):
        OPEN.target(url)


@pytest.mark.parametrize("address", [PUBLIC, "223.5.5.5", "2606:2800:21f::1", f"64:ff9b::{PUBLIC}"])
def test_the_open_internet_is_called_and_in_production_by_https_alone(address: str) -> None:
    assert OPEN.admits(ip_address(address), "http")
    assert Rules().admits(ip_address(address), "https")
    assert not Rules().admits(ip_address(address), "http")


def test_in_production_an_address_without_tls_needs_a_listed_network() -> None:
    with pytest.raises(Refused, match="scheme"):
        Rules().target("http://hooks.example.com/")
    assert LISTED.target("http://oa.town.example/").scheme == "http"


def test_a_listed_network_is_called_either_way_and_its_neighbours_are_not() -> None:
    for listed in ("10.20.3.4", "127.0.0.1", "::ffff:10.20.3.4", "fd12::1"):
        assert LISTED.admits(ip_address(listed), "http")
    for other in ("10.21.0.1", "192.168.0.1", "fe80::1"):
        assert not LISTED.admits(ip_address(other), "https")


def test_metadata_stays_closed_whatever_is_listed() -> None:
    everything = Rules(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")), plain=True)
    for address in (*METADATA, ip_address("::ffff:169.254.169.254")):
        assert not everything.admits(address, "https")
    assert everything.admits(ip_address("169.254.1.1"), "https")


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://Hooks.Example.com", Target("https", "hooks.example.com", 443, "/"), "hooks.example.com"),
        ("http://a.cn:8080/x?y=1", Target("http", "a.cn", 8080, "/x?y=1"), "a.cn:8080"),
        ("http://a.cn:80/", Target("http", "a.cn", 80, "/"), "a.cn"),
        ("https://xn--fiqs8s.cn?k=v", Target("https", "xn--fiqs8s.cn", 443, "/?k=v"), "xn--fiqs8s.cn"),
        (
            "https://[2606:2800:21f::1]:8443/x",
            Target("https", "2606:2800:21f::1", 8443, "/x"),
            "[2606:2800:21f::1]:8443",
        ),
    ],
)
def test_a_plain_address_is_taken_apart(url: str, target: Target, authority: str) -> None:
    found = OPEN.target(url)
    assert found == target
    assert found.authority == authority


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_however_it_is_wrapped(address: IPv4Address) -> None:
    for rules in (OPEN, LISTED, Rules()):
        for wrapped in (f"::ffff:{address}", f"64:ff9b::{address}"):
            assert rules.admits(ip_address(wrapped), "https") == rules.admits(address, "https")


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "0x{:08x}", "0{:o}"]))
def test_a_number_in_disguise_is_no_host(address: IPv4Address, writing: str) -> None:
    with pytest.raises(Refused):
        OPEN.target(f"https://{writing.format(int(address))}/")


@given(st.text() | st.from_regex(r"https?://[a-z0-9.:@\[\]%#?/\\-]{0,40}", fullmatch=True))
def test_whatever_is_sent_is_taken_apart_or_refused(url: str) -> None:
    with suppress(Refused):
        found = OPEN.target(url)
        assert found.scheme in {"http", "https"}
        assert found.host in url.lower()
        assert found.path.startswith("/")
