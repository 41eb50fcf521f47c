"""What the reference phone remembers when it dies between any two lines, and what it forgets."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.ids import uuid7
from app.demo.phone import Memory

Open = Callable[[], Memory]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Opens the phone's file, again and again; nobody closes it, as nobody closes that of a dead phone."""
    return lambda: Memory(tmp_path / "phone.sqlite")


def entry(record_id: str | None = None, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"op_id": str(uuid7()), "kind": "ticket.action", "body": body}
    return made | ({"id": record_id} if record_id else {})


def page(*tickets: dict[str, Any], cursor: str = "c", **told: Any) -> dict[str, Any]:
    changes = {"items": list(tickets), "gone": told.pop("gone", [])}
    return {"cursor": cursor, "first": False, "more": False, "tickets": changes} | told


def ticket(name: str, version: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": name, "version": version, "closed_at": None} | fields


def test_an_entry_is_there_with_its_photos_after_the_phone_died(opened: Open) -> None:
    opened().put(entry("t"), [("p", b"jpeg")])
    again = opened()
    assert [one["id"] for one in again.queue()] == ["t"]
    assert [(photo.id, photo.content) for photo in again.unsent()] == [("p", b"jpeg")]


def test_an_entry_names_the_last_one_in_the_queue_about_its_record(opened: Open) -> None:
    memory, first, second, other = opened(), entry("t"), entry("t"), entry("u")
    for one in (first, other, second, entry(), entry()):
        memory.put(one)
    assert [one.get("after") for one in memory.queue()] == [None, None, first["op_id"], None, None]
    memory.hear([{"op_id": one["op_id"], "outcome": "applied", "id": "t"} for one in (first, second)])
    third = entry("t")
    memory.put(third)
    assert "after" not in third


def test_what_is_to_be_tried_again_stays_and_what_was_answered_leaves_once(opened: Open) -> None:
    memory, entries = opened(), [entry("t") for _number in range(4)]
    for one in entries:
        memory.put(one)
    told = ("applied", "conflict", "refused", "retry")
    results = [
        {"op_id": one["op_id"], "outcome": outcome, "id": "t"}
        for one, outcome in zip(entries, told, strict=True)
    ]
    assert memory.hear(results) == 3
    assert memory.hear(results) == 0
    again = opened()
    assert [one["op_id"] for one in again.queue()] == [entries[3]["op_id"]]
    assert [result["outcome"] for _entry, result in again.answers()] == list(told[:3])


def test_a_push_takes_the_oldest_and_no_more_than_fit(opened: Open) -> None:
    memory = opened()
    for number in range(5):
        memory.put(entry(opinion=f"{number}" * 100))
    assert [one["body"]["opinion"][0] for one in memory.queue(entries=2)] == ["0", "1"]
    assert [one["body"]["opinion"][0] for one in memory.queue(size=500)] == ["0", "1"]
    assert len(memory.queue(size=1)) == 1


def test_a_first_sync_forgets_what_it_did_not_name_also_when_the_phone_died_in_it(opened: Open) -> None:
    memory = opened()
    memory.take(page(ticket("old"), ticket("stays"), first=True))
    memory.begin_anew()
    assert memory.cursor() is None
    memory.take(page(ticket("stays", 2), first=True, more=True, cursor="c1"))
    again = opened()
    assert again.cursor() == "c1"
    assert set(again.store("tickets")) == {"old", "stays"}
    again.take(page(ticket("new"), first=True, cursor="c2"))
    assert {name: one["version"] for name, one in again.store("tickets").items()} == {"stays": 2, "new": 1}


def test_a_page_that_comes_twice_does_no_harm(opened: Open) -> None:
    memory = opened()
    memory.take(page(ticket("t"), ticket("gone")))
    for _time in range(2):
        memory.take(page(ticket("t", 2), gone=["gone", "never"], cursor="c2"))
    assert set(memory.store("tickets")) == {"t"}
    assert memory.version_of("tickets", "t") == 2


@pytest.mark.parametrize(("made", "shown"), [(5, 5), (6, 4), (4, 4), (3, 4)])
def test_the_next_version_is_ones_own_step_and_a_later_one_somebody_elses(
    opened: Open, made: int, shown: int
) -> None:
    memory, step = opened(), entry("t")
    memory.take(page(ticket("t", 4)))
    memory.put(step)
    memory.hear([{"op_id": step["op_id"], "outcome": "applied", "id": "t", "version": made}])
    assert memory.version_of("tickets", "t") == shown


def test_what_has_been_over_for_long_is_forgotten(opened: Open) -> None:
    memory = opened()
    closed = {"old": "2026-01-01T00:00:00Z", "new": "2026-03-01T12:00:00.5+08:00"}
    memory.take(page(*(ticket(name, closed_at=at) for name, at in closed.items()), ticket("open")))
    memory.forget(before=datetime(2026, 3, 1, tzinfo=UTC))
    assert set(memory.store("tickets")) == {"new", "open"}
