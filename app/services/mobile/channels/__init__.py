"""Channels besides the app: what a deployment has configured, each behind the same small face.

Addresses of servers come from the settings alone and redirects are not followed, so nobody who writes into
the database or answers a call can point a channel elsewhere. A channel sends one text to one person, within
ten seconds, or raises `ChannelFailed` with a code that says whether another try could help. It knows nothing
of messages and keeps nothing.
"""

from app.services.mobile.channels.base import ChannelFailed, Channels, Outgoing
from app.services.mobile.channels.configured import of_settings

__all__ = ["ChannelFailed", "Channels", "Outgoing", "of_settings"]
