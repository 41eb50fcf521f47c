"""Which networks a deployment lets webhooks into: none, or those that it lists."""

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from app.config import Settings
from app.services.exchange.webhooks.calls import rules_of

STRONG = "a-secret-long-enough-for-production-0123456789"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment's surroundings with nothing but a secret."""
    monkeypatch.setenv("WANGGE_ENVIRONMENT", "production")
    monkeypatch.setenv("WANGGE_SECRET_KEY", STRONG)


def settings() -> Settings:
    """What the surroundings say."""
    return Settings(_env_file=None)


def test_in_production_only_https_and_no_network_of_ours_unless_it_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert rules_of(settings()).networks == ()
    assert not rules_of(settings()).plain
    monkeypatch.setenv("WANGGE_WEBHOOK_NETWORKS", "10.20.0.0/16, 127.0.0.0/8,fd00::/8")
    listed = tuple(map(ip_network, ("10.20.0.0/16", "127.0.0.0/8", "fd00::/8")))
    assert rules_of(settings()).networks == listed
    monkeypatch.setenv("WANGGE_ENVIRONMENT", "dev")
    assert rules_of(settings()).plain


@pytest.mark.parametrize("wrong", ["everywhere", "10.0.0.0/33", "10.0.0.1/8", "127.0.0.1;10.0.0.1"])
def test_what_is_no_network_stops_the_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("WANGGE_WEBHOOK_NETWORKS", wrong)
    with pytest.raises(ValidationError):
        settings()
