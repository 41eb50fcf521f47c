"""What comes in and goes out as spreadsheets: kinds of tables, and how far a job has come."""

from enum import StrEnum


class ImportKind(StrEnum):
    """The tables that can be imported."""

    AREAS = "areas"
    MEMBERS = "members"
    BUILDINGS = "buildings"
    ROOMS = "rooms"
    HOUSEHOLDS = "households"


class ImportState(StrEnum):
    """How far an import has come; nothing is written before it is confirmed."""

    UPLOADED = "uploaded"
    CHECKED = "checked"
    CONFIRMED = "confirmed"
    DONE = "done"
    FAILED = "failed"


class ExportKind(StrEnum):
    """The tables that can be exported."""

    AREAS = "areas"
    MEMBERS = "members"
    HOUSEHOLDS = "households"


class ExportState(StrEnum):
    """How far an export has come; many rows wait for somebody else's approval."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    READY = "ready"
    FAILED = "failed"
