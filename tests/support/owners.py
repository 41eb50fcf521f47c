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

REPORT = {
    "content": "门口堆了建筑垃圾，已有三天，影响通行。",
    "category_code": "0501",
    "address": "沙龙路 12 号门口",
    "location": {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"},
    "contact": {"name": "关大婶", "phone": "13812345678"},
}
BODIES: dict[str, dict[str, Any]] = {
    "resolve": {"resolution_type": "solved", "measures": "已办"},
    "progress": {"opinion": "正在办理"},
}
STEPS = ("sign", "resolve", "withdraw", "progress", "accept", "submit")
# Of a hundred things that somebody does.
HABITS = (("report", 29), ("comment", 36), ("act", 14), ("visit", 9), ("revise", 5), ("duty", 4), ("open", 3))
A_PHOTO_EVERY = 6
VISIT = {"visit_type": "care", "mode": "in_person", "result": "met", "duration_s": 600}


class Owner:
    """Somebody with a phone; `label` marks their words."""

    def __init__(self, phone: Phone, label: str, seed: int) -> None:
        self._phone, self._label, self._seed = phone, label, seed
        self.done = len(phone.memory.queue()) + len(phone.memory.answers())
        self.look()

    def look(self) -> None:
        """See what the phone shows: the store, and own reports that are still in the queue."""
        memory = self._phone.memory
        own = {one["id"]: one["body"] for one in memory.queue() if one["kind"] == "ticket.report"}
        self._tickets = own | memory.store("tickets")
        self._messages = sorted(memory.store("notifications"))
        self._homes, self._visits = sorted(memory.store("households")), sorted(memory.store("visits"))

    def do(self) -> None:
        """The next thing."""
        number, self.done = self.done, self.done + 1
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
        body = REPORT | {"area_id": post["area_id"], "title": words}
        self._tickets[self._phone.report(body, photos)] = body
        return True

    def _comment(self, dice: random.Random, words: str) -> bool:
        if self._tickets:
            self._phone.comment(dice.choice(sorted(self._tickets)), words)
        return bool(self._tickets)

    def _act(self, dice: random.Random, _words: str) -> bool:
        """A step that the phone shows as open, or one that was open a moment ago, as people do."""
        if not self._tickets:
            return False
        ticket_id = dice.choice(sorted(self._tickets))
        shown = [step for step in self._tickets[ticket_id].get("actions", ()) if step in STEPS]
        step = dice.choice(shown or STEPS[:4])
        self._phone.act(ticket_id, step, **BODIES.get(step, {}))
        return True

    def _visit(self, dice: random.Random, words: str) -> bool:
        if self._homes:
            begun = {"occurred_at": (clock.now() - timedelta(minutes=11)).isoformat(), "content": words}
            photos = [photo(dice)] if dice.randrange(A_PHOTO_EVERY) == 0 else []
            self._phone.visit(VISIT | begun | {"household_id": dice.choice(self._homes)}, photos)
        return bool(self._homes)

    def _revise(self, dice: random.Random, words: str) -> bool:
        if self._visits:
            self._phone.revise(dice.choice(self._visits), content=words)
        return bool(self._visits)

    def _open(self, dice: random.Random, _words: str) -> bool:
        if self._messages:
            self._phone.read(dice.choice(self._messages))
        return bool(self._messages)

    def _duty(self, dice: random.Random, _words: str) -> bool:
        dice.choice((self._phone.check_in, self._phone.check_out))()
        return True


def photo(dice: random.Random) -> bytes:
    """A JPEG that there is only once, of 10 to 400 KB.

    Of more than 64 KB a server has some before it can notice that the connection is gone.
    """
    tiny = jpeg()
    noise = dice.randbytes(dice.randrange(10_000, 400_000)).replace(b"\xff", b"\xfe")
    return tiny[:-2] + noise + tiny[-2:]
