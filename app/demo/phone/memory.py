"""What a phone remembers, in one SQLite file: queue, answers, store with its cursor, photos, tokens.

Each method is one transaction, so that a phone which dies between any two lines is whole when its file is
opened again: an entry is in the queue before anything is sent and leaves it with its answer; a page and its
cursor are kept together. Knows no network.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_TABLES = """
    CREATE TABLE IF NOT EXISTS queue (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        op_id TEXT NOT NULL UNIQUE,
        record_id TEXT,
        entry TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS answer (
        position INTEGER PRIMARY KEY, op_id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL, result TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS record (
        kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, named_in INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS photo (
        id TEXT PRIMARY KEY, content BLOB NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', fault TEXT
    );
    CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
# Of a photo: not announced, announced, there, refused for good.
WAITING, BEGUN, THERE, REFUSED = "waiting", "begun", "there", "refused"
_CURSOR, _SYNC = "cursor", "sync"
# Which time of a record says since when it has been over.
_OVER = {"tickets": "$.closed_at", "visits": "$.occurred_at", "notifications": "$.created_at"}
_FINAL = frozenset({"applied", "already_applied", "conflict", "refused"})

Entry = dict[str, Any]
Records = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo to send, under the id that records name; `state` is one of those above."""

    id: str
    content: bytes = field(repr=False)
    state: str
    fault: str | None


class Memory:
    """The phone's database; `:memory:` for one that need not outlive its process."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A phone loses its power as easily as its process.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def put(self, entry: Entry, photos: Iterable[tuple[str, bytes]] = ()) -> None:
        """Queue an entry, on top of the last one about the same record, with the photos that it names."""
        record_id = entry.get("id")
        with self._db:
            before = self._db.execute(
                "SELECT op_id FROM queue WHERE record_id = ? ORDER BY position DESC", (record_id,)
            ).fetchone()
            if before:
                entry |= {"after": before[0]}
            self._db.execute(
                "INSERT INTO queue (op_id, record_id, entry) VALUES (?, ?, ?)",
                (entry["op_id"], record_id, _packed(entry)),
            )
            self._db.executemany("INSERT INTO photo (id, content) VALUES (?, ?)", photos)

    def queue(self, *, entries: int = -1, size: int = 2**62) -> list[Entry]:
        """The oldest entries: at most so many, and of at most so many bytes (one at least)."""
        found: list[Entry] = []
        rows = self._db.execute("SELECT entry FROM queue ORDER BY position LIMIT ?", (entries,))
        for (text,) in rows:
            size -= len(text.encode())
            if size < 0 and found:
                break
            found.append(json.loads(text))
        return found

    def hear(self, results: Sequence[Mapping[str, Any]]) -> int:
        """Take out of the queue what was answered for good, and keep the answers; returns how many."""
        final = [result for result in results if result["outcome"] in _FINAL]
        with self._db:
            return sum(self._settle(result) for result in final)

    def answers(self) -> list[tuple[Entry, dict[str, Any]]]:
        """What was sent and what became of it, in the order of the queue."""
        rows = self._db.execute("SELECT entry, result FROM answer ORDER BY position")
        return [(json.loads(entry), json.loads(result)) for entry, result in rows]

    def take(self, page: Mapping[str, Any]) -> None:
        """Keep a page of the pull and its cursor: records to store, ids to forget.

        The last page of a first sync forgets what that sync did not name.
        """
        with self._db:
            sync = int(self.note(_SYNC) or 0)
            for kind, told in page.items():
                self._keep(kind, told, sync)
            if page["first"] and not page["more"]:
                self._db.execute("DELETE FROM record WHERE named_in < ?", (sync,))
            self._write(_CURSOR, page["cursor"])

    def cursor(self) -> str | None:
        """Where the next pull goes on; None: from the start."""
        return self.note(_CURSOR)

    def begin_anew(self) -> None:
        """Drop the cursor, so that the next pull is the first of another sync; the queue stays."""
        with self._db:
            self._write(_CURSOR, None)
            self._write(_SYNC, str(int(self.note(_SYNC) or 0) + 1))

    def forget(self, *, before: datetime) -> None:
        """Forget what the server does not tell any more, because it was over before a time (UTC)."""
        with self._db:
            for kind, name in _OVER.items():
                self._db.execute(
                    "DELETE FROM record WHERE kind = ? AND datetime(json_extract(body, ?)) < datetime(?)",
                    (kind, name, before.isoformat()),
                )

    def store(self, kind: str) -> Records:
        """The records of a part by id, as the server told them."""
        rows = self._db.execute("SELECT id, body FROM record WHERE kind = ? ORDER BY id", (kind,))
        return {record_id: json.loads(body) for record_id, body in rows}

    def version_of(self, kind: str, record_id: str) -> int | None:
        """The version of a record that the person sees; None for one that is not in the store."""
        row = self._db.execute("SELECT body FROM record WHERE kind = ? AND id = ?", (kind, record_id))
        found = row.fetchone()
        return json.loads(found[0])["version"] if found else None

    def unsent(self) -> list[Photo]:
        """The photos that are still to be sent, the oldest first."""
        rows = self._db.execute(
            "SELECT id, content, state, fault FROM photo WHERE state IN (?, ?) ORDER BY id", (WAITING, BEGUN)
        )
        return [Photo(*row) for row in rows]

    def photos(self) -> list[Photo]:
        """All photos."""
        rows = self._db.execute("SELECT id, content, state, fault FROM photo ORDER BY id")
        return [Photo(*row) for row in rows]

    def mark(self, photo_id: str, state: str, fault: str | None = None) -> None:
        """How far a photo has come; `fault` says why it was refused."""
        with self._db:
            self._db.execute("UPDATE photo SET state = ?, fault = ? WHERE id = ?", (state, fault, photo_id))

    def note(self, name: str) -> str | None:
        """A note by name."""
        row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def write(self, **notes: str | None) -> None:
        """Keep notes together; None forgets one."""
        with self._db:
            for name, value in notes.items():
                self._write(name, value)

    def _settle(self, result: Mapping[str, Any]) -> int:
        moved = self._db.execute(
            "INSERT INTO answer (position, op_id, entry, result)"
            " SELECT position, op_id, entry, ? FROM queue WHERE op_id = ?",
            (_packed(result), result["op_id"]),
        ).rowcount
        self._db.execute("DELETE FROM queue WHERE op_id = ?", (result["op_id"],))
        if moved and result.get("version"):
            # Until the pull brings it: one more than the person saw is their own step and nobody else's.
            self._db.execute(
                "UPDATE record SET body = json_set(body, '$.version', ?1) WHERE id = ?2"
                " AND kind IN ('tickets', 'visits') AND json_extract(body, '$.version') = ?1 - 1",
                (result["version"], result["id"]),
            )
        return moved

    def _keep(self, kind: str, told: Any, sync: int) -> None:
        """One part of a page, which comes as changes, as a list of codes, as lists by name, or whole."""
        records: dict[str, Any] = {}
        if kind == "categories":
            records = {category["code"]: category for category in told}
        elif kind == "codes":
            records = told
        elif kind == "posts":
            self._db.execute("DELETE FROM record WHERE kind = ?", (kind,))
            records = {str(number): post for number, post in enumerate(told)}
        elif isinstance(told, Mapping):
            records = {item["id"]: item for item in told.get("items", ())}
            gone = [(kind, record_id) for record_id in told.get("gone", ())]
            self._db.executemany("DELETE FROM record WHERE kind = ? AND id = ?", gone)
        rows = [(kind, record_id, _packed(item), sync) for record_id, item in records.items()]
        self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", rows)

    def _write(self, name: str, value: str | None) -> None:
        if value is None:
            self._db.execute("DELETE FROM note WHERE name = ?", (name,))
        else:
            self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))


def _packed(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
