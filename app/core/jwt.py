"""Access tokens: ES256 JWTs, made and read with python-jose; the only module that imports it.

Keys are P-256; each token names its key (`kid`). Only ES256 is ever accepted, so `alg: none` and HMAC
tricks fail. Whether a session was revoked is not known here.
"""

import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt
from jose.exceptions import JOSEError

ALGORITHM = "ES256"
ISSUER = "wangge"
# As a token is issued: the library would read others as the same, with a last letter whose spare bits differ,
# or with signs that base64 passes over.
_SPELLING = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")


class TokenRefused(ValueError):
    """The token is malformed, expired, signed by an unknown key or not signed by us."""


def new_private_key() -> str:
    """A fresh P-256 private key as PEM (PKCS 8)."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def public_jwk(private_pem: str, kid: str) -> dict[str, Any]:
    """The public half as a JWK (RFC 7517), for `/.well-known/jwks.json`."""
    public = jwk.construct(private_pem, ALGORITHM).public_key().to_dict()
    return {**public, "kid": kid, "use": "sig", "alg": ALGORITHM}


def sign(claims: Mapping[str, Any], *, private_pem: str, kid: str) -> str:
    """A compact JWT of the claims; `iss` is added, times are Unix seconds."""
    return jwt.encode({"iss": ISSUER, **claims}, private_pem, ALGORITHM, headers={"kid": kid})


def key_id(token: str) -> str:
    """The `kid` that the token claims, unverified; raises `TokenRefused`."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except JOSEError as refused:
        raise TokenRefused(str(refused)) from refused
    if not isinstance(kid, str):
        raise TokenRefused("no kid")
    return kid


def verify(token: str, *, key: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a token that this public key signed, in these letters, and that has not expired."""
    if not _SPELLING.fullmatch(token):
        raise TokenRefused("not as it was issued")
    try:
        options = {"require_exp": True, "require_sub": True, "require_iss": True}
        return jwt.decode(token, dict(key), algorithms=[ALGORITHM], issuer=ISSUER, options=options)
    except JOSEError as refused:
        raise TokenRefused(str(refused)) from refused
