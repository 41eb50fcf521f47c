"""Wire shapes of organisations: public facts, none of them masked."""

from datetime import datetime
from uuid import UUID

from app.models.enums import OrgKind
from app.schemas.folding import Code, Label, PublicPhone
from app.schemas.patch import Patch, untouched
from app.schemas.types import Input, Output


class OrgCreate(Input):
    """A new organisation in an area (the block) and perhaps of a line (条线)."""

    name: Label
    short_name: Label | None = None
    kind: OrgKind
    line: Code | None = None
    area_id: UUID
    parent_id: UUID | None = None
    work_calendar_id: UUID | None = None
    public_phone: PublicPhone | None = None


class OrgPatch(Patch):
    """What may change of an organisation; its parent and its area stay."""

    name: Label = untouched()
    short_name: Label = untouched()
    kind: OrgKind = untouched()
    line: Code | None = None
    work_calendar_id: UUID | None = None
    public_phone: PublicPhone | None = None


class OrgRead(Output):
    """An organisation; `ended_at` is set once it does not exist any more."""

    id: UUID
    name: str
    short_name: str
    kind: OrgKind
    line: str | None
    area_id: UUID
    parent_id: UUID | None
    work_calendar_id: UUID | None
    public_phone: str | None
    ended_at: datetime | None
    version: int
