"""The keyring: signing keys as this process knows them, and access tokens read with them.

A key signs for as long as the deployment says and is published a little longer, until the last token it
signed has expired. Processes load keys when a token names one that they do not know, and look for a newer
key to sign with every minute, so a rotation reaches all of them by itself. A key made in a transaction is
remembered only once it was read back in a later one: a rolled-back rotation leaves nothing behind.
Verified tokens are remembered by their text (the signature of the same text does not change); whether
their session was revoked is asked of the database at every request.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, jwt
from app.core.crypto import Vault
from app.core.errors import Unauthenticated
from app.core.ids import uuid7
from app.models.access import SigningKey

REMEMBERED = 4096
OVERLAP = timedelta(hours=2)
SIGNER_KNOWN_FOR = timedelta(minutes=1)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('signing_key'))")


class Keyring:
    """Signs and verifies access tokens with the database's keys; one for each process."""

    def __init__(self, vault: Vault, *, key_days: int) -> None:
        self._vault = vault
        self._lifetime = timedelta(days=key_days)
        self._public: dict[str, dict[str, Any]] = {}
        self._signer: tuple[str, str, datetime] | None = None
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
        kid, pem = await self._signing_key(session)
        return jwt.sign(claims, private_pem=pem, kid=kid)

    async def rotate(self, session: AsyncSession) -> str:
        """Make a new signing key now (older keys stay published for two hours); returns its id."""
        await session.execute(_ONE_AT_A_TIME)
        moment = clock.now()
        await session.execute(
            update(SigningKey).where(SigningKey.signs_until > moment).values(signs_until=moment)
        )
        kid, _pem = await self._make(session)
        return kid

    async def published(self, session: AsyncSession) -> list[dict[str, Any]]:
        """The JWKs that a token in circulation may name, newest first."""
        await self._load(session)
        return list(self._public.values())

    async def _key_of(self, session: AsyncSession, kid: str) -> dict[str, Any]:
        if kid not in self._public:
            await self._load(session)
        if kid not in self._public:
            raise Unauthenticated
        return self._public[kid]

    async def _signing_key(self, session: AsyncSession) -> tuple[str, str]:
        """The id and PEM to sign with; whoever finds none makes one, the others wait and find it."""
        if not self._can_sign():
            await self._load(session)
        if not self._can_sign():
            await session.execute(_ONE_AT_A_TIME)
            await self._load(session)
        if self._signer is None or not self._can_sign():
            return await self._make(session)
        return self._signer[:2]

    def _can_sign(self) -> bool:
        return self._signer is not None and self._signer[2] > clock.now()

    async def _make(self, session: AsyncSession) -> tuple[str, str]:
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
        self._signer = None
        return kid, pem

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
        if rows:
            newest = rows[0]
            pem = self._vault.open(newest.private_sealed)
            good_until = min(newest.signs_until, clock.now() + SIGNER_KNOWN_FOR)
            self._signer = (newest.kid, pem, good_until)

    def _remember(self, token: str, claims: dict[str, Any]) -> None:
        self._verified[token] = claims
        while len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
