"""Where a deployment lets webhooks go, from its settings and nothing else."""

from app.config import Settings
from app.core.outside import Rules


def rules_of(settings: Settings) -> Rules:
    """The open Internet, by https in production; and the networks that the operator listed, either way."""
    return Rules(networks=settings.webhook_networks, plain=settings.environment != "production")
