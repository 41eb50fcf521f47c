"""Settings: everything that a deployment may choose, read once from `WANGGE_*` or `.env`.

Frozen, so that nothing changes them while the server runs. Refuses weak secrets outside development.
It owns no defaults of the field (limits, calendars, categories): those are data.
"""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEV_SECRET = "development-only-secret-do-not-deploy"  # noqa: S105 - refused in production
MIN_SECRET_LENGTH = 32
MIN_DISTINCT_CHARACTERS = 10


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """The deployment's choices; times in the unit that the name says."""

    model_config = SettingsConfigDict(
        env_prefix="WANGGE_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    environment: Literal["dev", "test", "production"] = "dev"
    secret_key: SecretStr = SecretStr(DEV_SECRET)
    retired_secret_keys: tuple[SecretStr, ...] = ()
    data_dir: Path = Path("var")
    database_url: SecretStr | None = None
    owner_database_url: SecretStr | None = None
    database_read_url: SecretStr | None = None
    pool_size: int = Field(default=10, ge=1, le=100)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    trusted_proxies: str = ""
    cors_origins: tuple[str, ...] = ()
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    files_url: str | None = Field(default=None, pattern=r"^(s3|file)://.+")
    max_attachment_bytes: int = Field(default=10_485_760, ge=65_536, le=104_857_600)
    max_boundaries_bytes: int = Field(default=8_388_608, ge=65_536, le=67_108_864)
    max_push_bytes: int = Field(default=4_194_304, ge=65_536, le=67_108_864)
    push_lanes: int = Field(default=4, ge=1, le=8)
    max_import_bytes: int = Field(default=52_428_800, ge=65_536, le=209_715_200)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_token_minutes: int = Field(default=15, ge=1, le=60)
    refresh_token_days: int = Field(default=30, ge=1, le=90)
    signing_key_days: int = Field(default=90, ge=1, le=365)
    one_phone: bool = False
    min_app_version: str | None = Field(default=None, pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$")
    app_update_url: str | None = Field(default=None, pattern=r"^https?://[\x21-\x7e]+$")
    wecom_webhook_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str | None = Field(default=None, pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    mail_domains: tuple[str, ...] = ()
    sms_url: str | None = None
    sms_token: SecretStr | None = None
    sms_sign: str = Field(default="【网格】", pattern=r"^【.{2,16}】$")
    sms_template: str = ""
    webhook_networks: Networks = ()
    public_url: str | None = Field(default=None, pattern=r"^https?://[\x21-\x7e]+$")
    public_reports_per_hour: int = Field(default=30, ge=1, le=10_000)
    jurisdiction: str | None = None
    ticket_prefix: str = Field(default="WG", pattern=r"^[A-Z]{1,6}$")

    @model_validator(mode="after")
    def refuse_weak_secrets(self) -> Self:
        """Outside development the secret must be the deployment's own, and long."""
        secret = self.secret_key.get_secret_value()
        monotonous = len(set(secret)) < MIN_DISTINCT_CHARACTERS
        weak = secret == DEV_SECRET or len(secret) < MIN_SECRET_LENGTH or monotonous
        if self.environment == "production" and weak:
            message = (
                "WANGGE_SECRET_KEY 太弱：生产环境须为至少 32 位的随机字符串"
                "（可用 python -c 'import secrets; print(secrets.token_urlsafe(48))' 生成）"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def refuse_open_channels(self) -> Self:
        """In production what goes to a channel of the web is encrypted on its way."""
        secret = self.wecom_webhook_url
        for url in (secret.get_secret_value() if secret else None, self.sms_url):
            allowed = ("https://",) if self.environment == "production" else ("https://", "http://")
            if url is not None and not (url.startswith(allowed) and _has_host(url)):
                message = "WANGGE_WECOM_WEBHOOK_URL 和 WANGGE_SMS_URL 须为 https:// 地址"
                raise ValueError(message)
        smtp = self.smtp_url.get_secret_value() if self.smtp_url else None
        if smtp is not None and not (smtp.startswith(("smtp://", "smtps://")) and _has_host(smtp)):
            raise ValueError("WANGGE_SMTP_URL 须为 smtp:// 或 smtps:// 地址")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The deployment secret, then those that it took the place of."""
        return tuple(key.get_secret_value() for key in (self.secret_key, *self.retired_secret_keys))

    @property
    def files(self) -> Path | str:
        """Where files are kept: the bucket that was named, or a folder beside the data."""
        return self.files_url or self.data_dir / "files"

    @property
    def embedded(self) -> bool:
        """Whether the server brings its own PostgreSQL along."""
        return self.database_url is None


def _has_host(url: str) -> bool:
    """Whether an address names a host, and a port only where there is one of that number."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
