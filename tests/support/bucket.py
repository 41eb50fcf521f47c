"""A bucket for tests: as much of S3's protocol as a file store needs, in memory, on a local port.

It believes every signature. Large files come in parts, as they do to a real one.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest


class Bucket(ThreadingHTTPServer):
    """Holds objects by path, such as `/bucket/prefix/key`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        path, query, body = self._asked()
        if "partNumber" in query:
            self.server.parts[path][int(query["partNumber"][0])] = body
        else:
            self.server.objects[path] = body
        self._answer(200, headers={"ETag": '"x"'})

    def do_POST(self) -> None:
        path, query, body = self._asked()
        if "delete" in query:
            gone = re.findall(r"<Key>([^<]+)</Key>", body.decode())
            for key in gone:
                self.server.objects.pop(f"{path}/{key}", None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
            self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())
        elif "uploads" in query:
            self.server.parts[path] = {}
            self._answer(
                200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            )
        else:
            parts = self.server.parts.pop(path)
            self.server.objects[path] = b"".join(parts[number] for number in sorted(parts))
            self._answer(
                200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
            )

    def do_GET(self) -> None:
        path, _query, _body = self._asked()
        content = self.server.objects.get(path)
        if content is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        status, headers = 200, {"ETag": '"x"', "Last-Modified": "Sat, 21 Nov 2026 00:00:00 GMT"}
        wanted = self.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            status, content = 206, content[int(first) : int(last) + 1]
        self._answer(status, content, headers)

    do_HEAD = do_GET  # noqa: N815 - the base class looks for this name

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, list[str]], bytes]:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return address.path, parse_qs(address.query, keep_blank_values=True), body

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """A bucket while the block runs, to which the environment points."""
    with Bucket() as bucket, pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT": bucket.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "cn-south-1",
        }.items():
            environment.setenv(name, value)
        serving = threading.Thread(target=bucket.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        yield bucket
        bucket.shutdown()
        serving.join()
