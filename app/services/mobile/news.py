"""News for one phone: which records the outbox is about, and whether their place was the caller's; messages.

One statement reads what came after the cursor, up to the oldest transaction that still runs, so that none is
skipped that commits late. Ids and codes only; what the records are now is `items`' business.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, cast, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import fetch_one
from app.models.area import Area
from app.models.enums import Status
from app.models.enums.transfer import TransferState
from app.models.registry import CareObject, HouseholdMember, Residence, Resident, Transfer
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.services.mobile import first, inbox
from app.services.mobile.cursors import Heard
from app.services.platform.actor import Actor
from app.services.platform.outbox import OutboxCursor
from app.services.platform.outbox_pruning import PRUNED
from app.services.tickets import reads

_WINDOW = """
    SELECT (SELECT count(*) FROM category_revision) AS categories,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon,
        EXISTS (SELECT FROM outbox_reader WHERE name = $8 AND (txid, last_id) > ($1, $2)) AS pruned,
        (SELECT json_agg(news) FROM (
            SELECT txid, id, topic, entity_id, data FROM outbox
             WHERE (txid, id) > ($1, $2) AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
               AND (topic <> $7 OR entity_id = $4)
             ORDER BY txid, id LIMIT $3) AS news) AS news,
        (SELECT json_agg(messages) FROM (
            SELECT txid, id FROM notification
             WHERE member_id = $4 AND (txid, id) > ($5, $6)
               AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             ORDER BY txid, id LIMIT $3) AS messages) AS messages
    """
# What happens to an area besides being made and having its name changed moves all that lies in it.
_HARMLESS = frozenset({"area.create", "area.change"})
# Where a ticket's category decides what may be done with it: whether it may be handled by oneself.
_BY_CATEGORY = (Status.DRAFT, Status.REPORTED)
MOST = 500
_OF_HOMES = frozenset({"household", "resident", "care_object", "visit", "contact_link", "transfer"})
_OFFERED = (Transfer.resident_id, Transfer.household_id, Transfer.from_area_id, Transfer.to_area_id)
_PLACES = ("area_id", "was_area_id", "grid_id", "village_id", "town_id")


@dataclass(frozen=True, slots=True)
class News:
    """A row of the outbox."""

    at: OutboxCursor
    topic: str
    entity_id: UUID
    data: Mapping[str, Any]

    @property
    def entity(self) -> str:
        """What sort of record it is about."""
        return self.topic.partition(".")[0]

    @property
    def moves_borders(self) -> bool:
        """Whether areas took one another's places."""
        return self.entity == "area" and self.topic not in _HARMLESS

    def places(self) -> set[UUID]:
        """The areas where it happened: where the record is, and was."""
        return {UUID(told) for told in (self.data.get(name) for name in _PLACES) if told}

    def ids(self) -> set[UUID]:
        """Every record that it names."""
        return {self.entity_id, *_uuids(self.data.values())}


@dataclass(frozen=True, slots=True)
class Window:
    """What came after a cursor; `horizon`: transactions below have ended, `next`: none has begun from there.

    `categories` counts the versions of the categories; `pruned`: some of what came has been deleted.
    """

    categories: int
    horizon: int
    next: int
    pruned: bool
    news: Sequence[News]
    messages: Sequence[Heard]


async def after(
    session: AsyncSession, *, member_id: UUID, at: OutboxCursor, heard: Heard, limit: int
) -> Window:
    """The next rows of the outbox that are safe to read, and the member's messages that are."""
    places = (at.txid, at.id, limit, member_id, heard.txid, heard.id)
    row = await fetch_one(session, _WINDOW, *places, inbox.FORGOTTEN, PRUNED)
    assert row is not None  # noqa: S101 - an aggregate
    messages = [Heard(told["txid"], UUID(told["id"])) for told in row["messages"] or ()]
    found = [
        News(OutboxCursor(told["txid"], told["id"]), told["topic"], UUID(told["entity_id"]), told["data"])
        for told in row["news"] or ()
    ]
    return Window(row["categories"], row["horizon"], row["next"], row["pruned"], found, messages)


def of(news: Iterable[News], entity: str) -> set[UUID]:
    """The records of a sort that some news are about."""
    return {each.entity_id for each in news if each.entity == entity}


def tickets(news: Iterable[News]) -> set[UUID]:
    """The tickets that some news are about, and those that they were merged into or taken out of."""
    ties = {UUID(each.data["tied_to"]) for each in news if "tied_to" in each.data}
    return of(news, "ticket") | ties


async def retold(
    session: AsyncSession, news: Iterable[News], *, actor: Actor, categories: Collection[str]
) -> set[UUID] | None:
    """The tickets whose organisation has another name, or whose category lets one do something else.

    None for more than can be told in a page.
    """
    orgs = {each.entity_id for each in news if each.topic == "org.change"}
    if not orgs and not categories:
        return set()
    fresh = and_(Ticket.category_code.in_(categories), Ticket.status.in_(_BY_CATEGORY))
    told = and_(or_(Ticket.lead_org_id.in_(orgs), fresh), first.recent_tickets(), reads.visible(actor))
    ids = (await session.scalars(select(Ticket.id).where(told).limit(MOST + 1))).all()
    return set(ids) if len(ids) <= MOST else None


def forgotten(news: Iterable[News]) -> set[UUID]:
    """The caller's messages that have been deleted."""
    return {UUID(told) for each in news if each.topic == inbox.FORGOTTEN for told in each.data["ids"]}


async def homes(session: AsyncSession, news: Iterable[News]) -> set[UUID]:
    """The households that some news may be about: named, or those of the people, care and visits named."""
    ids = {one for each in news if each.entity in _OF_HOMES for one in each.ids()}
    if not ids:
        return set()
    cared = select(CareObject.resident_id).where(CareObject.id.in_(ids))
    people = select(Resident.id).where(or_(Resident.id.in_(ids), Resident.id.in_(cared)))
    among = [
        select(HouseholdMember.household_id).where(HouseholdMember.resident_id.in_(people)),
        select(Residence.household_id).where(Residence.resident_id.in_(people)),
        select(Visit.household_id).where(Visit.id.in_(ids)),
        select(CareObject.household_id).where(CareObject.id.in_(ids)),
    ]
    return {one for one in {*ids, *await session.scalars(union(*among))} if one}


async def care(
    session: AsyncSession, news: Iterable[News], homes: Collection[UUID], *, actor: Actor
) -> set[UUID]:
    """The care objects that some news may be about: named, or the caller's of those people and homes."""
    named = of(news, "care_object")
    if not homes:
        return named
    # Among the homes are the ids of all that is named beside: of the people, too.
    living = select(Residence.resident_id).where(Residence.household_id.in_(homes))
    people = or_(CareObject.resident_id.in_(homes), CareObject.resident_id.in_(living))
    concerned = or_(CareObject.household_id.in_(homes), people)
    mine = select(CareObject.id).where(CareObject.responsible_id == actor.member_id, concerned)
    return named | set(await session.scalars(mine))


async def transfers(session: AsyncSession, news: Iterable[News], homes: Collection[UUID]) -> set[UUID]:
    """The transfers that some news may be about: named, or open ones of those people, homes and areas."""
    ids = {*homes, *of(news, "area")}
    if not ids:
        return set()
    named = or_(*(column.in_(ids) for column in _OFFERED))
    found = select(Transfer.id).where(Transfer.state == TransferState.PENDING, named)
    return of(news, "transfer") | set(await session.scalars(found))


async def touched(session: AsyncSession, *, actor: Actor, areas: Collection[UUID]) -> bool:
    """Whether one of some areas lies in one of the caller's or the other way round."""
    above = select(func.unnest(Area.path)).where(Area.id.in_(_areas(actor)))
    inside = Area.path.overlap(cast(_areas(actor), ARRAY(Uuid)))
    found = select(Area.id).where(Area.id.in_(areas), or_(inside, Area.id.in_(above))).limit(1)
    return await session.scalar(found) is not None


def _areas(actor: Actor) -> list[UUID]:
    return [grant.area_id for grant in actor.grants if grant.area_id]


def _uuids(values: Iterable[Any]) -> Iterable[UUID]:
    for value in values:
        try:
            if isinstance(value, str) and len(value) == len(str(UUID(int=0))):
                yield UUID(value)
        except ValueError:
            continue
