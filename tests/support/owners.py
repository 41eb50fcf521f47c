"""Owners of phones in tests: what somebody in the field does next, by dice, from what their phone shows.

Everything is read from the phone, so it can go on after the phone was killed: how much was done follows from
the phone's file, and the same seed does the same again. Words are unique, so that each can be looked for.
"""

import random
from datetime import timedelta
from typing import Any

from app.core import clock
from app.demo.phone import Phone
from tests.support.media import jpeg
from tests.support.tickets import REPORT

BODIES: dict[str, dict[str, Any]] = {
    "resolve": {"resolution_type": "solved", "measures": "已办"},
    "progress": {"opinion": "正在办理"},
}
STEPS = ("sign", "resolve", "withdraw", "progress", "accept", "submit")
# Of a hundred things that somebody does.
HABITS = (("report", 32), ("comment", 36), ("act", 14), ("visit", 9), ("revise", 5), ("duty", 4))
A_PHOTO_EVERY = 6
VISIT = {"visit_type": "care", "mode": "in_person", "result": "met", "duration_s": 600}


class Owner:
    """Somebody with a phone; `label` marks their words."""

    def __init__(self, phone: Phone, label: str, seed: int) -> None:
        self._phone, self._label, self._seed = phone, label, seed

    @property
    def done(self) -> int:
        """How much they have done on this phone."""
        return len(self._phone.memory.queue()) + len(self._phone.memory.answers())

    def do(self) -> None:
        """The next thing."""
        number = self.done
        dice = random.Random(f"{self._seed} {self._label} {number}")  # noqa: S311 - no secret
        words = f"{self._label} 第 {number} 次"
        [habit] = dice.choices([name for name, _share in HABITS], [share for _name, share in HABITS])
        for name in (habit, "report", "comment", "duty"):
            if getattr(self, f"_{name}")(dice, words):
                return

    def _report(self, dice: random.Random, words: str) -> bool:
        post = self._phone.memory.store("posts")["0"]
        if post["role"] == "dept_handler":
            return False
        photos = [photo(dice)] if dice.randrange(A_PHOTO_EVERY) == 0 else []
        self._phone.report(REPORT | {"area_id": post["area_id"], "title": words}, photos)
        return True

    def _comment(self, dice: random.Random, words: str) -> bool:
        known = self._tickets()
        if known:
            self._phone.comment(dice.choice(sorted(known)), words)
        return bool(known)

    def _act(self, dice: random.Random, _words: str) -> bool:
        """A step that the phone shows as open, or one that was open a moment ago, as people do."""
        known = self._tickets()
        if not known:
            return False
        ticket_id = dice.choice(sorted(known))
        shown = [step for step in known[ticket_id].get("actions", ()) if step in STEPS]
        step = dice.choice(shown or STEPS[:4])
        self._phone.act(ticket_id, step, **BODIES.get(step, {}))
        return True

    def _visit(self, dice: random.Random, words: str) -> bool:
        homes = self._phone.memory.store("households")
        if homes:
            begun = {"occurred_at": (clock.now() - timedelta(minutes=11)).isoformat(), "content": words}
            photos = [photo(dice)] if dice.randrange(A_PHOTO_EVERY) == 0 else []
            self._phone.visit(VISIT | begun | {"household_id": dice.choice(sorted(homes))}, photos)
        return bool(homes)

    def _revise(self, dice: random.Random, words: str) -> bool:
        visits = self._phone.memory.store("visits")
        if visits:
            self._phone.revise(dice.choice(sorted(visits)), content=words)
        return bool(visits)

    def _duty(self, dice: random.Random, _words: str) -> bool:
        dice.choice((self._phone.check_in, self._phone.check_out))()
        return True

    def _tickets(self) -> dict[str, dict[str, Any]]:
        """What the phone shows: the store, and own reports that are still in the queue."""
        queue = self._phone.memory.queue()
        own = {one["id"]: one["body"] for one in queue if one["kind"] == "ticket.report"}
        return own | self._phone.memory.store("tickets")


def photo(dice: random.Random) -> bytes:
    """A JPEG that there is only once, of 10 to 120 KB."""
    tiny = jpeg()
    noise = dice.randbytes(dice.randrange(10_000, 120_000)).replace(b"\xff", b"\xfe")
    return tiny[:-2] + noise + tiny[-2:]
