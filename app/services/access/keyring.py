"""The keyring: signing keys as this process knows them, and access tokens read with them.

A key signs for as long as the deployment says and is published a little longer, until the last token it
signed has expired. Processes load keys when a token names one that they do not know, so a rotation
reaches all of them by itself. Verified tokens are remembered by their text (the signature of the same
text does not change); whether their session was revoked is asked of the database at every request.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, jwt
from app.core.crypto import Vault
from app.core.errors import Unauthenticated
from app.core.ids import uuid7
from app.models.access import SigningKey

REMEMBERED = 4096
OVERLAP = timedelta(hours=2)
_RELOAD_AFTER = timedelta(seconds=5)


class Keyring:
    """Signs and verifies access tokens with the database's keys; one for each process."""

    def __init__(self, vault: Vault, *, key_days: int) -> None:
        self._vault = vault
        self._lifetime = timedelta(days=key_days)
        self._public: dict[str, dict[str, Any]] = {}
        self._signer: tuple[str, str, datetime] | None = None
        self._loaded_at: datetime | None = None
        self._verified: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def verify(self, session: AsyncSession, token: str) -> dict[str, Any]:
        """The claims of a token of ours; `Unauthenticated` for anything else."""
        claims = self._verified.get(token)
        if claims is None:
            try:
                claims = jwt.verify(token, key=await self._key_of(session, jwt.key_id(token)))
            except jwt.TokenRefused as refused:
                raise Unauthenticated from refused
            self._remember(token, claims)
        if claims["exp"] <= clock.now().timestamp():
            raise Unauthenticated("登录已过期，请重新登录", "The token has expired")
        return claims

    async def sign(self, session: AsyncSession, claims: dict[str, Any]) -> str:
        """A token signed by the current key; makes the next key when the current one is too old."""
        if self._signer is None or self._signer[2] <= clock.now():
            await self._load(session)
        if self._signer is None or self._signer[2] <= clock.now():
            await self.rotate(session)
        if self._signer is None:
            raise RuntimeError("no signing key after a rotation")
        kid, pem, _until = self._signer
        return jwt.sign(claims, private_pem=pem, kid=kid)

    async def rotate(self, session: AsyncSession) -> str:
        """Make a new signing key now (older keys stay published for two hours); returns its id.

        One process at a time: the others wait and then find the new key.
        """
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('signing_key'))"))
        pem, kid, moment = jwt.new_private_key(), uuid7().hex, clock.now()
        await session.execute(
            insert(SigningKey).values(
                kid=kid,
                private_sealed=self._vault.seal(pem),
                public_jwk=jwt.public_jwk(pem, kid),
                created_at=moment,
                signs_until=moment + self._lifetime,
            )
        )
        await self._load(session)
        return kid

    async def published(self, session: AsyncSession) -> list[dict[str, Any]]:
        """The JWKs that a token in circulation may name, newest first."""
        await self._load(session)
        return list(self._public.values())

    async def _key_of(self, session: AsyncSession, kid: str) -> dict[str, Any]:
        moment = clock.now()
        stale = self._loaded_at is None or moment - self._loaded_at > _RELOAD_AFTER
        if kid not in self._public and stale:
            await self._load(session)
        if kid not in self._public:
            raise Unauthenticated
        return self._public[kid]

    async def _load(self, session: AsyncSession) -> None:
        rows = (
            await session.execute(
                select(
                    SigningKey.kid,
                    SigningKey.private_sealed,
                    SigningKey.public_jwk,
                    SigningKey.signs_until,
                )
                .where(SigningKey.signs_until > clock.now() - OVERLAP)
                .order_by(SigningKey.created_at.desc())
            )
        ).all()
        self._public = {row.kid: row.public_jwk for row in rows}
        self._loaded_at = clock.now()
        if rows:
            newest = rows[0]
            pem = self._vault.open(newest.private_sealed)
            self._signer = (newest.kid, pem, newest.signs_until)

    def _remember(self, token: str, claims: dict[str, Any]) -> None:
        self._verified[token] = claims
        while len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
