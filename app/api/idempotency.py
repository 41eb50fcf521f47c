"""`Idempotency-Key` on every POST that writes, as a route class.

The answer is kept in the transaction of the write itself: the wrapped handler has built its response when
the session's dependency has not yet committed. A middleware would come too late. Streams, sign-in, and
calls that show a secret use the plain route.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from app.api.actors import CurrentActor
from app.core.errors import invalid_field
from app.services.platform import idempotency
from app.services.platform.actor import Actor
from app.services.platform.idempotency import Answer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("content-type", "location", "etag")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Replay(Exception):
    """Carries the first answer from the claim to the route."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def sent_key(request: Request) -> str | None:
    """The key that came with a POST; None without one."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not 0 < len(key) <= idempotency.MAX_KEY_LENGTH or not key.isascii():
        raise invalid_field(
            "header.Idempotency-Key",
            "Idempotency-Key 须为 1–200 个 ASCII 字符",
            "Idempotency-Key must be 1 to 200 ASCII characters",
        )
    return key


SentKey = Annotated[str | None, Depends(sent_key)]


async def claim_key(request: Request, actor: CurrentActor, key: SentKey) -> None:
    """Claim a POST's key for its caller, or raise the first answer (a router's dependency)."""
    if key is not None:
        await claim(request, actor=actor, key=key, content=await request.body())


async def claim(request: Request, *, actor: Actor, key: str, content: bytes) -> None:
    """As `claim_key`, for endpoints that read the body themselves; content is what tells bodies apart."""
    address = f"{request.url.path}?{request.url.query}"
    asked = idempotency.request_hash(request.method, address, content)
    # A third party's tokens see different things, so an answer is kept for the one that got it.
    owner_id = actor.terms.token_id if actor.terms else actor.id
    answer = await idempotency.claim(request.state.session, owner_id=owner_id, key=key, request=asked)
    if answer is not None:
        raise Replay(answer)
    request.state.idempotency = (owner_id, key)


class IdempotentRoute(APIRoute):
    """A route whose committed answers can be had again with the same key."""

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler: replay the first answer, or keep this one."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await handler(request)
            except Replay as replay:
                headers = {**replay.answer.headers, REPLAYED: "true"}
                return Response(replay.answer.body, replay.answer.status, headers)
            owned = getattr(request.state, "idempotency", None)
            if owned is not None:
                owner_id, key = owned
                headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
                answer = Answer(response.status_code, headers, bytes(response.body))
                await idempotency.keep(request.state.session, owner_id=owner_id, key=key, answer=answer)
            return response

        return handle
