"""How work on the demo's data is told: what, how much of it is done, how much there is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
