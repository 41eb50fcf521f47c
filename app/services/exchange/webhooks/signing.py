"""Secrets and signatures of webhooks, as Standard Webhooks 1.0 has them.

A secret is `whsec_` and 32 random bytes in base64; a signature is `v1,` and the HMAC-SHA-256 of id, second
and body. While an old secret is on its way out, a message carries a signature of each. Keeping them sealed is
`subscriptions`'.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A secret to show once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(message_id: str, second: int, body: bytes, signed_with: Iterable[str]) -> dict[str, str]:
    """What a receiver verifies the body with; `second` is Unix time."""
    content = f"{message_id}.{second}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(second),
        "webhook-signature": " ".join(_signature(secret, content) for secret in signed_with),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
