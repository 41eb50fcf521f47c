"""Tables of the access wing: accounts, sessions, refresh tokens, signing keys, API clients and tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums import AccountStatus


class Account(Versioned, Base):
    """A way to sign in for one member: by user name or by mobile number, with a password."""

    __tablename__ = "account"
    __table_args__ = (one_of("status", AccountStatus),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), unique=True)
    username: Mapped[str] = mapped_column(unique=True)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    password_hash: Mapped[str]
    password_changed_at: Mapped[datetime]
    must_change_password: Mapped[bool]
    status: Mapped[str]
    failed_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]


class AuthSession(Keyed, Base):
    """One sign-in on one device; revoking it ends every token of its family."""

    __tablename__ = "auth_session"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]
    user_agent: Mapped[str | None]


class RefreshToken(Base):
    """A refresh token by its hash; used once; another attempt with it revokes the family."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("auth_session.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    attempt_hash: Mapped[bytes | None]


class SigningKey(Base):
    """A key pair for access tokens; the private half is sealed, the public half is published."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    private_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    signs_until: Mapped[datetime]


class ApiClient(Versioned, Base):
    """A third party that integrates by token; `fields`: what it is given of all that may tell of somebody.

    One with an organisation is that organisation's own system: it has what was dispatched there, and works on
    it.
    """

    __tablename__ = "api_client"
    __table_args__ = (one_of("status", AccountStatus),)

    name: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    contact: Mapped[str]
    status: Mapped[str]
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list, server_default="{}")


class ApiToken(Keyed, Base):
    """`wg_<key>.<secret>`: the key finds it, only the secret's hash is kept."""

    __tablename__ = "api_token"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
