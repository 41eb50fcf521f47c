"""Calls to somebody else's server: to the address that was checked and no other, and over in time."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core import clock
from app.core import courier as courier_module
from app.core.courier import EXCERPT_BYTES, CallFailed, Courier, Reply
from app.core.outside import Rules
from tests.support.hooks import HERE, Receiver, answer, dead_port, receiver


class Resolver:
    """A name server of the test's own; each question gets the next answer, the last one for good."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of whatever was asked for."""
        assert host
        assert port
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def post(courier: Courier, url: str, times: int = 1) -> Reply:
    """The last answer of some calls on one line."""
    async with courier.line_to(url, at_once=2) as line:
        for _number in range(times):
            reply = await line.post(b'{"a": 1}', {"Content-Type": "application/json"})
    return reply


async def refusal(courier: Courier, url: str) -> str:
    """The code with which a call fails."""
    with pytest.raises(CallFailed) as failed:
        await post(courier, url)
    return failed.value.code


async def test_a_call_goes_to_the_address_of_the_name_under_the_name_and_keeps_its_connection(
    hook: Receiver,
) -> None:
    courier = Courier(HERE, resolve=Resolver(["127.0.0.1"]))
    reply = await post(courier, f"http://hooks.example.com:{hook.port}/hook?k=v", times=3)
    assert reply.status == 204
    assert hook.got[0].headers["host"] == f"hooks.example.com:{hook.port}"
    assert (len(hook.got), hook.connections) == (3, 1)


async def test_a_name_that_means_something_else_after_the_check_is_still_called_where_it_was_checked(
    hook: Receiver,
) -> None:
    async with receiver() as inside:
        # The first answer is fit to be called; from the second on it is a machine of ours.
        resolver = Resolver(["127.0.0.1"], ["127.0.0.2"])
        courier = Courier(Rules(networks=(ip_network("127.0.0.1/32"),), plain=True), resolve=resolver)
        hook.answers = lambda _got: answer(200, Connection="close")
        await post(courier, f"http://rebinding.example.com:{hook.port}/hook", times=4)
        assert (resolver.asked, len(hook.got), inside.got) == (1, 4, [])
        url = f"http://rebinding.example.com:{inside.port}/hook"
        assert await refusal(courier, url) == "address_refused"
        assert inside.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["127.0.0.1", "10.0.0.1"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::a00:1"],
        ["fd00::1"],
    ],
)
async def test_a_name_with_any_address_of_the_surroundings_is_not_called(
    hook: Receiver, addresses: list[str]
) -> None:
    courier = Courier(HERE, resolve=Resolver(addresses))
    assert await refusal(courier, f"http://x.example.com:{hook.port}/") == "address_refused"
    assert hook.connections == 0


async def test_without_a_listed_network_the_loopback_is_not_called_by_any_of_its_names(
    hook: Receiver,
) -> None:
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
        assert await refusal(Courier(Rules(plain=True)), f"http://{host}:{hook.port}/") == "address_refused"
    assert hook.connections == 0


async def test_a_redirect_is_an_answer_and_nobody_goes_there(hook: Receiver) -> None:
    async with receiver() as inside:
        hook.answers = lambda _got: answer(307, Location=inside.url)
        assert (await post(Courier(HERE), hook.url)).status == 307
        assert inside.connections == 0


async def test_a_proxy_of_the_surroundings_is_not_asked(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert (await post(Courier(HERE), hook.url)).status == 204
        assert proxy.connections == 0


async def test_names_that_are_unknown_and_doors_that_are_closed_say_so() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    assert await refusal(Courier(HERE, resolve=unknown), "http://nowhere.example.com/") == "name_unknown"
    assert await refusal(Courier(HERE, resolve=Resolver([])), "http://x.example.com/") == "name_unknown"
    assert await refusal(Courier(HERE), f"http://127.0.0.1:{dead_port()}/") == "unreachable"


async def test_the_next_address_is_tried_where_the_first_is_closed(hook: Receiver) -> None:
    courier = Courier(HERE, resolve=Resolver(["127.0.0.9", "127.0.0.1"]))
    assert (await post(courier, f"http://two.example.com:{hook.port}/")).status == 204


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _dripping_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def _hints_for_ever(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.01)


async def _nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await writer.drain()
    writer.close()


async def _hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def _head_without_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 1_000_000)
    await writer.drain()
    await asyncio.sleep(60)


async def _body_without_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + b"y" * 1024 + b"\r\n")
        await writer.drain()


@asynccontextmanager
async def misbehaving(serve: object) -> AsyncIterator[str]:
    """The address of a server that does as it likes."""
    running: set[asyncio.Task[None]] = set()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await serve(reader, writer)  # type: ignore[operator]
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(held, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for task in running:
            task.cancel()


@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (_silent, "timeout"),
        (_dripping_head, "timeout"),
        (_hints_for_ever, "timeout"),
        (_nonsense, "answer_broken"),
        (_hangs_up, "answer_broken"),
        (_head_without_end, "answer_broken"),
    ],
)
async def test_a_receiver_that_misbehaves_costs_no_more_than_its_time(serve: object, code: str) -> None:
    async with misbehaving(serve) as url, asyncio.timeout(3):
        assert await refusal(Courier(HERE, seconds=1), url) == code


async def test_a_receiver_that_never_ends_the_handshake_costs_no_more_than_its_time() -> None:
    async with misbehaving(_silent) as url, asyncio.timeout(3):
        assert await refusal(Courier(HERE, seconds=1), url.replace("http:", "https:")) == "timeout"


async def test_calls_that_were_given_up_leave_room_for_others_on_the_line() -> None:
    seen = count(1)

    async def every_other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        if next(seen) % 2:
            await reader.read()
        writer.write(answer(200, Connection="close"))
        await writer.drain()
        writer.close()

    async with (
        misbehaving(every_other) as url,
        Courier(HERE, seconds=0.3).line_to(url, at_once=2) as line,
        asyncio.timeout(10),
    ):
        for _number in range(6):
            with pytest.raises(CallFailed):
                await line.post(b"{}", {})
            assert (await line.post(b"{}", {})).status == 200


@pytest.mark.parametrize(
    ("told", "pause"),
    [("120", timedelta(minutes=2)), ("0", timedelta()), ("-1", None), ("soon", None), ("9" * 40, None)],
)
async def test_a_pause_that_is_asked_for_is_read_in_seconds(
    hook: Receiver, told: str, pause: timedelta | None
) -> None:
    hook.answers = lambda _got: answer(429, b"", **{"Retry-After": told})
    assert (await post(Courier(HERE), hook.url)).pause == pause


async def test_a_pause_that_is_asked_for_may_be_a_time_of_day(hook: Receiver) -> None:
    until = format_datetime(clock.now() + timedelta(minutes=5), usegmt=True)
    hook.answers = lambda _got: answer(503, b"", **{"retry-after": until})
    pause = (await post(Courier(HERE), hook.url)).pause
    assert pause is not None
    assert timedelta(minutes=4, seconds=50) < pause < timedelta(minutes=5, seconds=1)


async def test_of_an_answer_without_end_only_the_beginning_is_read() -> None:
    async with misbehaving(_body_without_end) as url, asyncio.timeout(3):
        reply = await post(Courier(HERE, seconds=2), url)
    assert (reply.status, reply.beginning) == (500, b"y" * EXCERPT_BYTES)


def certificate(name: str, folder: Path) -> Path:
    """A file with a key and a certificate that it signs itself, for a name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    found = folder / "secure.pem"
    found.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return found


async def test_tls_asks_for_the_name_though_the_call_goes_to_a_number(
    hook: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate("secure.example.com", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    courier = Courier(HERE, resolve=Resolver(["127.0.0.1"]))
    async with server:
        assert await refusal(courier, f"https://secure.example.com:{port}/") == "tls", "signed by nobody"
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        courier_module._trust.cache_clear()
        assert (await post(courier, f"https://secure.example.com:{port}/")).status == 204
        assert await refusal(courier, f"https://other.example.com:{port}/") == "tls", "of another name"
        hook.hang_up()
    courier_module._trust.cache_clear()
    assert named == ["secure.example.com", "secure.example.com", "other.example.com"]
