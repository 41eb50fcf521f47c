"""Secrets at rest: sealing short texts, blind indexes, password hashes and token hashes.

Each deployment secret gives its keys by HKDF, each for its own purpose. Sealing is AES-256-GCM behind a
header that names the secret, with a random 96-bit nonce; a blind index is HMAC-SHA-256 of the normalised
value, so that equal values can be found without being read. A vault seals with one secret and still opens
what retired ones sealed; which rows are sealed anew when is not owned here.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pwdlib import PasswordHash

_NONCE_BYTES = 12
_KEY_ID_BYTES = 4
_MAGIC = b"wgs1"
_HEADER_BYTES = len(_MAGIC) + _KEY_ID_BYTES
_passwords = PasswordHash.recommended()


class SealBroken(ValueError):
    """A sealed value does not open: another secret made it, or it was changed."""


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """What one secret gives: its name, and a key for each purpose."""

    id: bytes
    cipher: AESGCM
    index: bytes
    chain: bytes
    link: bytes


class Vault:
    """Seals and finds personal values with keys drawn from deployment secrets, the present one first."""

    def __init__(self, secret: str, *retired: str) -> None:
        self._keys = {key.id: key for key in map(_keys_of, (*reversed(retired), secret))}
        self._present = self._keys[_key_id(secret)]

    @property
    def key_id(self) -> bytes:
        """4 bytes that name the present secret."""
        return self._present.id

    @property
    def header(self) -> bytes:
        """What every value begins with that the present secret sealed."""
        return _MAGIC + self._present.id

    @property
    def rotating(self) -> bool:
        """Whether there are retired secrets, whose values may still stand in the tables."""
        return len(self._keys) > 1

    def knows(self, key_id: bytes) -> bool:
        """Whether the secret of this name is at hand."""
        return key_id in self._keys

    def seal(self, text: str) -> bytes:
        """Header, nonce and ciphertext of a text; different at every call."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self.header + nonce + self._present.cipher.encrypt(nonce, text.encode(), self.header)

    def open(self, sealed: bytes) -> str:
        """The text that was sealed, by whichever secret; raises `SealBroken`."""
        key = self._keys.get(sealed[len(_MAGIC) : _HEADER_BYTES])
        if sealed.startswith(_MAGIC) and key is not None:
            with suppress(InvalidTag):
                return _opened(key, sealed[_HEADER_BYTES:], sealed[:_HEADER_BYTES])
        # Without a header: sealed before there were any, or (once in 2**32) a nonce that looks like one.
        for key in self._keys.values():
            with suppress(InvalidTag):
                return _opened(key, sealed, None)
        raise SealBroken

    def index(self, text: str) -> bytes:
        """32 bytes that are equal for equal texts and say nothing else about them."""
        return hmac.digest(self._present.index, text.encode(), "sha256")

    def indexes(self, text: str) -> list[bytes]:
        """The blind indexes that a text may have in the tables, the present secret's first."""
        others = [key for key in self._keys.values() if key is not self._present]
        return [hmac.digest(key.index, text.encode(), "sha256") for key in (self._present, *others)]

    def chain(self, content: bytes, *, key_id: bytes | None = None) -> bytes:
        """32 bytes that only a holder of the secret can make; `KeyError` for an unknown one."""
        key = self._present if key_id is None else self._keys[key_id]
        return hmac.digest(key.chain, content, "sha256")

    def sign(self, content: bytes, *, key_id: bytes | None = None) -> bytes:
        """32 bytes for a link, as `chain` for the audit log."""
        key = self._present if key_id is None else self._keys[key_id]
        return hmac.digest(key.link, content, "sha256")


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


def _opened(key: _Keys, sealed: bytes, header: bytes | None) -> str:
    return key.cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], header).decode()


def _keys_of(secret: str) -> _Keys:
    return _Keys(
        id=_key_id(secret),
        cipher=AESGCM(_derive(secret, b"seal")),
        index=_derive(secret, b"blind-index"),
        chain=_derive(secret, b"audit-chain"),
        link=_derive(secret, b"file-link"),
    )


def _key_id(secret: str) -> bytes:
    return _derive(secret, b"key-id")[:_KEY_ID_BYTES]


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=b"wangge", info=purpose).derive(secret.encode())
