"""The third party's part of the demo: a hotline sends a ticket by token and hears of its five steps.

The hotline is registered by the administrator with its own category codes and words. Its receiver of webhooks
is a real one, on the loopback of this process, and believes only what is signed with its secret: it verifies
as any receiver of Standard Webhooks would, with nothing of the server's code.
"""

import base64
import hmac
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import httpx

from app.core import clock
from app.demo import people as wire
from app.demo import tour
from app.demo.people import People, Person
from app.demo.stories import HOTLINE
from app.demo.tour import Happened, Toured
from app.models.enums import EventSource, Role
from app.models.enums.third_party import ClientField
from app.runtime.failures import CommandFailed

HOST, PATIENCE_SECONDS, TOLERANCE_SECONDS, MAX_BODY = "127.0.0.1", 60.0, 300, 65_536
HEADING = "12345 热线用令牌推送一件工单，它自己的接收端收到五步"
NAME, OWN_CODE = "12345 热线", "HJWS-LJ-02"
SCOPES = ("tickets:read", "tickets:write", "webhooks:manage")
WORDS = {
    "reported": "待受理",
    "accepted": "已受理",
    "dispatched": "已派单",
    "processing": "办理中",
    "resolved": "待回访",
    "evaluating": "待评价",
    "closed": "已办结",
}
REPLY_WITHIN = timedelta(days=5)
_TIMEOUT = 10.0


@dataclass(slots=True)
class Receiver:
    """Takes messages of webhooks; `heard` has what those say that are signed rightly, in order, each once."""

    url: str
    secret: str = field(default="", repr=False)
    heard: "queue.Queue[Mapping[str, Any]]" = field(default_factory=queue.Queue)
    refused: int = 0
    _known: set[str] = field(default_factory=set)

    def take(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Verify a message and keep it; 401 for one that is old or not signed with the secret."""
        message_id, second = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        content = f"{message_id}.{second}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
        given = headers.get("webhook-signature", "").split(" ")
        signed = any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)
        if not signed or abs(clock.now().timestamp() - int(second)) > TOLERANCE_SECONDS:
            self.refused += 1
            return HTTPStatus.UNAUTHORIZED
        if message_id not in self._known:
            self._known.add(message_id)
            self.heard.put(json.loads(body)["data"])
        return HTTPStatus.NO_CONTENT

    def next(self, ref: str) -> Mapping[str, Any]:
        """The next message about a ticket of the hotline's own; `CommandFailed` if none comes."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                told = self.heard.get(timeout=max(until - time.monotonic(), 0.01))
            except queue.Empty:
                raise CommandFailed(f"热线的接收端没有等到 {ref} 的推送，请看后台任务的日志") from None
            if told.get("external_ref") == ref:
                return told


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of the loopback while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length", 0)), MAX_BODY)
            status = found.take(cast("Mapping[str, str]", self.headers), self.rfile.read(length))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Say nothing: what came is told by the demo."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        found = Receiver(f"http://{HOST}:{server.server_address[1]}/wangge")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def call(people: People, tell: Callable[[str], None]) -> Toured:
    """Register the hotline, send its ticket, take it round the loop, and tell what its receiver hears."""
    with receiving() as receiver, _client(_token(people), people) as hotline:
        subscription = wire.answer(hotline.post("/v1/webhooks", json=_subscription(receiver)))
        receiver.secret = subscription["secret"]
        order = _order(people.first(Role.GRID_WORKER))
        ticket = _push(hotline, order, tell)

        def hear(happened: Happened) -> None:
            message = receiver.next(order["external_ref"])
            if message["label"] != happened.label:
                raise CommandFailed(f"热线收到的是“{message['label']}”，而这一步是“{happened.label}”")
            stage = f"第 {happened.number} 步　{happened.stage}"
            tell(f"✉ {stage}：{message['label']}，热线记为“{message['status_word']}”　签名已核对")

        toured = tour.walk(people, HOTLINE, hear, reported=ticket["id"])
        known = wire.answer(hotline.get(f"/v1/intake/tickets/{order['external_ref']}"))
        tell(f"热线按自己的编号查询：{known['status_word']}，公开答复“{known['public_reply']}”")
        wire.accepted(hotline.delete(f"/v1/webhooks/{subscription['id']}"))
    if receiver.refused:
        raise CommandFailed(f"热线的接收端收到 {receiver.refused} 条签名不对的推送")
    return toured


def _push(hotline: httpx.Client, order: Mapping[str, Any], tell: Callable[[str], None]) -> Any:
    ref = order["external_ref"]
    first = hotline.post("/v1/intake/tickets", json=order)
    ticket = wire.answer(first)
    where = f"类别 {OWN_CODE} 对应{ticket['category_label']}，落在{ticket['area']['name']}"
    tell(f"热线推送 {ref}：{first.status_code}，工单 {ticket['no']}，{where}")
    again = hotline.post("/v1/intake/tickets", json=order)
    if wire.answer(again)["id"] != ticket["id"]:
        raise CommandFailed(f"热线重发 {ref}，得到了另一件工单")
    tell(f"没收到回音，再推一次：{again.status_code}，还是同一件")
    return ticket


def _token(people: People) -> str:
    """A token for the town; the hotline is registered unless an earlier run did."""
    admin, town = people.first(Role.SYSTEM_ADMIN), people.first(Role.DISPATCHER).area_id
    known = admin.get("/v1/clients?limit=100")["items"]
    client_id = next((one["id"] for one in known if one["name"] == NAME), None)
    if client_id is None:
        about = {"name": NAME, "purpose": "热线工单双向流转", "contact": "热线值班长"}
        fields = [ClientField.PUBLIC_REPLY]
        client_id = admin.post("/v1/clients", {**about, "fields": fields})["id"]
    pairs = [{"code": OWN_CODE, "category_code": HOTLINE.report["category_code"]}]
    profile = {"source": EventSource.HOTLINE_12345, "categories": pairs, "statuses": WORDS}
    admin.put(f"/v1/clients/{client_id}/intake", profile)
    end = (clock.now() + timedelta(days=30)).isoformat()
    asked = {"scopes": SCOPES, "area_id": town, "expires_at": end}
    token: str = admin.post(f"/v1/clients/{client_id}/tokens", asked)["token"]
    return token


def _client(token: str, people: People) -> httpx.Client:
    """Our own server by the hotline's token: no proxies, whatever the environment says."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=people.base_url, headers=headers, timeout=_TIMEOUT, trust_env=False)


def _subscription(receiver: Receiver) -> Mapping[str, Any]:
    return {"url": receiver.url, "description": "热线回传", "payload": "thin"}


def _order(worker: Person) -> Mapping[str, Any]:
    """The call, as the hotline has it: its own number, its own code, when it must be answered."""
    now = clock.now()
    number = f"{now.astimezone(clock.BUSINESS_ZONE):%Y%m%d%H%M%S}"
    return {
        **HOTLINE.report,
        "external_ref": f"DH{number}",
        "category_code": OWN_CODE,
        "area_code": worker.account.area_code,
        "reply_due_at": (now + REPLY_WITHIN).isoformat(),
    }
