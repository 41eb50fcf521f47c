"""Tables of the access wing: accounts, sessions, refresh tokens, signing keys; API clients and their use."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.models.base import Base, Keyed, Versioned, one_of
from app.models.enums import AccountStatus

PER_MINUTE, PER_DAY = 600, 100_000


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
    """A third party that integrates by token, and the outer bounds of all its tokens.

    `scopes`, `networks` and its areas (`api_client_area`) bound nothing where they are empty. Of all that may
    tell of somebody, it is given `fields`, and nothing where they are empty. One with an organisation is that
    organisation's own system: it has what was dispatched there, and works on it.
    """

    __tablename__ = "api_client"
    __table_args__ = (
        one_of("status", AccountStatus),
        CheckConstraint("per_minute > 0", name="per_minute"),
        CheckConstraint("per_day > 0", name="per_day"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str] = mapped_column(default="", server_default="")
    purpose: Mapped[str]
    contact: Mapped[str]
    status: Mapped[str]
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("org.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list, server_default="{}")
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list, server_default="{}")
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list, server_default="{}")
    per_minute: Mapped[int] = mapped_column(default=PER_MINUTE, server_default=str(PER_MINUTE))
    per_day: Mapped[int] = mapped_column(default=PER_DAY, server_default=str(PER_DAY))
    expires_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '365 days'"))


class ApiClientArea(Base):
    """An area that a client's tokens stay within."""

    __tablename__ = "api_client_area"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), primary_key=True)
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), primary_key=True, index=True)


class ApiToken(Keyed, Base):
    """`wg_<key>.<secret>`: the key finds it, only hashes of secrets are kept; a former one works a while."""

    __tablename__ = "api_token"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    former_secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[datetime | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]


class ApiUse(Base):
    """How often a token called an operation within an hour, and what came of it."""

    __tablename__ = "api_use"
    __table_args__ = (Index("ix_api_use_client_id_hour", "client_id", "hour"),)

    token_id: Mapped[UUID] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"))
    calls: Mapped[int]
    errors: Mapped[int]
    limited: Mapped[int]
    last_at: Mapped[datetime]


class ApiCall(Keyed, Base):
    """One call of a token that wrote or saw what may tell of somebody: which record, what came of it."""

    __tablename__ = "api_call"
    __table_args__ = (Index("ix_api_call_client_id_id", "client_id", "id"),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"))
    token_id: Mapped[UUID] = mapped_column(ForeignKey("api_token.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    operation: Mapped[str]
    record_id: Mapped[UUID | None]
    status: Mapped[int] = mapped_column(SmallInteger)
    request_id: Mapped[str | None]
