"""The settings of every application under test: nothing of the surroundings comes in."""

from pydantic import SecretStr

from app.config import Settings
from app.core.crypto import Vault

SECRET = "a-secret-of-the-tests-and-of-nothing-else"


def settings_of_tests() -> Settings:
    """Settings that ignore `.env`; one lane, because requests of most tests share a connection.

    Receivers of webhooks listen on the loopback.
    """
    secret = SecretStr(SECRET)
    return Settings(
        _env_file=None,
        environment="test",
        secret_key=secret,
        log_level="WARNING",
        push_lanes=1,
        webhook_networks="127.0.0.0/8",
    )


def vault_of_tests() -> Vault:
    """The vault of the application under test."""
    return Vault(SECRET)
