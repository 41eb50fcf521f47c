"""Secrets at rest: sealing short texts, blind indexes, password hashes and token hashes.

One deployment secret gives every key by HKDF, each for its own purpose. Sealing is AES-256-GCM with a
random 96-bit nonce before the ciphertext; a blind index is HMAC-SHA-256 of the normalised value, so that
equal values can be found without being read. Rotation of the deployment secret is not owned here.
"""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pwdlib import PasswordHash

_NONCE_BYTES = 12
_passwords = PasswordHash.recommended()


class SealBroken(ValueError):
    """A sealed value does not open: another secret made it, or it was changed."""


class Vault:
    """Seals and finds personal values with keys drawn from one deployment secret."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derive(secret, b"seal"))
        self._index_key = _derive(secret, b"blind-index")

    def seal(self, text: str) -> bytes:
        """Nonce and ciphertext of a text; different at every call."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), None)

    def open(self, sealed: bytes) -> str:
        """The text that was sealed; raises `SealBroken`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except InvalidTag as broken:
            raise SealBroken from broken

    def index(self, text: str) -> bytes:
        """32 bytes that are equal for equal texts and say nothing else about them."""
        return hmac.digest(self._index_key, text.encode(), "sha256")


def hash_password(password: str) -> str:
    """An Argon2id hash with its parameters and salt (takes tens of milliseconds on purpose)."""
    return _passwords.hash(password)


def verify_password(password: str, hashed: str) -> bool:
    """Whether the password made this hash; as slow as `hash_password`."""
    return _passwords.verify(password, hashed)


def hash_token(secret: str) -> bytes:
    """SHA-256 of a random token: enough, because the token has 256 bits of its own."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """256 random bits, safe in a URL and a header."""
    return secrets.token_urlsafe(32)


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=b"wangge", info=purpose).derive(secret.encode())
