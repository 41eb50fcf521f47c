"""A reference phone, built from `docs/mobile.md` and the OpenAPI file alone, and a network that breaks.

It shares no code with the server but the making of ids and the clock: what it cannot do, an app could not
either. The demo shows one, the tests set many of them loose.
"""

from app.demo.phone.memory import Memory, Photo
from app.demo.phone.network import STORM, BadNetwork, Fate
from app.demo.phone.phone import Phone
from app.demo.phone.wire import NoNetwork, Pace, Refused, SignedOut

__all__ = [
    "STORM",
    "BadNetwork",
    "Fate",
    "Memory",
    "NoNetwork",
    "Pace",
    "Phone",
    "Photo",
    "Refused",
    "SignedOut",
]
